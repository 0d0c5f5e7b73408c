# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module of this collection does around its own task."""

from __future__ import annotations

import gc
from typing import Any, Callable, Dict, Mapping

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver, texts
from ansible_collections.pgfleet.powa.plugins.module_utils._core.arguments import make_module
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import LOGIN_SPEC, first_line
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Task, reconcile

# The process ends soon, and looking for cycles finds none in what a module imports and makes. All import this first.
gc.disable()


def run_module(options: Mapping[str, Any], run: Callable[[Mapping[str, Any], bool], Dict[str, Any]]) -> None:
    """Parse the parameters, call C(run(parameters, check_mode)), and report its result or its failure.

    :param options: the module's own options, without those for logging in
    """
    module = make_module(dict(LOGIN_SPEC, **options))
    try:
        result = run(module.params, module.check_mode)
    except ProblemsError as error:
        module.fail_json(msg=str(error), problems=error.problems)
    except PowaError as error:
        module.fail_json(msg=str(error), **error.result)
    except Exception as error:
        if driver.psycopg2 is None or not isinstance(error, driver.psycopg2.Error):
            raise
        module.fail_json(msg=texts.shown(_sentence(error, module.params)))
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    module.exit_json(**result)


def run_task(options: Mapping[str, Any], task: Callable[[Mapping[str, Any]], Task[Any, Any]]) -> None:
    """Do the same for a module that reconciles.

    :param task: makes the task from the parameters
    """
    run_module(options, lambda params, check_mode: reconcile(task(params), params, check_mode))


def _sentence(error: Any, params: Mapping[str, Any]) -> str:
    user = params.get("session_role") or params["login_user"]
    if error.pgcode == driver.errorcodes.INSUFFICIENT_PRIVILEGE:
        return (
            'role "{0}" lacks a right that the task needs in database "{1}" ({2}):'
            " log in as a superuser or as the owner of PoWA".format(user, params["login_db"], first_line(error))
        )
    if error.pgcode is None:
        return "the connection was lost, and PostgreSQL undoes what was not committed ({0}): run the task again".format(
            first_line(error)
        )
    # A host compiles whatever a task imports, each time, and few statements fail.
    from ansible_collections.pgfleet.powa.plugins.module_utils._core import advice

    what_helps = advice.of_statement(error.pgcode)
    return 'PostgreSQL refused a statement of the task, and nothing was changed in database "{0}"{1}'.format(
        params["login_db"],
        " ({0}): {1}".format(first_line(error), what_helps) if what_helps else ": {0}".format(first_line(error)),
    )
