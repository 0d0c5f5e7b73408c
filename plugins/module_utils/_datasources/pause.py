# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datasources whose snapshots wait while their columns change on a fleet.

The repository pauses them before any remote changes, and resumes those whose remote has changed. The stored definition
lists the servers that we paused: they are not taken for servers that a user disabled, and after a killed task the next
one resumes them.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, FrozenSet, List, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import DATABASE, Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.layout import layout_of
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.names import TRANSIENT, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.objects import Function, Table
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry import is_about
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import State
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.row_changes import UPDATE, RowChange
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import resolve
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import pause as texts

_LOOK_AGAIN_SECONDS = 0.1


def paused(datasource: str, state: State) -> FrozenSet[int]:
    """Return the servers whose snapshots of a datasource we have paused."""
    stored = state.catalog.stored(datasource)
    there = {server.srvid for server in state.servers}
    return stored.paused & there if stored else frozenset()


def still_paused(definition: Definition, state: State, ready_servers: Optional[Sequence[str]]) -> FrozenSet[int]:
    """Return the paused servers that stay paused.

    :param ready_servers: the servers whose side is known to be as declared; None for all
    """
    if ready_servers is None or definition.scope == DATABASE:
        return frozenset()
    return paused(definition.name, state) - set(resolve(state.servers, ready_servers)[0])


def columns_differ(definition: Definition, state: State) -> bool:
    """Whether a remote with this definition returns columns that do not fit the repository's tables."""
    transient = state.catalog.get(Table, object_name(definition.name, TRANSIENT))
    stored = state.catalog.stored(definition.name)
    if transient is None or (stored is None and state.catalog.damaged(definition.name) is None):
        return False
    if (stored and stored.definition.scope != definition.scope) or definition.undeclared():
        return True
    wanted = [
        (column.name, column.type.name, column.is_key and not column.nullable)
        for column in (*definition.stored_keys, *definition.metrics)
    ]
    return wanted != [(column.name, column.type, column.not_null) for column in transient.object.columns[2:]]


def plan_pause(plan: Plan, definition: Definition, state: State) -> None:
    """Plan to stop the snapshots of a datasource on all remotes, and to store that we did."""
    if not columns_differ(definition, state):
        return
    # If the stored definition is damaged, the declared one takes its place, with all columns that history has.
    stored = state.catalog.stored(definition.name) or layout_of(definition, state.catalog).stored(definition, ())
    before = stored.definition
    active = [
        row
        for row in state.catalog.registry
        if is_about(row, before) and (row.srvid or 0) > 0 and row.values["enabled"]
    ]
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
        remembered = replace(stored, paused=paused(definition.name, state) | srvids)
        writes += replace(holder.object, comment=remembered.comment()).set_comment()
    plan.add(
        "snapshots of datasource {0}".format(definition.name),
        "taken: {0}".format(listed),
        "paused until their columns are changed: {0}".format(listed),
        *writes,
    )


def wait_for_snapshots(connection: Connection, archivist: Archivist, timeout: float) -> None:
    """Wait until every transaction that may have read the registry before it said "paused" has ended.

    :raises PowaError: when one runs longer
    """
    deadline = time.monotonic() + timeout
    relations = ["{0}.{1}".format(archivist.quoted_schema, table) for table in archivist.registry_lock]
    with connection.reading() as cursor:
        cursor.execute(compose(texts.READERS, relations=literal(relations)))
        running: List[Any] = [reader for (reader,) in cursor.fetchall()]
    while running:
        with connection.reading() as cursor:
            cursor.execute(compose(texts.STILL_RUNNING, transactions=literal(running)))
            running = [reader for (reader,) in cursor.fetchall()]
        if not running:
            return
        if time.monotonic() > deadline:
            raise PowaError(
                "{0} snapshots that began before the pause still run after {1} s, so no remote can change yet, and the"
                " datasources stay paused: run the task again, with a longer timeout if need be".format(
                    len(running), timeout
                )
            )
        time.sleep(_LOOK_AGAIN_SECONDS)
