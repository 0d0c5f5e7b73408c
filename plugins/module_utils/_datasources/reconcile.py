# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task of module datasources: from declared datasources to what each object, grant and registry row still needs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection, connected
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned, Task
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.arrival import Seen, servers_of
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.checks import (
    refusal_of_login,
    refusals,
    refusals_of_strangers,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.column_types import resolve_types
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.plan import plan_datasource, plan_removal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry_plan import plan_registry
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState, read_state
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.wanted import (
    Wanted,
    changes_history,
    wanted_datasources,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition, Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.digest import digest_of
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import HISTORY, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import with_sizes
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import DatabaseObject
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.detect import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import LOCAL, MONITORING_ROLE, Side

if TYPE_CHECKING:
    from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import Cost
    from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.described_texts import Answer, UserText


class Resolved(NamedTuple):
    """What a task wants, with the types of all columns that are known.

    :param definitions: those of the task, paused ones included
    :param wanted: those that this task makes, without paused ones
    :param set_aside: hand-written objects in the place of ours, each with the name that it gets
    :param changes_history: whether a table or type that the server has is not as wanted
    """

    state: DatasourcesState
    definitions: Sequence[Definition]
    removals: Sequence[Removal]
    wanted: Sequence[Wanted]
    set_aside: Sequence[Tuple[DatabaseObject, str]] = ()
    changes_history: bool = False

    @property
    def has_other_columns(self) -> bool:
        """Whether there may be columns that nobody has declared, or not so."""
        return self.changes_history or any(
            entry.definition.adopt or entry.layout.kept_keys or entry.layout.kept_metrics for entry in self.wanted
        )


class _Found(NamedTuple):
    state: DatasourcesState
    removals: Sequence[Removal]


class DatasourcesTask(Task[_Found, Resolved]):
    """Reconciles the datasources of a task with those of the server."""

    subject = "the datasources"
    checked_texts = ("datasources",)

    def __init__(self, params: Mapping[str, Any]) -> None:
        _check_options(params)
        definitions, removals, problems = collect_definitions(params["datasources"])
        kinds = tuple(params["server_kind"])
        monitoring_role = params["monitoring_role"] or (MONITORING_ROLE if LOCAL in kinds else None)
        self.side = Side(
            kinds,
            monitoring_role,
            params["collector_role"],
            params["web_role"],
            params["revoke_create"],
            params["reader_role"],
        )
        self.definitions: Sequence[Definition] = definitions
        self.removals = removals
        self.exact, self.drop_history = params["state"] == "exact", params["history"] == "drop"
        self.remote_results = params["remote_results"] or ()
        self.ready_servers: Optional[Sequence[str]] = params["ready_servers"]
        self.timeout = params["timeout"]
        self._params = params
        self.untried: Sequence[str] = ()
        self.rows: Mapping[str, float] = {}
        self.costs: Mapping[str, Cost] = {}
        self.left_behind: Sequence[str] = ()
        self.unreadable: Sequence[str] = ()
        if self.drop_history and not self.exact:
            problems.append(
                'history: found "drop" with state "present", which removes nothing: use it with state "exact",'
                " or on a datasource of the list whose state is absent"
            )
        super().__init__(problems)

    def read(self, cursor: Any) -> _Found:
        removals = list(self.removals)
        if self.exact:
            # A host compiles whatever a task imports, each time, and most tasks are about what they name.
            from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored_definitions import (
                read_definitions,
            )

            named = set(self._names(self.removals))
            others = read_definitions(cursor, detect_archivist(cursor))
            removals += [Removal(name, self.drop_history) for name in sorted(others.stored) if name not in named]
            # Somebody else may have written it, such as a later version of this collection.
            self.unreadable = [damaged.left_alone for name, damaged in others.damaged.items() if name not in named]
        return _Found(read_state(cursor, self._names(removals), self.definitions, self.side), removals)

    def _names(self, removals: Sequence[Removal]) -> List[str]:
        return [definition.name for definition in self.definitions] + [removal.name for removal in removals]

    def resolve(self, cursor: Any, found: _Found, locked: bool) -> Tuple[Resolved, List[str]]:
        state, problems = found.state, []
        if not locked:
            resolved = resolve_types(
                cursor, self.definitions, self.side, state, self.remote_results, self.describe_texts
            )
            self.definitions, self.untried = resolved.definitions, resolved.untried
            self.rows = resolved.rows
            problems += resolved.problems
            if self.side.stores and not problems:
                self.costs = self._costs(cursor, state)
        made = [entry for entry in self.definitions if not entry.pause and not entry.undeclared()]
        wanted, refused = self.wanted(cursor, made, state, found.removals)
        state = wanted.state
        if changes_history(wanted.wanted, state.catalog):
            state = replace(state, catalog=with_sizes(cursor, state.archivist, state.catalog))
            wanted = wanted._replace(state=state, changes_history=True)
        return wanted, [*problems, *refused]

    def _costs(self, cursor: Any, state: DatasourcesState) -> Mapping[str, Cost]:
        """Return what datasources cost of which servers have said how many rows they expect."""
        told = any(entry.get("rows") is not None for answer in self.remote_results for entry in answer["datasources"])
        if not self.rows and not told:
            return {}
        # A host compiles whatever a task imports, each time, and most tasks declare nothing new.
        from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.expected_costs import (
            expected_rows,
            read_expected_costs,
        )

        rows = expected_rows(state.servers, self.remote_results, self.rows)
        return read_expected_costs(cursor, self.definitions, self.side, state, rows)

    def wanted(
        self, cursor: Any, made: Sequence[Definition], state: DatasourcesState, removals: Sequence[Removal]
    ) -> Tuple[Resolved, List[str]]:
        """Return what the task wants, and why it cannot have that.

        :param made: the definitions of the datasources that it makes
        """
        seen = Seen.of(state.servers, self.ready_servers, self.remote_results)
        wanted = wanted_datasources(cursor, made, self.side, state, seen)
        return Resolved(state, self.definitions, removals, wanted), []

    def describe_texts(self, cursor: Any, role: Optional[str], described: Sequence[UserText]) -> List[Answer]:
        """Have the server describe SQL of users in a session of its own."""
        # A host compiles whatever a task imports, each time, and most tasks describe nothing.
        from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.described_texts import DescribingSession

        # No session that only reads may create the function for it, not even in check mode.
        connect = partial(connected, self._params, read_only=False, checked_texts=self.checked_texts)
        return DescribingSession(connect, max(1, self.timeout))(cursor, role, described)

    def check(self, cursor: Any, wanted: Resolved) -> List[str]:
        problems = [
            *refusal_of_login(wanted.state.stranger),
            *refusals(wanted.definitions, wanted.removals, self.side, wanted.state),
        ]
        if wanted.has_other_columns:
            # A host compiles whatever a task imports, each time, and most tasks change no columns.
            from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.column_checks import (
                refusals_of_columns,
            )

            problems += refusals_of_columns(cursor, safe_to_read(wanted), self.side, wanted.state)
        return problems

    def plan(self, cursor: Any, wanted: Resolved) -> Plan:
        plan = plan_datasources(cursor, wanted, self.side)
        for entry in wanted.wanted:
            name = entry.definition.name
            for made in entry.objects if name in self.costs else ():
                if made.name == object_name(name, HISTORY):
                    plan.remark(made.identity, self.costs[name].describe())
        return plan

    def check_plan(self, cursor: Any, wanted: Resolved, plan: Plan, locked: bool) -> List[str]:
        # This reads all of history, which takes too long to do while holding locks.
        misfits = []
        if wanted.changes_history and not locked:
            from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.column_checks import (
                values_that_do_not_fit,
            )

            misfits = values_that_do_not_fit(cursor, wanted.wanted, self.side, wanted.state)
        if plan.replaced:
            from ansible_collections.pgfleet.powa.plugins.module_utils._objects.dependents import refusals_of_dependents

            misfits += refusals_of_dependents(cursor, plan)
        return misfits

    def result(self, connection: Connection, planned: Planned[Resolved], written: bool) -> Dict[str, Any]:
        resolved = planned.wanted
        waiting, held_back = _waiting(resolved, self.side), _held_back(resolved)
        paused = any(
            definition.pause and _pause().has_to_wait(definition, resolved.state) for definition in resolved.definitions
        )
        catalog = resolved.state.catalog
        paused = paused or any(entry.unregister and catalog.of_datasource(entry.name) for entry in resolved.removals)
        if paused and not connection.read_only:
            # A host compiles whatever a task imports, each time, and most tasks pause nothing.
            from ansible_collections.pgfleet.powa.plugins.module_utils._collector.running_snapshots import (
                wait_for_snapshots,
            )

            so = "no remote can change yet, and the datasources stay paused"
            wait_for_snapshots(connection, resolved.state.archivist, self.timeout, so)
        return {
            "datasources": [
                {
                    **_returned(definition, waiting, held_back),
                    "rows": self.rows.get(definition.name),
                    "cost": self.costs[definition.name].as_dict() if definition.name in self.costs else None,
                }
                for definition in resolved.definitions
            ],
            "hazards": [hazard._asdict() for hazard in planned.plan.hazards],
            "powa_version": resolved.state.archivist.version_text,
            "warnings": [*self.untried, *self.left_behind, *self.unreadable],
        }


def _pause() -> Any:
    """Return the file that stops snapshots: a host compiles whatever a task imports, and most tasks pause nothing."""
    from ansible_collections.pgfleet.powa.plugins.module_utils._datasources import pause

    return pause


def safe_to_read(wanted: Resolved) -> List[Wanted]:
    """Return the datasources without objects of strangers: to read a view of a stranger is to run his code."""
    return [entry for entry in wanted.wanted if not refusals_of_strangers(entry.definition.name, wanted.state)]


def plan_datasources(cursor: Any, wanted: Resolved, side: Side) -> Plan:
    """Return the changes that bring datasources to what is wanted.

    :param cursor: only renders SQL, and sends nothing to the server
    """
    plan, state = Plan(), wanted.state
    if wanted.wanted and state.own_queries:
        # Only tasks about a local server pay for it.
        from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.local_mode import (
            plan_roles,
            plan_schema,
        )

        plan_roles(plan, state.own_queries, side)
        plan_schema(plan, state.own_queries, side)
    for removal in wanted.removals:
        if removal.unregister:
            _pause().plan_unregistration(plan, removal, state)
        else:
            plan_removal(plan, removal, side, state.catalog)
    made = {entry.definition.name: entry for entry in wanted.wanted}
    for definition in wanted.definitions:
        if definition.pause:
            _pause().plan_pause(plan, definition, state)
        elif definition.name in made:
            plan_datasource(plan, made[definition.name], state.catalog)
    if side.stores:
        plan_registry(cursor, plan, wanted.wanted, wanted.removals, side, state)
    return plan


def _waiting(wanted: Resolved, side: Side) -> Dict[str, List[str]]:
    """Return the servers whose snapshots of each datasource wait."""
    names = {server.srvid: server.name for server in wanted.state.servers}
    waits = {
        definition.name: _pause().pausing(definition, wanted.state)
        for definition in wanted.definitions
        if definition.pause
    }
    if side.stores:
        for entry in wanted.wanted:
            held = entry.held_back
            waits[entry.definition.name] = (
                frozenset(servers_of(entry.definition, wanted.state)) if held else entry.paused
            )
    return {name: _named(srvids, names) for name, srvids in waits.items()}


def _named(srvids: FrozenSet[int], names: Mapping[int, str]) -> List[str]:
    return [names.get(srvid, str(srvid)) for srvid in sorted(srvids)]


def _held_back(wanted: Resolved) -> Dict[str, List[str]]:
    """Return the servers because of which a datasource is collected nowhere yet."""
    names = {server.srvid: server.name for server in wanted.state.servers}
    return {entry.definition.name: _named(entry.held_back, names) for entry in wanted.wanted if entry.held_back}


def _check_options(params: Mapping[str, Any]) -> None:
    """Refuse what no server could be looked up for.

    :raises PowaError: when the task names no kind of server
    """
    if not params["server_kind"]:
        raise PowaError("server_kind: found an empty list, expected remote, repository or local: give at least one")


def _returned(
    definition: Definition, waiting: Mapping[str, Sequence[str]], held_back: Mapping[str, Sequence[str]]
) -> Dict[str, Any]:
    stored = definition.as_dict()
    return {
        "name": definition.name,
        "key_columns": stored["keys"],
        "metric_columns": stored["metrics"],
        "digest": digest_of(definition),
        "paused": list(waiting.get(definition.name, ())),
        "held_back_by": list(held_back.get(definition.name, ())),
    }
