# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes from the registry's rows as they are to those that are wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import DELETE, INSERT, UPDATE, Row, RowChange


def plan_rows(
    plan: Plan, schema: str, wanted: Sequence[Row], found: Sequence[Row], is_managed: Callable[[Row], bool]
) -> None:
    """Plan rows that are to be there and all others that are managed to go.

    :param wanted: in an order that satisfies the keys
    :param found: in such an order, too; a table without a key may have the same row twice, and one of them goes
    """
    now: Dict[Any, List[Row]] = {}
    for row in found:
        now.setdefault(row.place, []).append(row)
    kept = {row.place for row in wanted}
    changes = _Changes()
    # A row that others refer to comes first in the registry, so it goes last.
    for place, rows in reversed(list(now.items())):
        if place not in kept and is_managed(rows[0]):
            changes.add(_describe(rows), None, (DELETE, rows[0]))
    for row in wanted:
        current = now.get(row.place, [])
        if not current:
            changes.add(None, row.describe(row.values), (INSERT, row))
        elif len(current) > 1:
            one = Row(row.table, row.key, dict(current[0].values, **row.values))
            changes.add(_describe(current), one.describe(one.values), (DELETE, row), (INSERT, one))
        elif current[0].differs(row):
            changes.add(current[0].describe(row.values), row.describe(row.values), (UPDATE, row))
    changes.plan(plan, schema)


@dataclass
class _Change:
    """The same change of the same row of several servers."""

    before: Optional[str]
    after: Optional[str]
    operations: Sequence[Tuple[str, Row]]
    srvids: List[Optional[int]] = field(default_factory=list)


class _Changes:
    """Changes of rows, those that differ in nothing but the server as one."""

    def __init__(self) -> None:
        self._changes: Dict[Any, _Change] = {}

    def add(self, before: Optional[str], after: Optional[str], *operations: Tuple[str, Row]) -> None:
        row = operations[0][1]
        change = self._changes.setdefault((row.place_of_any_server, before, after), _Change(before, after, operations))
        change.srvids.append(row.srvid)

    def plan(self, plan: Plan, schema: str) -> None:
        for change in self._changes.values():
            srvids = tuple(change.srvids)
            identity = change.operations[0][1].identity(srvids)
            written = [RowChange(operation, schema, row, srvids) for operation, row in change.operations]
            plan.add(identity, change.before, change.after, *written)


def _describe(rows: Sequence[Row]) -> str:
    return "\nand again\n".join(row.describe(row.values) for row in rows)
