# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the functions of hand-written datasources to a plan of their transient tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned, Task
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.checks import refusal_of_login
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.dependents import refusals_of_dependents
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.grants import Privileges
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.objects import Table
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.plan import plan_drop
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import (
    SRVID,
    TRANSIENT_SUFFIX,
    FoundFunction,
    FoundTable,
    Name,
    check_plain_name,
    column_list,
    printable,
    read_extension_schemas,
    read_functions,
    read_tables,
    strangers_refusal,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.rights import (
    Needed,
    Right,
    Roles,
    not_grantable,
    plan_rights,
    read_rights,
    read_roles,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import NOT_TRUSTED, Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.detect import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import handwritten as texts
from ansible_collections.pgfleet.powa.plugins.module_utils._sql.catalog import SESSION

#: The comment of a table that this module made or took over, with the function's schema and name.
MARK = "pgfleet.powa transient table of {0}.{1}"

#: The name of a table while it is being replaced, until its rows are copied; the number is its oid.
_REPLACED = "pgfleet_powa_{0}"


@dataclass(frozen=True)
class TableSpec:
    """One entry of a task.

    :param schema: that of its function, or None for PoWA's
    """

    query_source: str
    schema: Optional[str]
    absent: bool
    adopt: bool


@dataclass(frozen=True)
class State:
    """The server as it is.

    :param extensions: name to schema
    :param registered: (name, external, query_source) of those of the task's functions that the registry has
    :param stranger: the role of the session, if what it makes would not count as ours; otherwise None
    :param rights: what the roles of the task have of the rights that they need
    """

    archivist: Archivist
    extensions: Mapping[str, str]
    functions: Mapping[Name, FoundFunction]
    tables: Mapping[Name, FoundTable]
    registered: Sequence[Tuple[str, bool, str]]
    roles: Sequence[str]
    stranger: Optional[str] = None
    rights: Sequence[Right] = ()

    def name(self, spec: TableSpec) -> Name:
        """Return schema and name of the function of an entry."""
        return (spec.schema or self.archivist.schema, spec.query_source)

    def table(self, spec: TableSpec) -> Optional[FoundTable]:
        """Return the relation that has the name of its transient table, or None."""
        return self.tables.get(_table_name(self.name(spec)))


def parse_tables(parameters: Iterable[Mapping[str, Any]]) -> Tuple[List[TableSpec], List[str]]:
    """Parse the C(tables) option of a task, and return the entries with every problem."""
    specs: List[TableSpec] = []
    problems: List[str] = []
    seen: Dict[Tuple[Optional[str], str], int] = {}
    for position, parameter in enumerate(parameters):
        spec = TableSpec(
            parameter["query_source"],
            parameter.get("schema"),
            parameter.get("state") == "absent",
            bool(parameter.get("adopt")),
        )
        found = []
        wrong_name = check_plain_name(spec.query_source)
        if wrong_name:
            found.append("query_source: " + wrong_name)
        if spec.schema is not None and (not spec.schema or "\0" in spec.schema):
            found.append("schema: it is empty or contains a zero byte: give a schema's name, or leave it out")
        if spec.absent and spec.adopt:
            found.append('adopt: found true with state "absent", which drops the table: leave it out')
        key = (spec.schema, spec.query_source)
        if key in seen:
            found.append("query_source: number {0} of the list has the same one: give it once".format(seen[key]))
        seen.setdefault(key, position + 1)
        where = printable(spec.query_source) or "number {0} of the list".format(position + 1)
        problems += ['table of "{0}", {1}'.format(where, problem) for problem in found]
        if not found:
            specs.append(spec)
    return specs, problems


class TransientTablesTask(Task[State, State]):
    """Reconciles the transient tables of a task with those of the server."""

    subject = "the transient tables"

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.specs, problems = parse_tables(params["tables"])
        self.roles = Roles(params)
        super().__init__(problems + self.roles.problems)

    def read(self, cursor: Any) -> State:
        archivist = detect_archivist(cursor)
        sources = [spec.query_source for spec in self.specs]
        names = [_table_name((spec.schema or archivist.schema, spec.query_source)) for spec in self.specs]
        extensions = read_extension_schemas(cursor)
        functions = read_functions(cursor, sources)
        tables = read_tables(cursor, archivist, names)
        schema = identifier(archivist.schema)
        cursor.execute(compose(archivist.registered_sources, schema=schema, names=literal(sources)))
        registered = cursor.fetchall()
        roles = read_roles(cursor, self.roles)
        cursor.execute(SESSION)
        _local_mode, stranger = cursor.fetchone()
        found = State(archivist, extensions, functions, tables, registered, roles, stranger)
        needed = [need for spec in self.specs if not spec.absent for need in _needs(spec, found, self.roles)]
        return replace(found, rights=read_rights(cursor, needed))

    def resolve(self, cursor: Any, found: State, locked: bool) -> Tuple[State, List[str]]:
        return found, []

    def check(self, cursor: Any, wanted: State) -> List[str]:
        problems = refusal_of_login(wanted.stranger) + self.roles.missing(wanted.roles)
        names: Dict[Name, str] = {}
        for spec in self.specs:
            name = wanted.name(spec)
            problem = _refusal(spec, wanted)
            if name in names and not problem:
                problem = "schema: without it, this is {0}.{1}, which the list has already: give it once".format(*name)
            names[name] = spec.query_source
            if problem:
                problems.append('table of "{0}", {1}'.format(spec.query_source, problem))
        return problems + not_grantable(wanted.rights)

    def plan(self, cursor: Any, wanted: State) -> Plan:
        plan = Plan()
        plan_rights(plan, wanted.rights)
        grants = wanted.archivist.grantees(self.roles.collector).transient
        for spec in self.specs:
            if spec.absent:
                _plan_removal(plan, spec, wanted)
            else:
                _plan_table(plan, spec, wanted, grants)
        return plan

    def check_plan(self, cursor: Any, wanted: State, plan: Plan, locked: bool) -> List[str]:
        return refusals_of_dependents(cursor, plan)

    def result(self, connection: Connection, planned: Planned[State], written: bool) -> Dict[str, Any]:
        return {"powa_version": planned.wanted.archivist.version_text}


def _needs(spec: TableSpec, state: State, roles: Roles) -> List[Needed]:
    """Return the rights that roles need on a function, and on a table that the module leaves to whoever made it."""
    name, table = state.name(spec), state.table(spec)
    theirs = table is not None and not _is_ours(table, name) and not spec.adopt
    return roles.calls([name] if name in state.functions else []) + roles.writes([_table_name(name)] if theirs else [])


def _table_name(name: Name) -> Name:
    return (name[0], name[1] + TRANSIENT_SUFFIX)


def _refusal(spec: TableSpec, state: State) -> Optional[str]:
    """Return why an entry is refused, or None."""
    table = state.table(spec)
    return _wrong_schema(spec, state) or (
        _removal_refusal(spec, table, state) if spec.absent else _table_refusal(spec, table, state)
    )


def _wrong_schema(spec: TableSpec, state: State) -> Optional[str]:
    schema, powa_schema = state.name(spec)[0], state.archivist.schema
    if schema == powa_schema:
        return None
    if not state.archivist.external_schemas:
        return (
            'schema: found "{0}", but with PoWA {1} the collector looks only in {2}: create the function there'
        ).format(printable(schema), state.archivist.version_text, powa_schema)
    if schema not in state.extensions.values():
        return (
            'schema: found "{0}", which holds no extension, but the collector looks only in PoWA\'s schema ({1}) and in'
            " those of extensions: create the function in one of these"
        ).format(printable(schema), powa_schema)
    return None


def _removal_refusal(spec: TableSpec, table: Optional[FoundTable], state: State) -> Optional[str]:
    if table is None:
        return None
    schema, source = state.name(spec)
    name = "{0}.{1}".format(*_table_name((schema, source)))
    if not _is_ours(table, (schema, source)):
        return "state: {0} {1}, and this module drops only tables that it made: drop it yourself".format(
            name, _whose(table)
        )
    if not table.table.unlogged:
        return (
            "state: {0} is logged, so someone keeps data in it, and this module drops only unlogged tables:"
            " set it unlogged, or drop it yourself"
        ).format(name)
    users = sorted(
        registered
        for registered, external, query_source in state.registered
        if query_source == source
        and schema == (state.extensions.get(registered) if external else state.archivist.schema)
    )
    if users:
        return (
            "state: the datasource {0} is registered with this query_source, and its snapshots would fail without {1}:"
            " unregister the datasource first (module pgfleet.powa.functions)"
        ).format(", ".join(users), name)
    return None


def _whose(table: FoundTable) -> str:
    if table.stranger:
        return 'belongs to role "{0}", which is {1}'.format(table.stranger, NOT_TRUSTED)
    if table.extension:
        return "belongs to the extension {0}".format(table.extension)
    if table.declared:
        return "belongs to a datasource of the module pgfleet.powa.datasources"
    return "has no mark of this module"


def _table_refusal(spec: TableSpec, table: Optional[FoundTable], state: State) -> Optional[str]:
    schema, source = state.name(spec)
    function = state.functions.get((schema, source))
    if function is None:
        elsewhere = [found for found, _name in state.functions if _name == source]
        return "query_source: found no function {0}.{1}(integer), {2}: {3}".format(
            schema,
            source,
            "but one in schema " + ", ".join(elsewhere) if elsewhere else "nor one in any other schema",
            "give that schema, or create the function here" if elsewhere else "create the function or its extension",
        )
    if function.stranger:
        return "query_source: " + strangers_refusal("{0}.{1}(integer)".format(schema, source), function.stranger)
    if table and table.stranger:
        name = "{0}.{1}".format(*_table_name((schema, source)))
        return "query_source: " + strangers_refusal(name, table.stranger)
    if function.declared or (table and table.declared):
        return (
            "query_source: {0}.{1} belongs to a datasource of the module pgfleet.powa.datasources, which makes the"
            " transient table itself: take it out of the list"
        ).format(schema, source)
    if function.problem:
        return "query_source: {0}.{1}(integer) {2}".format(schema, source, function.problem)
    if table is None:
        return None
    name = "{0}.{1}".format(*_table_name((schema, source)))
    if not table.is_table:
        return "query_source: {0} exists, but is not a plain table: rename or drop it".format(name)
    if spec.adopt and table.extension:
        return "adopt: {0} {1}, which maintains it: leave adopt out".format(name, _whose(table))
    ours, fits = _is_ours(table, (schema, source)), table.fits(function.columns)
    if not fits and not ours:
        return (
            "{0}: {1} {2} and has the columns ({3}), but the function's result needs ({4}): change or drop the table"
        ).format(
            "adopt" if spec.adopt else "query_source",
            name,
            _whose(table),
            column_list(table.table.columns),
            column_list((SRVID, *function.columns)),
        )
    return None


def _is_ours(table: FoundTable, name: Name) -> bool:
    is_marked = table.table.comment == MARK.format(*name)
    return is_marked and table.is_table and table.extension is None and table.stranger is None


def _plan_removal(plan: Plan, spec: TableSpec, state: State) -> None:
    found = state.table(spec)
    if found is not None:
        plan_drop(plan, found.table)


def _plan_table(plan: Plan, spec: TableSpec, state: State, grants: Mapping[str, Privileges]) -> None:
    source = state.name(spec)
    (schema, name), columns = _table_name(source), state.functions[source].columns
    found = state.table(spec)
    if found and not _is_ours(found, source) and not spec.adopt:
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
