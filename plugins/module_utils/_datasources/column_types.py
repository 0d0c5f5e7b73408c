# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types of columns that a declaration leaves out, from whoever has described the query."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import Definition, definition_of
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.types import UNDECLARED, ColumnType, find_type


def has_changed(definition: Definition, stored: Optional[Mapping[str, Any]]) -> bool:
    """Whether a server has not yet seen the queries of a definition, or not with these columns."""
    if stored is None:
        return True
    before = definition_of(stored)
    columns = [(column.name, column.kind, column.nullable) for column in before.columns]
    types = {column.name: column.type for column in before.columns}
    return (
        [(column.name, column.kind, column.nullable) for column in definition.columns] != columns
        or any(column.type not in (UNDECLARED, types[column.name]) for column in definition.columns)
        or any(
            getattr(definition, field) != getattr(before, field)
            for field in ("queries", "query_cleanup", "search_path", "security_definer", "scope", "extension")
        )
    )


def with_stored_types(definition: Definition, stored: Optional[Mapping[str, Any]]) -> Definition:
    """Fill in types that a server has kept."""
    if stored is None:
        return definition
    return definition.with_types({column.name: column.type for column in definition_of(stored).columns})


def with_described_types(
    definition: Definition, described: Sequence[Mapping[str, Any]]
) -> Tuple[Definition, List[str]]:
    """Fill in types that remotes have returned, and return the columns about which they disagree.

    :param described: by server, C(server) and C(datasources) as the module returned them there
    """
    found: Dict[str, Dict[str, List[str]]] = {}
    for answer in described:
        for datasource in answer["datasources"]:
            if datasource["name"] != definition.name:
                continue
            for column in list(datasource.get("key_columns") or ()) + list(datasource.get("metric_columns") or ()):
                by_type = found.setdefault(column["name"], {})
                by_type.setdefault(column["type"], []).append(str(answer["server"]))
    problems = []
    types: Dict[str, ColumnType] = {}
    for column in definition.undeclared():
        by_type = found.get(column.name, {})
        if len(by_type) > 1:
            problems.append(
                'column "{0}" is {1}: declare its type, and cast to it in the query'.format(
                    column.name,
                    ", but ".join(
                        "{0} on {1}".format(type_name, ", ".join(servers))
                        for type_name, servers in sorted(by_type.items())
                    ),
                )
            )
        for type_name in by_type:
            types[column.name] = find_type(type_name) or UNDECLARED
    return definition.with_types(types), problems
