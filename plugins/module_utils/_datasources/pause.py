# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datasources whose snapshots wait while their columns change on a fleet.

The repository pauses them before any remote changes, and resumes those whose remote has changed. The stored definition
lists the servers that we paused: they are not taken for servers that a user disabled, and after a killed task the next
one resumes them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, FrozenSet, List

from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry import is_about
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import DATABASE, Definition, Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import TRANSIENT, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.layout import layout_of
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Function, Table
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.row_changes import UPDATE, RowChange
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import resolve


def columns_differ(definition: Definition, state: DatasourcesState) -> bool:
    """Whether a remote with this definition returns columns that do not fit the repository's tables."""
    transient = state.catalog.get(Table, object_name(definition.name, TRANSIENT))
    stored = state.catalog.stored(definition.name)
    if transient is None or (stored is None and state.catalog.damaged(definition.name) is None):
        return False
    if (stored and stored.definition.scope != definition.scope) or definition.undeclared():
        return True
    if stored and bool(stored.definition.query_cleanup) != bool(definition.query_cleanup):
        # A snapshot calls a function on the remote that is not there yet, or no longer.
        return True
    wanted = [
        (column.name, column.type.name, column.is_key and not column.nullable)
        for column in (*definition.stored_keys, *definition.metrics)
    ]
    return wanted != [(column.name, column.type, column.not_null) for column in transient.object.columns[2:]]


def pausing(definition: Definition, state: DatasourcesState) -> FrozenSet[int]:
    """Return the servers whose snapshots have to wait: all if the columns change, or those that lack their side."""
    if columns_differ(definition, state):
        return frozenset(server.srvid for server in state.servers)
    if state.catalog.stored(definition.name) is None or definition.scope == DATABASE:
        return frozenset()
    return frozenset(resolve(state.servers, definition.pause_on)[0])


def has_to_wait(definition: Definition, state: DatasourcesState) -> bool:
    """Whether a snapshot may still run that began before the pause.

    If the columns change, an earlier task may have been killed before it had waited. Where only sides are lacking, no
    snapshot of an inactive server can succeed, so there is nothing to wait for.

    :param state: from before the pause
    """
    stopped = pausing(definition, state)
    return bool(stopped) and (columns_differ(definition, state) or bool(_active(definition, stopped, state)))


def _active(definition: Definition, srvids: FrozenSet[int], state: DatasourcesState) -> List[Row]:
    stored = state.catalog.stored(definition.name)
    before = stored.definition if stored else definition
    return [
        row for row in state.catalog.registry if row.srvid in srvids and is_about(row, before) and row.values["enabled"]
    ]


def plan_pause(plan: Plan, definition: Definition, state: DatasourcesState) -> None:
    """Plan to stop the snapshots of a datasource on the remotes that have to wait, and to store that we did."""
    stopped = pausing(definition, state)
    # If the stored definition is damaged, the declared one takes its place, with all columns that history has.
    stored = state.catalog.stored(definition.name) or layout_of(definition, state.catalog).stored(definition, ())
    before = stored.definition
    active = _active(definition, stopped, state)
    srvids = {row.srvid for row in active if row.srvid}
    if not srvids:
        return
    names = {server.srvid: server.name for server in state.servers}
    listed = ", ".join(sorted(names.get(srvid, str(srvid)) for srvid in srvids))
    writes: List[Any] = [
        RowChange(UPDATE, state.archivist.schema, row.activated(False, before.databases), (row.srvid,))
        for row in active
    ]
    holder = state.catalog.get(Function, object_name(definition.name, before.holder))
    if holder is not None:
        remembered = replace(stored, paused=state.paused(definition.name) | srvids)
        writes += replace(holder.object, comment=remembered.comment()).set_comment()
    plan.add(
        "snapshots of datasource {0}".format(definition.name),
        "taken: {0}".format(listed),
        "paused until their side is as declared: {0}".format(listed),
        *writes,
    )


def plan_unregistration(plan: Plan, removal: Removal, state: DatasourcesState) -> None:
    """Plan to store that no server may call a datasource whose registrations go before it is dropped.

    If it is declared again instead, it waits until its side was seen.
    """
    stored = state.catalog.stored(removal.name)
    if stored is None:
        return
    holder = state.catalog.get(Function, object_name(removal.name, stored.definition.holder))
    every = frozenset(server.srvid for server in state.servers)
    if holder is None or state.paused(removal.name) == every:
        return
    plan.add(
        "snapshots of datasource {0}".format(removal.name),
        "taken",
        "stopped, so that it can be removed",
        *replace(holder.object, comment=replace(stored, paused=every).comment()).set_comment(),
    )
