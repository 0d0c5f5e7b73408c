# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that lead to the transient table of an entry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Mapping

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.plan import plan_drop
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import SRVID, FoundTable
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables_spec import TableSpec
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables_state import (
    MARK,
    TransientTablesState,
    is_ours,
    table_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.grants import Privileges
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Table
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import handwritten as texts

#: The name of a table while it is being replaced, until its rows are copied; the number is its oid.
_REPLACED = "pgfleet_powa_{0}"


def plan_removal(plan: Plan, spec: TableSpec, state: TransientTablesState) -> None:
    """Drop the table of an entry, if there is one."""
    found = state.table(spec)
    if found is not None:
        plan_drop(plan, found.table)


def plan_table(plan: Plan, spec: TableSpec, state: TransientTablesState, grants: Mapping[str, Privileges]) -> None:
    """Make the table of an entry what the function's result needs; one that others made and that fits stays."""
    source = state.name(spec)
    (schema, name), columns = table_name(source), state.functions[source].columns
    found = state.table(spec)
    if found and not is_ours(found, source) and not spec.adopt:
        return
    wanted = Table(schema, name, MARK.format(*source), (SRVID, *columns), unlogged=True, grants=grants)
    if found is None:
        plan.add(wanted.identity, None, wanted.describe(), *wanted.create())
        return
    table = found.table
    wanted = wanted.keeping(table)
    if not found.fits(columns):
        statements = _replace(wanted, found)
        plan.add(wanted.identity, table.describe(), wanted.describe(), *statements, replaced=table.replaced)
        return
    # Whoever set another column NOT NULL knows why.
    not_null = tuple(column._replace(not_null=column.not_null or column.name == SRVID.name) for column in table.columns)
    wanted = replace(wanted, columns=not_null)
    statements = [compose(texts.SET_NOT_NULL, name=table.qualified)] if wanted.columns != table.columns else []
    plan.add(
        wanted.identity,
        table.describe(),
        wanted.describe(),
        *statements,
        *wanted.alter(table),
        hazards=table.hazards(wanted),
    )


def _replace(wanted: Table, found: FoundTable) -> List[Any]:
    """Return the statements that replace the table and keep its rows, since ALTER TABLE cannot reorder columns."""
    old = replace(found.table, name=_REPLACED.format(found.oid))
    statements = [
        compose(texts.RENAME, name=wanted.qualified, new_name=identifier(old.name)),
        *wanted.create(),
    ]
    there = {(column.name, column.type) for column in old.columns}
    kept = [column.name for column in wanted.columns if (column.name, column.type) in there]
    if SRVID.name in kept:
        columns = joined(identifier(name) for name in kept)
        statements.append(compose(texts.COPY_ROWS, name=wanted.qualified, old_name=old.qualified, columns=columns))
    return [*statements, *old.drop()]
