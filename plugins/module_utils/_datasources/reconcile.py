# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task of module datasources: from declared datasources to what each object, grant and registry row still needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection, connected
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned, Task
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources import pause
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.catalog import read_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.checks import (
    refusal_of_login,
    refusals,
    refusals_of_strangers,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.column_checks import (
    refusals_of_columns,
    values_that_do_not_fit,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.column_types import resolve_types
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import Definition, Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.dependents import refusals_of_dependents
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.described_texts import DescribingSession
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.local_mode import (
    MONITORING_ROLE,
    plan_roles,
    plan_schema,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.plan import plan_datasource, plan_removal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry_plan import plan_registry
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import State, read_state
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.wanted import (
    Wanted,
    changes_history,
    wanted_datasources,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.detect import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import LOCAL, Side


@dataclass(frozen=True)
class Resolved:
    """What a task wants, with the types of all columns that are known.

    :param definitions: those of the task, paused ones included
    :param wanted: those that this task makes, without paused ones
    """

    state: State
    definitions: Sequence[Definition]
    removals: Sequence[Removal]
    wanted: Sequence[Wanted]


class _Found(NamedTuple):
    state: State
    removals: Sequence[Removal]
    problems: Sequence[str]


class DatasourcesTask(Task[_Found, Resolved]):
    """Reconciles the datasources of a task with those of the server."""

    subject = "the datasources"
    checked_texts = ("datasources",)

    def __init__(self, params: Mapping[str, Any]) -> None:
        _check_options(params)
        definitions, removals, problems = collect_definitions(params["datasources"])
        kinds = tuple(params["server_kind"])
        monitoring_role = params["monitoring_role"] or (MONITORING_ROLE if LOCAL in kinds else None)
        self.side = Side(kinds, monitoring_role, params["collector_role"], params["web_role"], params["revoke_create"])
        self.definitions: Sequence[Definition] = definitions
        self.removals = removals
        self.exact, self.drop_history = params["state"] == "exact", params["history"] == "drop"
        self.remote_results = params["remote_results"] or ()
        self.ready_servers: Optional[Sequence[str]] = params["ready_servers"]
        self.timeout = params["timeout"]
        connect = partial(connected, params, read_only=False, checked_texts=self.checked_texts)
        self.describe_texts = DescribingSession(connect, max(1, self.timeout))
        self.untried: Sequence[str] = ()
        if self.drop_history and not self.exact:
            problems.append(
                'history: found "drop" with state "present", which removes nothing: use it with state "exact",'
                " or on a datasource of the list whose state is absent"
            )
        super().__init__(problems)

    def read(self, cursor: Any) -> _Found:
        removals, problems = list(self.removals), []
        if self.exact:
            named = set(self._names(self.removals))
            others = read_definitions(cursor, detect_archivist(cursor))
            removals += [Removal(name, self.drop_history) for name in sorted(others.stored) if name not in named]
            problems = [
                damaged.problem + ", or list it with state absent"
                for name, damaged in others.damaged.items()
                if name not in named
            ]
        return _Found(self._read(cursor, removals), removals, problems)

    def _read(self, cursor: Any, removals: Sequence[Removal], sizes: bool = False) -> State:
        return read_state(cursor, self._names(removals), self.definitions, self.side, sizes)

    def _names(self, removals: Sequence[Removal]) -> List[str]:
        return [definition.name for definition in self.definitions] + [removal.name for removal in removals]

    def resolve(self, cursor: Any, found: _Found, locked: bool) -> Tuple[Resolved, List[str]]:
        state, problems = found.state, list(found.problems)
        if not locked:
            resolved = resolve_types(
                cursor, self.definitions, self.side, state, self.remote_results, self.describe_texts
            )
            self.definitions, self.untried = resolved.definitions, resolved.untried
            problems += resolved.problems
        made = [entry for entry in self.definitions if not entry.pause and not entry.undeclared()]
        wanted = wanted_datasources(cursor, made, self.side, state, self.ready_servers)
        if changes_history(wanted, state.catalog):
            state = self._read(cursor, found.removals, sizes=True)
            wanted = wanted_datasources(cursor, made, self.side, state, self.ready_servers)
        return Resolved(state, self.definitions, found.removals, wanted), problems

    def check(self, cursor: Any, wanted: Resolved) -> List[str]:
        # To read a view of a stranger is to run his code.
        safe = [entry for entry in wanted.wanted if not refusals_of_strangers(entry.definition.name, wanted.state)]
        return [
            *refusal_of_login(wanted.state.stranger),
            *refusals(wanted.definitions, wanted.removals, self.side, wanted.state),
            *refusals_of_columns(cursor, safe, self.side, wanted.state),
        ]

    def plan(self, cursor: Any, wanted: Resolved) -> Plan:
        return plan_datasources(cursor, wanted, self.side)

    def check_plan(self, cursor: Any, wanted: Resolved, plan: Plan, locked: bool) -> List[str]:
        # This reads all of history, which takes too long to do while holding locks.
        misfits = [] if locked else values_that_do_not_fit(cursor, wanted.wanted, self.side, wanted.state)
        return misfits + refusals_of_dependents(cursor, plan)

    def result(self, connection: Connection, planned: Planned[Resolved], written: bool) -> Dict[str, Any]:
        resolved = planned.wanted
        waiting = _waiting(resolved, self.side)
        paused = any(definition.pause and waiting[definition.name] for definition in resolved.definitions)
        if paused and not connection.read_only:
            pause.wait_for_snapshots(connection, resolved.state.archivist, self.timeout)
        return {
            "datasources": [_returned(definition, waiting) for definition in resolved.definitions],
            "hazards": [hazard._asdict() for hazard in planned.plan.hazards],
            "powa_version": resolved.state.archivist.version_text,
            "warnings": list(self.untried),
        }


def plan_datasources(cursor: Any, wanted: Resolved, side: Side) -> Plan:
    """Return the changes that bring datasources to what is wanted.

    :param cursor: only renders SQL, and sends nothing to the server
    """
    plan, state = Plan(), wanted.state
    if wanted.wanted:
        plan_roles(plan, state.own_queries, side)
        plan_schema(plan, state.own_queries, side)
    for removal in wanted.removals:
        plan_removal(plan, removal, side, state.catalog)
    made = {entry.definition.name: entry for entry in wanted.wanted}
    for definition in wanted.definitions:
        if definition.pause:
            pause.plan_pause(plan, definition, state)
        elif definition.name in made:
            plan_datasource(plan, made[definition.name], state.catalog)
    if side.stores:
        plan_registry(cursor, plan, wanted.wanted, wanted.removals, side, state)
    return plan


def _waiting(wanted: Resolved, side: Side) -> Dict[str, List[str]]:
    """Return the servers whose snapshots of each datasource wait."""
    names = {server.srvid: server.name for server in wanted.state.servers}
    waiting = {
        definition.name: list(names.values()) if pause.columns_differ(definition, wanted.state) else []
        for definition in wanted.definitions
        if definition.pause
    }
    if side.stores:
        for entry in wanted.wanted:
            waiting[entry.definition.name] = [names.get(srvid, str(srvid)) for srvid in sorted(entry.paused)]
    return waiting


def _check_options(params: Mapping[str, Any]) -> None:
    """Refuse what no server could be looked up for.

    :raises PowaError: when the task names no kind of server
    """
    if not params["server_kind"]:
        raise PowaError("server_kind: found an empty list, expected remote, repository or local: give at least one")


def _returned(definition: Definition, waiting: Mapping[str, Sequence[str]]) -> Dict[str, Any]:
    stored = definition.as_dict()
    return {
        "name": definition.name,
        "key_columns": stored["keys"],
        "metric_columns": stored["metrics"],
        "paused": list(waiting.get(definition.name, ())),
    }
