# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From declared datasources to a plan: what each object, grant and registry row still needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import connected
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources import pause
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.build import LOCAL, REMOTE, REPOSITORY, Side
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.catalog import read_names
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.checks import refusals
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.column_checks import (
    refusals_of_columns,
    values_that_do_not_fit,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.column_types import (
    has_changed,
    with_described_types,
    with_stored_types,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import DATABASE, Definition, Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.dependents import refusals_of_dependents
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.describe import Describer, may_become
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.parse import (
    UNSTORABLE,
    collect_definitions,
    unstorable_texts,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.plan import plan_datasource, plan_removal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry import (
    activation,
    function_names,
    registry_rows,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import State, read_state
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.row_plan import plan_rows
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import resolve


@dataclass(frozen=True)
class Task:
    """The parameters of a task.

    :param described: what remotes returned, to take types from
    :param seen: the servers whose side is known to be as declared; None for all
    """

    side: Side
    definitions: Sequence[Definition]
    removals: Sequence[Removal]
    described: Sequence[Mapping[str, Any]]
    seen: Optional[Sequence[str]]


def reconcile(params: Mapping[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Make the declared datasources true, or in check mode say what that would change.

    :raises PowaError: with everything that is wrong, before anything is written
    """
    _check_options(params)
    definitions, removals, problems = collect_definitions(params["datasources"])
    side = Side(tuple(params["server_kind"]), params["monitoring_role"], params["collector_role"])
    task = Task(side, definitions, removals, params["described"] or (), params["seen"])
    exact, drop_history = params["state"] == "exact", params["history"] == "drop"
    if drop_history and not exact:
        problems.append(
            'history: found "drop" with state "present", which removes nothing: give it with state "exact",'
            " or to a datasource of the list whose state is absent"
        )
    with connected(params, check_mode, "the datasources", problems) as connection:
        with connection.reading() as cursor:
            if exact:
                task = replace(task, removals=[*removals, *_left_out(cursor, task, drop_history)])
            state = _read(cursor, task)
            problems += refusals(task.definitions, task.removals, side, state)
            resolved, wrong = _with_types(cursor, task, state)
            task = replace(task, definitions=resolved)
            problems += wrong
            problems += refusals_of_columns(cursor, _changing(task.definitions), side, state)
            _refuse(problems)
            plan, paused = plan_task(cursor, task, state)
            problems = values_that_do_not_fit(cursor, _changing(task.definitions), side, state)
            _refuse(problems + refusals_of_dependents(cursor, plan, state.archivist))
        if plan.changed and not check_mode:
            plan, paused = connection.write(lambda cursor: _apply(cursor, task))
        if not check_mode and any(definition.pause and paused[definition.name] for definition in task.definitions):
            pause.wait_for_snapshots(connection, state.archivist, params["timeout"])
        return {
            **plan.result(),
            "datasources": [_returned(definition, paused) for definition in task.definitions],
            "powa_version": state.archivist.version_text,
        }


def _left_out(cursor: Any, task: Task, drop_history: bool) -> List[Removal]:
    """Return the datasources of this collection that the task does not name."""
    named = {definition.name for definition in task.definitions} | {removal.name for removal in task.removals}
    return [Removal(name, drop_history) for name in read_names(cursor, detect_archivist(cursor)) if name not in named]


def _check_options(params: Mapping[str, Any]) -> None:
    """Refuse what nothing can be looked up with.

    :raises ProblemsError: with what is wrong beside the datasources
    """
    options = ("monitoring_role", "collector_role", "seen", "described")
    problems = [
        "{0}: found {1}, {2}".format(field, ascii(text), UNSTORABLE)
        for field, text in unstorable_texts({option: params[option] for option in options})
    ]
    if not params["server_kind"]:
        problems.append("server_kind: found an empty list, expected what the server is: give remote, repository, local")
    _refuse(problems)


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise ProblemsError("the datasources", problems)


def _returned(definition: Definition, paused: Mapping[str, Sequence[str]]) -> Dict[str, Any]:
    stored = definition.as_dict()
    return {
        "name": definition.name,
        "key_columns": stored["keys"],
        "metric_columns": stored["metrics"],
        "paused": list(paused.get(definition.name, ())),
    }


def _changing(definitions: Sequence[Definition]) -> List[Definition]:
    """Return the definitions whose objects are about to be made as declared."""
    return [definition for definition in definitions if not definition.pause and not definition.undeclared()]


def _apply(cursor: Any, task: Task) -> Tuple[Plan, Dict[str, List[str]]]:
    state = _read(cursor, task)
    problems = refusals(task.definitions, task.removals, task.side, state)
    problems += refusals_of_columns(cursor, _changing(task.definitions), task.side, state)
    _refuse(problems)
    plan, paused = plan_task(cursor, task, state)
    _refuse(refusals_of_dependents(cursor, plan, state.archivist))
    plan.apply(cursor)
    return plan, paused


def _read(cursor: Any, task: Task) -> State:
    names = [definition.name for definition in task.definitions] + [removal.name for removal in task.removals]
    return read_state(cursor, names, task.definitions, task.side)


def _with_types(cursor: Any, task: Task, state: State) -> Tuple[List[Definition], List[str]]:
    """Describe what this server has not yet seen, and fill in the types that the task leaves out."""
    describer = Describer(cursor, state.archivist.server_version_num, _describing_role(task, state), state.query_path)
    problems: List[str] = []
    stored = {definition.name: state.catalog.stored(definition.name) for definition in task.definitions}
    if task.side.runs_queries:
        changed = [definition for definition in task.definitions if has_changed(definition, stored[definition.name])]
        refused = may_become(cursor, task.side.monitoring_role or "") if _describing_role(task, state) else None
        if refused and (changed or any(definition.scope == DATABASE for definition in task.definitions)):
            problems.append(refused)
        elif not refused:
            describer.describe([definition for definition in changed if definition.scope != DATABASE])
            # Nothing is kept on a remote that says it has seen these.
            describer.describe_together([definition for definition in task.definitions if definition.scope == DATABASE])
    resolved = []
    for definition in task.definitions:
        known = definition.with_types(describer.types.get(definition.name, {}))
        if known.undeclared():
            known, disagreements = with_described_types(known, task.described)
            problems += [
                'datasource "{0}": {1}'.format(definition.name, disagreement) for disagreement in disagreements
            ]
            if not (definition.pause and has_changed(definition, stored[definition.name])):
                known = with_stored_types(known, stored[definition.name])
        if known.undeclared() and not (definition.pause or task.side.runs_queries or problems):
            problems.append(
                'datasource "{0}": the types of {1} are left out, and no remote has described the query:'
                " declare them, or run the task on a remote first and pass its result as described".format(
                    definition.name, ", ".join(column.name for column in known.undeclared())
                )
            )
        resolved.append(known)
    return resolved, problems + describer.problems


def _describing_role(task: Task, state: State) -> Optional[str]:
    role = task.side.monitoring_role if REMOTE in task.side.server_kind else None
    return role if role in state.roles else None


def plan_task(cursor: Any, task: Task, state: State) -> Tuple[Plan, Dict[str, List[str]]]:
    """Return what makes the datasources of a task as declared, and the servers that each stays paused on.

    :param cursor: only renders SQL; nothing is asked of the server
    """
    plan = Plan()
    for removal in task.removals:
        plan_removal(plan, removal, task.side, state)
    rows: Dict[Any, Row] = {}
    waiting: Dict[str, List[str]] = {}
    names = {server.srvid: server.name for server in state.servers}
    now = {row.place: row for row in state.catalog.registry}
    for definition in task.definitions:
        if definition.pause:
            pause.plan_pause(plan, definition, state)
            waiting[definition.name] = list(names.values()) if pause.columns_differ(definition, state) else []
            continue
        paused = pause.paused(definition.name, state)
        if REPOSITORY in task.side.server_kind:
            paused = pause.still_paused(definition, state, task.seen)
        plan_datasource(cursor, plan, definition, task.side, state, tuple(sorted(paused)))
        if task.side.stores:
            waiting[definition.name] = [names.get(srvid, str(srvid)) for srvid in sorted(paused)]
            for row in _rows(cursor, definition, task, state, paused, now):
                rows[row.place] = _merged(rows.get(row.place), row)
    if task.side.stores:
        _plan_registry(plan, list(rows.values()), task, state)
    return plan, waiting


def _rows(
    cursor: Any, definition: Definition, task: Task, state: State, paused: Any, now: Mapping[Any, Row]
) -> List[Row]:
    srvids = [0] if LOCAL in task.side.server_kind else []
    if REPOSITORY in task.side.server_kind:
        if definition.servers is None:
            srvids += [server.srvid for server in state.servers]
        else:
            srvids += resolve(state.servers, definition.servers)[0]
    retention = state.intervals.get(definition.retention or "")
    rows = registry_rows(cursor, definition, state.archivist, srvids, retention)
    before = pause.paused(definition.name, state)
    wanted = []
    for row in rows:
        current = now.get(row.place)
        if row.srvid in paused:
            row = replace(row, values=dict(row.values, **activation(row, definition, False).values))
        elif row.srvid in before and definition.enabled is None:
            row = replace(row, values=dict(row.values, **activation(row, definition, True).values))
        elif definition.enabled is None and current is not None and current.values.get("enabled") is False:
            # What somebody disabled by hand stays as they left it.
            row = replace(row, values={column: value for column, value in row.values.items() if column != "dbnames"})
        wanted.append(row)
    return wanted


def _merged(first: Optional[Row], second: Row) -> Row:
    """Return the one row that datasources of one extension share: it is active if it is for all of them."""
    if first is None:
        return second
    values = dict(first.values, **second.values)
    if "enabled" in first.values and "enabled" in second.values:
        values["enabled"] = first.values["enabled"] and second.values["enabled"]
    return replace(second, values=values)


def _plan_registry(plan: Plan, wanted: Sequence[Row], task: Task, state: State) -> None:
    removed = {name for removal in task.removals for name in function_names(removal.name)}
    changing = [definition for definition in task.definitions if not definition.pause]
    ours = {name for definition in changing for name in function_names(definition.name)}
    adopting = {definition.module for definition in changing if definition.adopt}
    shared = {
        _family(row)
        for row in state.catalog.registry
        if row.function and row.function not in ours | removed and row.module not in adopting
    }
    kept = {_family(row) for row in wanted}

    def managed(row: Row) -> bool:
        function = row.function
        if function in removed:
            return True
        if function is not None:
            return (function in ours or row.module in adopting) and state.manages(row, task.side)
        return _family(row) not in shared and (_family(row) not in kept or state.manages(row, task.side))

    plan_rows(plan, state.archivist.schema, wanted, state.catalog.registry, managed)


def _family(row: Row) -> Tuple[bool, str]:
    """Return what rows have in common that are about one module: whether it is one of databases, and its name."""
    return ("db_module" in row.key, row.module)
