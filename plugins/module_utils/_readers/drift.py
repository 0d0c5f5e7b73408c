# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drift: what the next run would change on a server if it declared the datasources as they are stored there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.arrival import Seen
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.checks import refusals
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.reconcile import Resolved, plan_datasources
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry import is_about
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.wanted import wanted_datasources
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import SNAPSHOT, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Function
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import LOCAL, REMOTE, REPOSITORY, Side


@dataclass(frozen=True)
class Drift:
    """Where a server differs from the stored definition of a datasource.

    :param server_kind: the side of the datasource that the server was taken to have
    :param refused: why a run could not repair it; then nothing was compared
    :param changes: object, action, and the object before and after, of each change that would repair it
    """

    server_kind: Tuple[str, ...]
    refused: Sequence[str]
    changes: Sequence[Mapping[str, Optional[str]]]


def find_drift(
    cursor: Any,
    definitions: Sequence[Definition],
    state: DatasourcesState,
    server_kind: Optional[Sequence[str]],
    otherwise: Sequence[str],
    monitoring_role: Optional[str],
    collector_role: Optional[str],
    hides_kind: bool = False,
    hidden: bool = False,
) -> Dict[str, Drift]:
    """Return the drift of each datasource by its name. Nothing is sent to the server.

    :param state: read for all of them at once
    :param server_kind: what the server is, or None to infer it from the objects of each datasource
    :param otherwise: what to take it for if they do not show it
    :param monitoring_role: of a remote, as the tasks that declare the datasources give it; ignored if it does not exist
    :param hides_kind: whether the session's role does not see what the server is; then it is only what was given
    :param hidden: whether it does not see all that would have to be compared; then nothing is
    """
    by_module: Dict[str, List[Row]] = {}
    for row in state.catalog.registry:
        by_module.setdefault(row.module, []).append(row)
    found = {}
    for definition in definitions:
        own = replace(state, catalog=replace(state.catalog, registry=by_module.get(definition.module, ())))
        inferred = () if hides_kind else _kind_of(definition, own, otherwise)
        kind = tuple(server_kind) if server_kind else inferred
        if monitoring_role and not server_kind:
            kind = tuple(dict.fromkeys([REMOTE, *kind]))
        if hidden:
            found[definition.name] = Drift(kind, (), ())
            continue
        side = Side(kind, _existing(monitoring_role, state), _existing(collector_role, state))
        refused = refusals([definition], [], side, own)
        changes: List[Dict[str, Optional[str]]] = []
        if not refused:
            # Paused datasources stay paused, and are not among the changes.
            paused = own.paused(definition.name)
            seen = Seen(frozenset(server.srvid for server in own.servers) - paused)
            wanted = wanted_datasources(cursor, [definition], side, own, seen)
            plan = plan_datasources(cursor, Resolved(own, [definition], [], wanted), side)
            changes = [
                {"object": change.identity, "action": change.action, "before": change.before, "after": change.after}
                for change in plan.changes
            ]
        found[definition.name] = Drift(kind, refused, changes)
    return found


def _existing(role: Optional[str], state: DatasourcesState) -> Optional[str]:
    return role if role in state.roles else None


def _kind_of(definition: Definition, state: DatasourcesState, otherwise: Sequence[str]) -> Tuple[str, ...]:
    """Infer from what a server has of a datasource which sides of it the server has."""
    snapshot = state.catalog.get(Function, object_name(definition.name, SNAPSHOT))
    if snapshot is None or not snapshot.ours:
        return (REMOTE,)
    rows = [row for row in state.catalog.registry if is_about(row, definition)]
    kind = []
    if any((row.srvid or 0) > 0 for row in rows):
        kind.append(REPOSITORY)
    # PoWA 5 itself activates an extension for the local server when somebody creates it.
    if any(row.srvid == 0 and not row.by_powa for row in rows):
        kind.append(LOCAL)
    return tuple(kind or otherwise)
