# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types of columns that a declaration leaves out, from the remotes that have described the query."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import UNDECLARED, Typed, find_type


def with_remote_types(
    definition: Definition, remote_results: Sequence[Mapping[str, Any]]
) -> Tuple[Definition, List[str]]:
    """Fill in types that remotes have returned, and return a problem for each column on which they disagree.

    :param remote_results: by server, C(server) and C(datasources) as the module returned them there
    """
    found: Dict[str, Dict[str, List[str]]] = {}
    cast_from: Dict[str, Set[Optional[str]]] = {}
    for answer in remote_results:
        for datasource in answer["datasources"]:
            if datasource.get("name") != definition.name:
                continue
            for column in list(datasource.get("key_columns") or ()) + list(datasource.get("metric_columns") or ()):
                by_type = found.setdefault(column["name"], {})
                by_type.setdefault(column["type"], []).append(str(answer["server"]))
                cast_from.setdefault(column["name"], set()).add(column.get("cast_from"))
    problems = []
    types: Dict[str, Typed] = {}
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
            names = list(cast_from[column.name])
            types[column.name] = Typed(find_type(type_name) or UNDECLARED, names[0] if len(names) == 1 else None)
    return definition.with_types(types), problems
