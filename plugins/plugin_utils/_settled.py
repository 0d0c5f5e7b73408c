# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a repository has the columns of a datasource as they are declared, by what C(host_info) has read there."""

from __future__ import annotations

from typing import Any, Mapping

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.names import SNAPSHOT, SOURCE, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.options import DATASOURCES
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.stored import Stored, read_comments

_VALIDATOR = ArgumentSpecValidator({"datasources": DATASOURCES})


def is_settled(declared: Mapping[str, Any], comments: Mapping[str, str]) -> bool:
    """Return whether a repository stores a datasource with the declared queries and columns.

    What is wrong with a declaration is for the module to say, so a wrong one is not settled.

    :param comments: those of the functions of a repository that hold definitions, by the name of the function
    """
    try:
        validated = _VALIDATOR.validate({"datasources": [dict(declared)]})
    except (TypeError, ValueError, OverflowError):
        # Ansible itself fails on some values, such as a key that is a number.
        return False
    if validated.error_messages:
        return False
    definitions, _removals, problems = collect_definitions(validated.validated_parameters["datasources"])
    if problems or not definitions:
        return False
    name = definitions[0].name
    found = {suffix: comments.get(object_name(name, suffix)) for suffix in (SOURCE, SNAPSHOT)}
    stored = read_comments(name, "", found)
    return isinstance(stored, Stored) and stored.covers(definitions[0])
