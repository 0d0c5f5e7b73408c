# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hand-written datasource and the repository that it is registered in, for the tests."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import SRVID, FoundFunction, FoundTable
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions import FunctionsTask
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions_state import FunctionsState
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Table, TableColumn
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import ALPHA, BETA, POWA_5

SNAPSHOT = {"operation": "snapshot", "function_name": "app_snapshot", "query_source": "app_src"}
PURGE = {"operation": "purge", "function_name": "app_purge"}
APP = {"name": "app", "functions": [SNAPSHOT, PURGE]}
COLUMNS = (TableColumn("ts", "date"), TableColumn("n", "integer"))
FUNCTION = FoundFunction((), None, None)
SOURCE = FoundFunction(COLUMNS, None, None)
DECLARED = FoundFunction((), "pgfleet.powa datasource app", None)
MARK = "pgfleet.powa transient table of {0}.app_src"


def table(schema, columns=(SRVID, *COLUMNS), is_table=True):
    return FoundTable(Table(schema, "app_src_tmp", MARK.format(schema), columns, unlogged=True), 1, is_table, None)


def repository(archivist=POWA_5, schema=None, **changes):
    """Return a repository that has the functions of the datasource, and nothing in its registry."""
    schema = schema or archivist.schema
    parts = {
        "archivist": archivist,
        "servers": [ALPHA, BETA],
        "registry": [],
        "listed": [],
        "extensions": {"powa": archivist.schema},
        "available": set(),
        "functions": {
            (schema, "app_snapshot"): FUNCTION,
            (schema, "app_purge"): FUNCTION,
            (schema, "app_src"): SOURCE,
        },
        "tables": {(schema, "app_src_tmp"): table(schema)},
        "registered": [],
    }
    return FunctionsState(**dict(parts, **changes))


def task(options=None, **changes):
    """Return the task for one datasource.

    :param options: those of the task itself
    """
    made = FunctionsTask({"datasources": [dict(APP, **changes)], "server_kind": "repository", **(options or {})})
    assert made.problems == []
    return made


def known(external=False, **function):
    """Return the rows of a datasource that PoWA itself brings."""
    values = {"query_source": None, "query_cleanup": None, "priority": 10, "added_manually": False}
    key = {"extname": "app", "operation": "purge", "function_name": "app_purge"}
    return [
        Row("powa_extensions", {"extname": "app"}, {"external": external, "added_manually": False}),
        Row("powa_extension_functions", key, dict(values, **function)),
    ]
