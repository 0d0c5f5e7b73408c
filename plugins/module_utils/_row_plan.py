# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes from the registry's rows as they are to those that are wanted."""

from __future__ import annotations

from typing import Callable, Dict, List, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._rows import Row


def plan_rows(
    plan: Plan, schema: str, wanted: Sequence[Row], found: Sequence[Row], is_managed: Callable[[Row], bool]
) -> None:
    """Plan rows that are to be there and all others that are managed to go.

    :param wanted: in an order that satisfies the keys
    :param found: in such an order, too; a table without a key may have the same row twice, and one of them goes
    """
    now: Dict[str, List[Row]] = {}
    for row in found:
        now.setdefault(row.identity, []).append(row)
    kept = {row.identity for row in wanted}
    # A row that others refer to comes first in the registry, so it goes last.
    for identity, rows in reversed(list(now.items())):
        if identity not in kept and is_managed(rows[0]):
            plan.add(identity, _describe(rows), None, rows[0].delete(schema))
    for row in wanted:
        current = now.get(row.identity, [])
        if not current:
            plan.add(row.identity, None, row.describe(row.values), row.insert(schema))
        elif len(current) > 1:
            one = Row(row.table, row.key, dict(current[0].values, **row.values))
            plan.add(row.identity, _describe(current), one.describe(one.values), row.delete(schema), one.insert(schema))
        elif current[0].differs(row):
            plan.add(row.identity, current[0].describe(row.values), row.describe(row.values), row.update(schema))


def _describe(rows: Sequence[Row]) -> str:
    return "\nand again\n".join(row.describe(row.values) for row in rows)
