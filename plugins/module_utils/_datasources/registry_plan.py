# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that bring PoWA's registry to what is declared, and leave alone what others registered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry import registry_rows
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.wanted import Wanted
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import function_names
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.row_changes import plan_rows
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import LOCAL, REPOSITORY, Side
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import resolve


def plan_registry(
    cursor: Any, plan: Plan, wanted: Sequence[Wanted], removals: Sequence[Removal], side: Side, state: DatasourcesState
) -> None:
    """Plan the rows of all datasources of a task.

    :param cursor: only renders SQL, and sends nothing to the server
    """
    now = {row.place: row for row in state.catalog.registry}
    rows: Dict[Any, Row] = {}
    for entry in wanted:
        for row in _rows(cursor, entry, side, state, now):
            rows[row.place] = _merged(rows.get(row.place), row)
    managed = _Managed(list(rows.values()), wanted, removals, side, state)
    plan_rows(plan, state.archivist.schema, list(rows.values()), state.catalog.registry, managed)


def _rows(cursor: Any, wanted: Wanted, side: Side, state: DatasourcesState, now: Mapping[Any, Row]) -> List[Row]:
    definition = wanted.definition
    if wanted.held_back:
        return []
    srvids = [0] if LOCAL in side.server_kind else []
    if REPOSITORY in side.server_kind:
        if definition.servers is None:
            srvids += [server.srvid for server in state.servers]
        else:
            srvids += resolve(state.servers, definition.servers)[0]
    retention = state.intervals.get(definition.retention or "")
    rows = []
    for row in registry_rows(cursor, definition, state.archivist, srvids, retention):
        current = now.get(row.place)
        if row.srvid in wanted.paused:
            row = _with(row, row.activated(False, definition.databases))
        elif row.srvid in wanted.was_paused and definition.enabled is None:
            row = _with(row, row.activated(True, definition.databases))
        elif definition.enabled is None and current is not None and current.values.get("enabled") is False:
            # A datasource that somebody disabled by hand stays disabled.
            row = replace(row, values={column: value for column, value in row.values.items() if column != "dbnames"})
        rows.append(row)
    return rows


def _with(row: Row, changed: Row) -> Row:
    return replace(row, values=dict(row.values, **changed.values))


def _merged(first: Optional[Row], second: Row) -> Row:
    """Return the one row that datasources of one extension share, which is enabled if all of them are."""
    if first is None:
        return second
    values = dict(first.values, **second.values)
    if "enabled" in first.values and "enabled" in second.values:
        values["enabled"] = first.values["enabled"] and second.values["enabled"]
    return replace(second, values=values)


class _Managed:
    """Tells which rows of the registry are deleted when they are not wanted."""

    def __init__(
        self,
        rows: Sequence[Row],
        wanted: Sequence[Wanted],
        removals: Sequence[Removal],
        side: Side,
        state: DatasourcesState,
    ) -> None:
        self._removed = {name for removal in removals for name in function_names(removal.name)}
        self._ours = {name for entry in wanted for name in function_names(entry.definition.name)}
        self._adopting = {entry.definition.module for entry in wanted if entry.definition.adopt}
        self._shared = {
            _family(row)
            for row in state.catalog.registry
            if row.function and row.function not in self._ours | self._removed and row.module not in self._adopting
        }
        self._kept = {_family(row) for row in rows}
        self._side, self._state = side, state

    def __call__(self, row: Row) -> bool:
        function = row.function
        if function in self._removed:
            return True
        manages = self._state.manages(row, self._side)
        if function is not None:
            return (function in self._ours or row.module in self._adopting) and manages
        return _family(row) not in self._shared and (_family(row) not in self._kept or manages)


def _family(row: Row) -> Tuple[bool, str]:
    """Return what rows about one module have in common: whether it has scope C(database), and its name."""
    return (row.of_databases, row.module)
