# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of pg_hba.conf, as the server parses them."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Sequence

_MASK = "********"
_SECRET = re.compile(r"passw|secret", re.IGNORECASE)
#: What an error quotes where a blank parts an option from its value, and the login of a URL.
_QUOTED = (re.compile(r"(name=value format: ).*", re.DOTALL), re.compile(r"(://)[^/@]*(?=@)"))


def hba_rules(rows: Sequence[Mapping[str, Any]], hba_file: str) -> List[Dict[str, Any]]:
    """Return the rules in the order in which the server tries them.

    :param rows: the rows of pg_hba_file_rules, whose columns depend on the version
    """
    return [
        {
            # Before PostgreSQL 16 there is one file only.
            "file": row.get("file_name") or hba_file,
            "line": row["line_number"],
            "type": row["type"],
            "databases": row["database"] or [],
            "users": row["user_name"] or [],
            "address": row["address"],
            "netmask": row["netmask"],
            "method": row["auth_method"],
            "options": [_masked_option(option) for option in row["options"] or []],
            "error": _masked_error(row["error"]),
        }
        for row in rows
    ]


def _masked_option(option: str) -> str:
    name, equals, _value = option.partition("=")
    return name + equals + _MASK if equals and _SECRET.search(name) else option


def _masked_error(error: Any) -> Any:
    """Hide what an error quotes from an option that holds secrets, such as C(radiussecrets)."""
    if error and _SECRET.search(error):
        return re.sub(r'"[^"]*"', '"{0}"'.format(_MASK), error)
    for quoted in _QUOTED if error else ():
        error = quoted.sub(r"\1" + _MASK, error)
    return error
