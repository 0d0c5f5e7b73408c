# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From declared datasources to a plan: what each object, grant and registry row still needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils import _objects as objects
from ansible_collections.pgfleet.powa.plugins.module_utils._archivist import (
    Archivist,
    Registration,
    detect_archivist,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._catalog import Catalog, Found, read_catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._connection import Connection
from ansible_collections.pgfleet.powa.plugins.module_utils._definition import (
    Definition,
    Removal,
    collect_definitions,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._describe import describe_queries
from ansible_collections.pgfleet.powa.plugins.module_utils._driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._registered import (
    RegisteredServer,
    read_servers,
    registered_functions,
    resolve,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import catalog as catalog_texts
from ansible_collections.pgfleet.powa.plugins.module_utils._statements import (
    create_statements,
    drop_statement,
    repair_statements,
)


@dataclass(frozen=True)
class Task:
    """The parameters of a task."""

    server_kind: Tuple[str, ...]
    monitoring_role: Optional[str]
    collector_role: Optional[str]
    definitions: Sequence[Definition]
    removals: Sequence[Removal]

    @property
    def stores(self) -> bool:
        """Whether history is kept on this server."""
        return objects.REPOSITORY in self.server_kind or objects.LOCAL in self.server_kind

    @property
    def runs_queries(self) -> bool:
        """Whether the users' queries run on this server."""
        return objects.REMOTE in self.server_kind or objects.LOCAL in self.server_kind


@dataclass(frozen=True)
class State:
    """The server as it is."""

    archivist: Archivist
    catalog: Catalog
    servers: Sequence[RegisteredServer]
    roles: Sequence[str]


def reconcile(params: Mapping[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Make the declared datasources true, or in check mode say what that would change.

    :raises PowaError: with everything that is wrong, before anything is written
    """
    definitions, removals, problems = collect_definitions(params["datasources"])
    task = Task(
        tuple(params["server_kind"]), params["monitoring_role"], params["collector_role"], definitions, removals
    )
    try:
        connection = Connection(params, check_mode)
    except PowaError:
        if problems:
            raise ProblemsError("the datasources", problems) from None
        raise
    try:
        with connection.reading() as cursor:
            state = _read(cursor, task)
            problems += _refusals(task, state)
            if task.runs_queries:
                described = [definition for definition in definitions if _is_new(definition, state.catalog)]
                role = task.monitoring_role if objects.REMOTE in task.server_kind else None
                if role is None or role in state.roles:
                    problems += describe_queries(cursor, described, state.archivist, role)
            if problems:
                raise ProblemsError("the datasources", problems)
            plan = _plan(cursor, task, state)
        if plan.changed and not check_mode:
            plan = connection.write(lambda cursor: _apply(cursor, task))
        return {
            "changed": plan.changed,
            "diff": plan.diff(),
            "changes": plan.summary(),
            "powa_version": state.archivist.version_text,
        }
    finally:
        connection.close()


def _apply(cursor: Any, task: Task) -> Plan:
    state = _read(cursor, task)
    problems = _refusals(task, state)
    if problems:
        raise ProblemsError("the datasources", problems)
    plan = _plan(cursor, task, state)
    plan.apply(cursor)
    return plan


def _read(cursor: Any, task: Task) -> State:
    archivist = detect_archivist(cursor)
    names = [definition.name for definition in task.definitions] + [removal.name for removal in task.removals]
    catalog = read_catalog(cursor, archivist, names)
    servers = read_servers(cursor, archivist)
    roles = [role for role in (task.monitoring_role, task.collector_role) if role]
    cursor.execute(compose(catalog_texts.ROLES, names=literal(roles)))
    return State(archivist, catalog, servers, [role for (role,) in cursor.fetchall()])


def _refusals(task: Task, state: State) -> List[str]:
    problems = []
    for option, role in (("monitoring_role", task.monitoring_role), ("collector_role", task.collector_role)):
        if role and role not in state.roles:
            problems.append('{0}: role "{1}" does not exist on this server: create it first'.format(option, role))
    for removal in task.removals:
        problems += _foreign(removal.name, _all_found(removal.name, state.catalog), state.archivist)
    for definition in task.definitions:
        found = _all_found(definition.name, state.catalog)
        foreign = _foreign(definition.name, found, state.archivist) or _foreign_rows(definition.name, state)
        problems += foreign or _changed_columns(definition, task, state)
        if objects.REPOSITORY in task.server_kind:
            problems += [
                'datasource "{0}", servers: {1}'.format(definition.name, problem)
                for problem in resolve(state.servers, definition.servers or ())[1]
            ]
    return problems


def _all_found(datasource: str, catalog: Catalog) -> List[Found]:
    found = []
    for kind, suffixes in (
        ("function", objects.FUNCTION_SUFFIXES),
        ("table", objects.TABLE_SUFFIXES),
        ("type", objects.TYPE_SUFFIXES),
        ("index", objects.INDEX_SUFFIXES),
    ):
        for suffix in suffixes:
            entry = catalog.get(kind, object_name(datasource, suffix))
            if entry is not None:
                found.append(entry)
    return found


def _foreign(datasource: str, found: Sequence[Found], archivist: Archivist) -> List[str]:
    foreign = [entry for entry in found if not entry.ours]
    if not foreign:
        return []
    names = ", ".join("{0} {1}.{2}".format(entry.object.kind, archivist.schema, entry.object.name) for entry in foreign)
    owners = sorted({entry.extension for entry in foreign if entry.extension})
    what = "the extension {0} brought".format(", ".join(owners)) if owners else "were not made by this collection"
    return [
        'datasource "{0}", name: the server has objects of that name which {1} ({2}):'
        " choose another name, or rename them".format(datasource, what, names)
    ]


def _foreign_rows(datasource: str, state: State) -> List[str]:
    ours = {object_name(datasource, suffix) for suffix in objects.FUNCTION_SUFFIXES}
    functions = {
        row.key["function_name"]
        for row in state.catalog.registry
        if datasource in row.key.values() and "function_name" in row.key
    }
    if functions <= ours:
        return []
    return [
        'datasource "{0}", name: PoWA\'s registry has that name with the functions {1}:'
        " choose another name, or unregister those".format(datasource, ", ".join(sorted(functions - ours)))
    ]


def _changed_columns(definition: Definition, task: Task, state: State) -> List[str]:
    wanted = objects.build_objects(definition, state.archivist, task.server_kind, None, None)
    for wanted_object in wanted:
        found = state.catalog.get(wanted_object.kind, wanted_object.name)
        if found is None or wanted_object.kind == "index":
            continue
        before, after = _columns(found.object), _columns(wanted_object)
        if before != after:
            return [
                'datasource "{0}", keys and metrics: {1} {2}.{3} has the columns ({4}), the definition gives ({5}),'
                " and this version does not change columns: declare them as they were, give the datasource another"
                " name, or remove it with state: absent and history: drop first".format(
                    definition.name,
                    found.object.kind,
                    state.archivist.schema,
                    found.object.name,
                    ", ".join(column.describe() for column in before),
                    ", ".join(column.describe() for column in after),
                )
            ]
    return []


def _columns(database_object: Any) -> Tuple[objects.TableColumn, ...]:
    if database_object.kind == "type":
        columns = database_object.attributes
    elif database_object.kind == "table":
        columns = database_object.columns
    else:
        columns = database_object.out_columns
    return tuple(columns)


def _is_new(definition: Definition, catalog: Catalog) -> bool:
    """Whether the server has not yet seen this definition's queries."""
    found = catalog.get("function", object_name(definition.name, "_src"))
    stored = objects.stored_definition(found.object.comment) if found else None
    wanted = definition.as_dict()
    return stored is None or any(stored.get(field) != wanted[field] for field in ("queries", "keys", "metrics"))


def _plan(cursor: Any, task: Task, state: State) -> Plan:
    plan = Plan()
    for removal in task.removals:
        _plan_removal(plan, removal, task, state)
    rows: List[Row] = []
    for definition in task.definitions:
        for wanted in objects.build_objects(
            definition, state.archivist, task.server_kind, task.monitoring_role, task.collector_role
        ):
            if wanted.kind == "function":
                wanted = replace(wanted, body=wanted.body.as_string(cursor))
            _plan_object(plan, wanted, state)
        if task.stores:
            rows += state.archivist.registry_rows(_registration(definition, task, state))
    if task.stores:
        names = {definition.name for definition in task.definitions}
        _plan_rows(plan, rows, [row for row in state.catalog.registry if names & set(row.key.values())], task, state)
    return plan


def _plan_object(plan: Plan, wanted: Any, state: State) -> None:
    schema = state.archivist.schema
    identity = "{0} {1}.{2}".format(wanted.kind, schema, wanted.name)
    found = state.catalog.get(wanted.kind, wanted.name)
    if found is None:
        plan.add(identity, None, wanted.describe(), *create_statements(wanted, state.archivist))
        return
    wanted = _with_other_grants(wanted, found.object)
    plan.add(
        identity,
        found.object.describe(),
        wanted.describe(),
        *repair_statements(wanted, found.object, state.archivist),
    )


def _with_other_grants(wanted: Any, found: Any) -> Any:
    """Add the rights that others gave: they are not ours to take, but for PUBLIC's right to call a function."""
    if wanted.kind == "function":
        return replace(wanted, execute=tuple(sorted(set(wanted.execute) | {role for role in found.execute if role})))
    if wanted.kind == "table":
        grants = dict(found.grants)
        for role, privileges in wanted.grants.items():
            grants[role] = tuple(sorted(set(privileges) | set(grants.get(role, ()))))
        return replace(wanted, grants=grants)
    return wanted


def _registration(definition: Definition, task: Task, state: State) -> Registration:
    srvids = [0] if objects.LOCAL in task.server_kind else []
    if objects.REPOSITORY in task.server_kind:
        if definition.servers is None:
            srvids += [server.srvid for server in state.servers]
        else:
            srvids += resolve(state.servers, definition.servers)[0]
    return Registration(
        name=definition.name,
        functions=registered_functions(definition.name, state.archivist),
        priority=definition.priority,
        enabled=definition.enabled,
        srvids=tuple(srvids),
    )


def _plan_rows(plan: Plan, wanted: Sequence[Row], found: Sequence[Row], task: Task, state: State) -> None:
    schema = state.archivist.schema
    now = {row.identity: row for row in found}
    kept = {row.identity for row in wanted}
    for row in found:
        if row.identity not in kept and _is_managed(row, task):
            plan.add(row.identity, row.describe(row.values), None, row.delete(schema))
    for row in wanted:
        current = now.get(row.identity)
        if current is None:
            plan.add(row.identity, None, row.describe(row.values), row.insert(schema))
        elif current.differs(row):
            plan.add(row.identity, current.describe(row.values), row.describe(row.values), row.update(schema))


def _is_managed(row: Row, task: Task) -> bool:
    """Whether a row is about servers of the kind that the task is about."""
    srvid = row.key.get("srvid")
    if srvid is None:
        return True
    return (objects.LOCAL if srvid == 0 else objects.REPOSITORY) in task.server_kind


def _plan_removal(plan: Plan, removal: Removal, task: Task, state: State) -> None:
    schema = state.archivist.schema
    suffixes: List[Tuple[str, str]] = [("function", "_src")]
    if task.stores:
        # A row that others refer to comes first in the registry, so it goes last.
        for row in reversed(state.catalog.registry):
            if removal.name in row.key.values():
                plan.add(row.identity, row.describe(row.values), None, row.delete(schema))
        suffixes += [("function", suffix) for suffix in objects.FUNCTION_SUFFIXES[1:]]
        suffixes.append(("table", "_src_tmp"))
        if removal.drop_history:
            suffixes += [("table", suffix) for suffix in objects.HISTORY_TABLES]
            suffixes += [("type", suffix) for suffix in objects.TYPE_SUFFIXES]
    for kind, suffix in suffixes:
        found = state.catalog.get(kind, object_name(removal.name, suffix))
        if found is not None:
            identity = "{0} {1}.{2}".format(kind, schema, found.object.name)
            plan.add(identity, found.object.describe(), None, drop_statement(found.object, state.archivist))
