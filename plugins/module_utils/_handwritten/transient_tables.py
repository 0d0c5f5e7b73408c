# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the functions of hand-written datasources to a plan of their transient tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import connected
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import (
    SRVID,
    TRANSIENT_SUFFIX,
    FoundFunction,
    FoundTable,
    Name,
    ResultColumn,
    check_plain_name,
    column_list,
    printable,
    read_extension_schemas,
    read_functions,
    read_tables,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist, detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import handwritten as texts
from ansible_collections.pgfleet.powa.plugins.module_utils._sql.catalog import ROLES

#: The comment of a table that this module made or took over, with the function's schema and name.
MARK = "pgfleet.powa transient table of {0}.{1}"

#: What a table that is being replaced is called until its rows are taken over; the number is its own.
_REPLACED = "pgfleet_powa_{0}"

_SUBJECT = "the transient tables"


@dataclass(frozen=True)
class TableSpec:
    """One entry of a task.

    :param schema: None for PoWA's
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
    """

    archivist: Archivist
    extensions: Mapping[str, str]
    functions: Mapping[Name, FoundFunction]
    tables: Mapping[Name, FoundTable]
    registered: Sequence[Tuple[str, bool, str]]
    roles: Sequence[str]

    def name(self, spec: TableSpec) -> Name:
        """Return schema and name of the function of an entry."""
        return (spec.schema or self.archivist.schema, spec.query_source)

    def table(self, spec: TableSpec) -> Optional[FoundTable]:
        """Return what has the name of its transient table, or None."""
        return self.tables.get(_table_name(self.name(spec)))


def reconcile(params: Mapping[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Make the transient tables as declared, or in check mode say what that would change.

    :raises PowaError: with everything that is wrong, before anything is written
    """
    specs, problems = parse_tables(params["tables"])
    role = params["collector_role"]
    if role is not None and (not role or "\0" in role):
        problems.append("collector_role: it is empty or holds a zero byte: give a role's name, or leave it out")
        role = None
    with connected(params, check_mode, _SUBJECT, problems) as connection:
        with connection.reading() as cursor:
            plan, archivist = _plan(cursor, specs, role, problems)
        if plan.changed and not check_mode:
            plan = connection.write(lambda cursor: _apply(cursor, specs, role))
        return {
            **plan.result(),
            "powa_version": archivist.version_text,
        }


def parse_tables(parameters: Iterable[Mapping[str, Any]]) -> Tuple[List[TableSpec], List[str]]:
    """Parse the C(tables) option of a task, and return every problem beside what was parsed."""
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
            found.append("schema: it is empty or holds a zero byte: give a schema's name, or leave it out")
        if spec.absent and spec.adopt:
            found.append('adopt: found true with state "absent": only a table that stays can be taken over')
        key = (spec.schema, spec.query_source)
        if key in seen:
            found.append("query_source: it is also number {0} of the list: give it once".format(seen[key]))
        seen.setdefault(key, position + 1)
        where = printable(spec.query_source) or "number {0} of the list".format(position + 1)
        problems += ['table of "{0}", {1}'.format(where, problem) for problem in found]
        if not found:
            specs.append(spec)
    return specs, problems


def _apply(cursor: Any, specs: Sequence[TableSpec], role: Optional[str]) -> Plan:
    plan, _archivist = _plan(cursor, specs, role, [])
    plan.apply(cursor)
    return plan


def _plan(
    cursor: Any, specs: Sequence[TableSpec], role: Optional[str], problems: Sequence[str]
) -> Tuple[Plan, Archivist]:
    state = _read(cursor, specs, role)
    found = list(problems)
    if role and role not in state.roles:
        found.append(
            'collector_role: role "{0}" does not exist on this server: create it first'.format(printable(role))
        )
    names: Dict[Name, str] = {}
    for spec in specs:
        name = state.name(spec)
        problem = _refusal(spec, state)
        if name in names and not problem:
            problem = "schema: without it, this is {0}.{1}, which is in the list already: give it once".format(*name)
        names[name] = spec.query_source
        if problem:
            found.append('table of "{0}", {1}'.format(spec.query_source, problem))
    if found:
        raise ProblemsError(_SUBJECT, found)
    plan = Plan()
    grants = state.archivist.grantees(role).transient
    for spec in specs:
        if spec.absent:
            _plan_removal(plan, spec, state)
        else:
            _plan_table(plan, spec, state, grants)
    return plan, state.archivist


def _read(cursor: Any, specs: Sequence[TableSpec], role: Optional[str]) -> State:
    archivist = detect_archivist(cursor)
    sources = [spec.query_source for spec in specs]
    extensions = read_extension_schemas(cursor)
    functions = read_functions(cursor, sources)
    tables = read_tables(cursor, [_table_name((spec.schema or archivist.schema, spec.query_source)) for spec in specs])
    cursor.execute(compose(archivist.registered_sources, schema=identifier(archivist.schema), names=literal(sources)))
    registered = cursor.fetchall()
    cursor.execute(compose(ROLES, names=literal([role] if role else [])))
    return State(archivist, extensions, functions, tables, registered, [found for (found,) in cursor.fetchall()])


def _table_name(name: Name) -> Name:
    return (name[0], name[1] + TRANSIENT_SUFFIX)


def _refusal(spec: TableSpec, state: State) -> Optional[str]:
    """Return why an entry can not be made true, or None."""
    table = state.table(spec)
    return _wrong_schema(spec, state) or (
        _removal_refusal(spec, table, state) if spec.absent else _table_refusal(spec, table, state)
    )


def _wrong_schema(spec: TableSpec, state: State) -> Optional[str]:
    schema, powa_schema = state.name(spec)[0], state.archivist.schema
    if schema == powa_schema:
        return None
    if not state.archivist.external_schemas:
        return 'schema: found "{0}", and with PoWA {1} the collector looks in {2} only: make the function there'.format(
            printable(schema), state.archivist.version_text, powa_schema
        )
    if schema not in state.extensions.values():
        return (
            'schema: found "{0}", where no extension is, and the collector looks in PoWA\'s schema ({1}) and in those'
            " of extensions only: make the function in one of these"
        ).format(printable(schema), powa_schema)
    return None


def _removal_refusal(spec: TableSpec, table: Optional[FoundTable], state: State) -> Optional[str]:
    if table is None:
        return None
    schema, source = state.name(spec)
    name = "{0}.{1}".format(*_table_name((schema, source)))
    if not _is_ours(table, (schema, source)):
        return "state: {0} {1}, and only a table that this module made is dropped: drop it yourself".format(
            name, _whose(table)
        )
    if not table.unlogged:
        return (
            "state: {0} is logged, so someone keeps data in it, and only an unlogged table is dropped:"
            " set it unlogged, or drop it yourself"
        ).format(name)
    if table.dependents:
        return "state: {0} depends on {1}: drop that first".format(", ".join(table.dependents), name)
    users = sorted(
        registered
        for registered, external, query_source in state.registered
        if query_source == source
        and schema == (state.extensions.get(registered) if external else state.archivist.schema)
    )
    if users:
        return (
            "state: the datasource {0} is registered with this query_source, and its snapshots would fail without {1}:"
            " unregister it first (module pgfleet.powa.functions)"
        ).format(", ".join(users), name)
    return None


def _whose(table: FoundTable) -> str:
    if table.extension:
        return "belongs to the extension {0}".format(table.extension)
    if table.declared:
        return "belongs to a datasource of the module pgfleet.powa.datasources"
    return "is not marked as made by this module"


def _table_refusal(spec: TableSpec, table: Optional[FoundTable], state: State) -> Optional[str]:
    schema, source = state.name(spec)
    function = state.functions.get((schema, source))
    if function is None:
        elsewhere = [found for found, _name in state.functions if _name == source]
        return "query_source: there is no function {0}.{1}(integer), {2}: {3}".format(
            schema,
            source,
            "only in schema " + ", ".join(elsewhere) if elsewhere else "in no other schema either",
            "give its schema, or make it here" if elsewhere else "create it first, or its extension",
        )
    if function.declared or (table and table.declared):
        return (
            "query_source: {0}.{1} belongs to a datasource of the module pgfleet.powa.datasources, which makes its"
            " transient table: leave it out"
        ).format(schema, source)
    if function.problem:
        return "query_source: {0}.{1}(integer) {2}".format(schema, source, function.problem)
    if table is None:
        return None
    name = "{0}.{1}".format(*_table_name((schema, source)))
    if not table.is_table:
        return "query_source: {0} is there and not a plain table: rename or drop it".format(name)
    if spec.adopt and table.extension:
        return "adopt: {0} {1}, which keeps it: leave adopt out".format(name, _whose(table))
    ours, fits = _is_ours(table, (schema, source)), table.fits(function.columns)
    if not fits and not ours:
        return (
            "{0}: {1} {2} and has the columns ({3}), the function's result needs ({4}): change or drop the table"
        ).format(
            "adopt" if spec.adopt else "query_source",
            name,
            _whose(table),
            column_list(table.columns),
            column_list((SRVID, *function.columns)),
        )
    if not fits and table.dependents:
        return "query_source: {0} depends on {1}, whose columns have to change: drop that first".format(
            ", ".join(table.dependents), name
        )
    return None


def _is_ours(table: FoundTable, name: Name) -> bool:
    return table.is_table and table.extension is None and table.comment == MARK.format(*name)


def _plan_removal(plan: Plan, spec: TableSpec, state: State) -> None:
    table = state.table(spec)
    if table is not None:
        name = _table_name(state.name(spec))
        plan.add(_identity(name), _describe(table), None, compose(texts.DROP, name=identifier(*name)))


def _plan_table(plan: Plan, spec: TableSpec, state: State, grants: Mapping[str, Tuple[str, ...]]) -> None:
    source = state.name(spec)
    columns, name = state.functions[source].columns, _table_name(source)
    table = state.table(spec)
    if table and not _is_ours(table, source) and not spec.adopt:
        return
    merged = dict(table.grants) if table else {}
    for role, privileges in grants.items():
        merged[role] = tuple(sorted(set(privileges) | set(merged.get(role, ()))))
    wanted = FoundTable(0, True, True, (SRVID, *columns), True, MARK.format(*source), None, merged, ())
    if table is None:
        statements = _create(name, wanted)
    elif table.columns != wanted.columns:
        statements = _replace(name, table, wanted)
    else:
        statements = _repair(name, table, wanted)
    plan.add(_identity(name), _describe(table) if table else None, _describe(wanted), *statements)


def _identity(name: Name) -> str:
    return "table {0}.{1}".format(*name)


def _describe(table: FoundTable) -> str:
    lines = ["unlogged" if table.unlogged else "logged"]
    lines += [column.describe() for column in table.columns]
    lines.append("srvid not null: {0}".format("yes" if table.not_null else "no"))
    lines.append("comment: {0}".format(table.comment))
    lines += [
        "grant {0} to {1}".format(", ".join(privileges), role or "public")
        for role, privileges in sorted(table.grants.items())
    ]
    return "\n".join(lines)


def _create(name: Name, wanted: FoundTable) -> List[Any]:
    columns = [raw(texts.FIRST_COLUMN)]
    columns += [_column(column) for column in wanted.columns[1:]]
    create = compose(texts.CREATE, name=identifier(*name), columns=joined(columns))
    return [create, _comment(name, wanted), *_grant(name, {}, wanted)]


def _column(column: ResultColumn) -> Any:
    # The type is as the server wrote it, qualified and quoted.
    return compose(texts.COLUMN, name=identifier(column.name), type=raw(column.type))


def _replace(name: Name, table: FoundTable, wanted: FoundTable) -> List[Any]:
    """Return what makes the table anew, since columns can not be put in another order, and keeps its rows."""
    replaced = _REPLACED.format(table.oid)
    statements = [compose(texts.RENAME, name=identifier(*name), new_name=identifier(replaced)), *_create(name, wanted)]
    kept = [column for column in wanted.columns if column in table.columns]
    if SRVID in kept:
        statements.append(
            compose(
                texts.COPY_ROWS,
                name=identifier(*name),
                old_name=identifier(name[0], replaced),
                columns=joined(identifier(column.name) for column in kept),
            )
        )
    return [*statements, compose(texts.DROP, name=identifier(name[0], replaced))]


def _repair(name: Name, table: FoundTable, wanted: FoundTable) -> List[Any]:
    statements = []
    if not table.unlogged:
        statements.append(compose(texts.SET_UNLOGGED, name=identifier(*name)))
    if not table.not_null:
        statements.append(compose(texts.SET_NOT_NULL, name=identifier(*name)))
    if table.comment != wanted.comment:
        statements.append(_comment(name, wanted))
    return statements + _grant(name, table.grants, wanted)


def _comment(name: Name, wanted: FoundTable) -> Any:
    return compose(texts.COMMENT, name=identifier(*name), comment=literal(wanted.comment))


def _grant(name: Name, granted: Mapping[str, Tuple[str, ...]], wanted: FoundTable) -> List[Any]:
    statements = []
    for role, privileges in wanted.grants.items():
        missing = sorted(set(privileges) - set(granted.get(role, ())))
        if missing:
            statements.append(
                compose(
                    texts.GRANT,
                    name=identifier(*name),
                    privileges=joined(raw(privilege) for privilege in missing),
                    role=identifier(role) if role else raw(texts.PUBLIC),
                )
            )
    return statements
