# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task says about transient tables, as typed values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import check_plain_name, printable


@dataclass(frozen=True)
class TableSpec:
    """One entry of a task.

    :param schema: that of its function, or None for PoWA's
    """

    query_source: str
    schema: Optional[str]
    absent: bool
    adopt: bool


def parse_tables(parameters: Iterable[Mapping[str, Any]]) -> Tuple[List[TableSpec], List[str]]:
    """Parse the C(tables) option of a task, and return the entries with every problem."""
    specs: List[TableSpec] = []
    problems: List[str] = []
    seen: Dict[Tuple[Optional[str], str], int] = {}
    for position, parameter in enumerate(parameters):
        spec = TableSpec(
            parameter["query_source"],
            parameter.get("schema"),
            parameter.get("state") == "absent",
            bool(parameter.get("adopt")),
        )
        found = []
        wrong_name = check_plain_name(spec.query_source)
        if wrong_name:
            found.append("query_source: " + wrong_name)
        if spec.schema is not None and (not spec.schema or "\0" in spec.schema):
            found.append("schema: it is empty or contains a zero byte: give a schema's name, or leave it out")
        if spec.absent and spec.adopt:
            found.append('adopt: found true with state "absent", which drops the table: leave it out')
        key = (spec.schema, spec.query_source)
        if key in seen:
            found.append("query_source: number {0} of the list has the same one: give it once".format(seen[key]))
        seen.setdefault(key, position + 1)
        where = printable(spec.query_source) or "number {0} of the list".format(position + 1)
        problems += ['table of "{0}", {1}'.format(where, problem) for problem in found]
        if not found:
            specs.append(spec)
    return specs, problems
