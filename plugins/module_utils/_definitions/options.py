# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a declared datasource, as Ansible checks them."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

_COLUMN = {"name": {"type": "str", "required": True}, "type": {"type": "str"}, "renamed_from": {"type": "str"}}

DATASOURCES = {
    "type": "list",
    "elements": "dict",
    "required": True,
    "options": {
        "name": {"type": "str", "required": True},
        "title": {"type": "str"},
        "set": {"type": "str"},
        "description": {"type": "str"},
        "query": {"type": "str"},
        "queries": {
            "type": "list",
            "elements": "dict",
            "options": {
                "min_version": {"type": "int", "default": 0},
                "query": {"type": "str", "required": True},
            },
        },
        "keys": {
            "type": "list",
            "elements": "dict",
            "no_log": False,
            "options": dict(_COLUMN, nullable={"type": "bool", "default": False}),
        },
        "metrics": {
            "type": "list",
            "elements": "dict",
            "options": dict(
                _COLUMN,
                kind={"type": "str", "choices": ["counter", "gauge"], "default": "counter"},
                title={"type": "str"},
                unit={"type": "str"},
                description={"type": "str"},
                overview={"type": "bool", "default": False},
            ),
        },
        "may_be_empty": {"type": "bool", "default": False},
        "extension": {"type": "str"},
        "scope": {"type": "str", "choices": ["cluster", "database"], "default": "cluster"},
        "servers": {"type": "list", "elements": "str"},
        "databases": {"type": "list", "elements": "str"},
        "retention": {"type": "str"},
        "query_cleanup": {"type": "str"},
        "security_definer": {"type": "bool", "default": False},
        "search_path": {"type": "list", "elements": "str"},
        "adopt": {"type": "bool", "default": False},
        "adopt_history": {"type": "str"},
        "adopt_history_without": {"type": "list", "elements": "str"},
        "enabled": {"type": "bool"},
        "priority": {"type": "int", "default": 10},
        "state": {"type": "str", "choices": ["present", "paused", "absent"], "default": "present"},
        "paused_on": {"type": "list", "elements": "str"},
        "history": {"type": "str", "choices": ["keep", "drop"], "default": "keep"},
    },
}

#: What the module returned on remotes.
REMOTE_RESULTS = {
    "type": "list",
    "elements": "dict",
    "options": {
        "server": {"type": "str", "required": True},
        "datasources": {"type": "list", "elements": "dict", "required": True},
    },
}


def check_options(given: Mapping[str, Any]) -> Tuple[Dict[str, Any], List[str]]:
    """Return options with the defaults of their fields, and what Ansible finds wrong with them.

    It is for modules that take them as they come: few tasks give any, and a host compiles whatever a module imports.
    """
    specs: Dict[str, Any] = {"datasources": DATASOURCES, "remote_results": REMOTE_RESULTS}
    checked: Dict[str, Any] = {}
    problems: List[str] = []
    for option, value in given.items():
        validated = ArgumentSpecValidator({option: specs[option]}).validate({option: value})
        problems += ["{0}: {1}".format(option, message) for message in validated.error_messages]
        checked.update(validated.validated_parameters)
    return checked, problems
