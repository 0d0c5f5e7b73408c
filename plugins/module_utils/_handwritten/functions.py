# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From declared registrations of hand-written datasources to a plan of the registry's rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned, Task
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import (
    SRVID,
    TRANSIENT_SUFFIX,
    FoundFunction,
    FoundTable,
    Name,
    column_list,
    printable,
    read_extension_schemas,
    read_functions,
    read_tables,
    strangers_refusal,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions_spec import (
    FunctionsSpec,
    parse_datasources,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import (
    Archivist,
    RegisteredFunction,
    Registration,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.detect import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.row_changes import plan_rows
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import RegisteredServer, read_servers, resolve
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import handwritten as texts

#: Columns of the registry that this module does not set, except the extension of a datasource that has one.
_LEFT_ALONE = ("extname", "retention")

#: PoWA 5's own syntax: the collector fills in the schema that an extension has on the remote.
_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_-]*)\}")


@dataclass(frozen=True)
class State:
    """The repository as it is.

    :param registry: rows of the registry about the names of the task
    :param listed: rows of the table, besides the registry, that lists the extensions of each server
    :param extensions: name to schema of those in this database
    :param available: those extensions named by some query_cleanup that this server could have
    :param registered: (name, external, query_source) of those of the task's functions that the registry has
    """

    archivist: Archivist
    servers: Sequence[RegisteredServer]
    registry: Sequence[Row]
    listed: Sequence[Row]
    extensions: Mapping[str, str]
    available: Set[str]
    functions: Mapping[Name, FoundFunction]
    tables: Mapping[Name, FoundTable]
    registered: Sequence[Tuple[str, bool, str]]

    def rows(self, name: str) -> List[Row]:
        """Return the rows of one datasource."""
        return [row for row in self.registry if row.module == name]

    def known(self, name: str) -> Optional[Row]:
        """Return the row that says that PoWA itself brings this datasource, or None."""
        own = [row for row in self.rows(name) if row.is_extension and row.by_powa]
        return own[0] if own else None

    def external(self, spec: FunctionsSpec) -> bool:
        """Whether the functions of a datasource are in the schema of an extension."""
        if spec.external is not None and self.archivist.external_schemas:
            return spec.external
        known = self.known(spec.name)
        return bool(known.values["external"]) if known else spec.name in self.extensions

    def schema(self, spec: FunctionsSpec) -> Optional[str]:
        """Return where PoWA looks for the functions, or None if this database lacks their extension."""
        if self.archivist.external_schemas and self.external(spec):
            return self.extensions.get(spec.name)
        return self.archivist.schema

    def srvids(self, spec: FunctionsSpec) -> List[int]:
        """Return the servers of a present datasource."""
        if spec.servers is None:
            return [server.srvid for server in self.servers]
        srvids = ([0] if spec.local else []) + resolve(self.servers, spec.servers)[0]
        return sorted(set(srvids))


class FunctionsTask(Task[State, State]):
    """Reconciles the registrations of a task with the registry."""

    subject = "the datasources"

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.specs, problems = parse_datasources(params["datasources"])
        super().__init__(problems)

    def read(self, cursor: Any) -> State:
        return _read(cursor, self.specs)

    def resolve(self, cursor: Any, found: State, locked: bool) -> Tuple[State, List[str]]:
        return found, []

    def check(self, cursor: Any, wanted: State) -> List[str]:
        return [
            'datasource "{0}", {1}'.format(spec.name, problem)
            for spec in self.specs
            for problem in _refusals(spec, wanted)
        ]

    def plan(self, cursor: Any, wanted: State) -> Plan:
        plan = Plan()
        for spec in self.specs:
            rows = [] if spec.absent else _wanted_rows(spec, wanted)
            now = [*wanted.listed, *wanted.rows(spec.name)]
            plan_rows(plan, wanted.archivist.schema, rows, now, _Managed(spec, wanted))
        return plan

    def result(self, connection: Connection, planned: Planned[State], written: bool) -> Dict[str, Any]:
        return {"powa_version": planned.wanted.archivist.version_text}


def _read(cursor: Any, specs: Sequence[FunctionsSpec]) -> State:
    archivist = detect_archivist(cursor)
    names = [spec.name for spec in specs]
    servers = read_servers(cursor, archivist)
    registry, listed = (
        [row for table in tables for row in table.read(cursor, archivist.schema)]
        for tables in (archivist.registry_tables(names), archivist.extension_tables(names))
    )
    extensions = read_extension_schemas(cursor)
    placeholders = {
        name
        for spec in specs
        for function in spec.functions
        for name in _PLACEHOLDER.findall(function.query_cleanup or "")
    }
    cursor.execute(compose(texts.AVAILABLE, names=literal(sorted(placeholders))))
    available = {name for (name,) in cursor.fetchall()}
    sources = [source for spec in specs for source in spec.sources]
    called = sources + [function.name for spec in specs for function in spec.functions]
    called += [row.key["function_name"] for row in registry if "function_name" in row.key]
    # A declared datasource without any server has no rows on PoWA 4.
    called += [_declared_snapshot(name) for name in names]
    functions = read_functions(cursor, called)
    schemas = {archivist.schema, *(extensions[name] for name in names if name in extensions)}
    tables = read_tables(
        cursor, archivist, [(schema, source + TRANSIENT_SUFFIX) for schema in schemas for source in sources]
    )
    cursor.execute(compose(archivist.registered_sources, schema=identifier(archivist.schema), names=literal(sources)))
    return State(archivist, servers, registry, listed, extensions, available, functions, tables, cursor.fetchall())


def _declared_snapshot(name: str) -> str:
    return "powa_{0}_snapshot".format(name)


def _refusals(spec: FunctionsSpec, state: State) -> List[str]:
    problems = ["servers: {0}".format(problem) for problem in resolve(state.servers, spec.servers or ())[1]]
    refusal = _name_refusal(spec, state)
    if refusal:
        problems.append("name: " + refusal)
    elif not spec.absent:
        problems += _function_refusals(spec, state)
    return problems


def _name_refusal(spec: FunctionsSpec, state: State) -> Optional[str]:
    known = state.known(spec.name)
    advice = "activate it with the option extensions of pgfleet.powa.servers"
    if spec.name in state.archivist.built_in or (spec.absent and known and not known.values["external"]):
        return "PoWA itself brings this datasource: " + advice
    if known and not spec.absent:
        differing = _differing(spec, known, state)
        if differing:
            return (
                "PoWA itself brings this datasource, and with other functions ({0}): declare the same, or {1}"
            ).format("; ".join(differing), advice)
    elsewhere = sorted({row.table for row in state.rows(spec.name) if row.of_databases})
    if elsewhere:
        return "a datasource with scope database has this name ({0}): choose another".format(", ".join(elsewhere))
    functions = {function.name for function in _functions(spec, state)} | {_declared_snapshot(spec.name)}
    functions |= {row.key["function_name"] for row in state.rows(spec.name) if "function_name" in row.key}
    declared = sorted(
        name
        for (schema, name), function in state.functions.items()
        if name in functions and function.declared and schema == state.archivist.schema
    )
    if declared:
        return (
            "this datasource has functions of the module pgfleet.powa.datasources ({0}), which registers them itself:"
            " leave the datasource to that module, or choose another name"
        ).format(", ".join(declared))
    return None


def _functions(spec: FunctionsSpec, state: State) -> List[RegisteredFunction]:
    """Return the functions whose operation this PoWA knows."""
    return [function for function in spec.functions if function.operation in state.archivist.operations]


def _differing(spec: FunctionsSpec, known: Row, state: State) -> List[str]:
    own = {
        _registered_text(
            row.key["operation"],
            row.key["function_name"],
            row.values["query_source"],
            row.values["query_cleanup"],
            row.values["priority"],
        )
        for row in state.rows(spec.name)
        if row.function is not None and not row.of_databases
    }
    declared = {
        _registered_text(
            function.operation, function.name, function.query_source, function.query_cleanup, spec.priority
        )
        for function in _functions(spec, state)
    }
    differing = ["the task declares {0}".format(text) for text in sorted(declared - own)]
    differing += ["PoWA has {0}".format(text) for text in sorted(own - declared)]
    if state.external(spec) != known.values["external"]:
        differing.append("PoWA has external {0}".format("true" if known.values["external"] else "false"))
    return differing


def _registered_text(operation: str, name: str, source: Optional[str], cleanup: Optional[str], priority: Any) -> str:
    text = "{0} {1}".format(operation, printable(name))
    if source:
        text += " from {0}".format(source)
    if cleanup:
        text += ", then {0}".format(printable(cleanup))
    return "{0}, priority {1}".format(text, priority)


def _function_refusals(spec: FunctionsSpec, state: State) -> List[str]:
    schema = state.schema(spec)
    if schema is None:
        return [
            "external: PoWA looks for the functions in the schema of the extension {0}, which this database lacks:"
            " create the extension (module pgfleet.powa.extensions){1}".format(
                spec.name, "" if state.known(spec.name) else ", or set external to false"
            )
        ]
    problems = []
    for position, function in enumerate(spec.functions):
        if function.operation not in state.archivist.operations:
            continue
        found = [
            _missing_function(function, schema, spec, state),
            _cleanup_refusal(function, spec, state),
            _source_refusal(function, schema, spec, state),
        ]
        problems += ["functions[{0}].{1}".format(position, problem) for problem in found if problem]
    return problems


def _missing_function(function: RegisteredFunction, schema: str, spec: FunctionsSpec, state: State) -> Optional[str]:
    if (schema, function.name) in state.functions:
        found = state.functions[schema, function.name]
        name = "{0}.{1}(integer)".format(schema, function.name)
        return "function_name: " + strangers_refusal(name, found.stranger) if found.stranger else None
    elsewhere = [found for found, name in state.functions if name == function.name]
    advice = "create it here, too"
    if state.archivist.schema in elsewhere:
        advice = "set external to false"
    elif state.archivist.external_schemas and state.extensions.get(spec.name) in elsewhere:
        advice = "set external to true"
    elif not elsewhere:
        advice = "create it on this server"
    return "function_name: found no function {0}.{1}(integer), {2}: {3}".format(
        schema,
        printable(function.name),
        "but one in schema " + ", ".join(elsewhere) if elsewhere else "nor one in any other schema",
        advice,
    )


def _cleanup_refusal(function: RegisteredFunction, spec: FunctionsSpec, state: State) -> Optional[str]:
    cleanup = function.query_cleanup or ""
    way_out = "put the statement into a function on the remote, and give its call"
    if state.archivist.external_schemas:
        known = {"powa", spec.name, *state.extensions, *state.available}
        unknown = sorted(set(_PLACEHOLDER.findall(cleanup)) - known)
        if unknown:
            return (
                'query_cleanup: found "{{{0}}}", but this server has no extension of that name, and the collector'
                " exits without a message if a remote has none: correct the name, or {1}"
            ).format(unknown[0], way_out)
        cleanup = _PLACEHOLDER.sub("", cleanup)
    if "{" in cleanup or "}" in cleanup:
        return ("query_cleanup: found a brace{0}, which makes the collector exit without a message: {1}").format(
            " outside of a placeholder such as {powa}" if state.archivist.external_schemas else "", way_out
        )
    return None


def _source_refusal(function: RegisteredFunction, schema: str, spec: FunctionsSpec, state: State) -> Optional[str]:
    source = function.query_source
    if not source:
        return None
    for name, external, query_source in state.registered:
        where = state.extensions.get(name) if external else state.archivist.schema
        if name != spec.name and query_source == source and where == schema:
            return (
                "query_source: {0}.{1} is registered for the datasource {2} already, so the collector would copy each"
                " of its rows twice: unregister that datasource, or choose another function"
            ).format(schema, source, printable(name))
    if not spec.collected:
        return None
    table, found = state.tables.get((schema, source + TRANSIENT_SUFFIX)), state.functions.get((schema, source))
    name = "{0}.{1}{2}".format(schema, source, TRANSIENT_SUFFIX)
    if found and found.stranger:
        return "query_source: " + strangers_refusal("{0}.{1}(integer)".format(schema, source), found.stranger)
    if table and table.stranger:
        return "query_source: its transient table " + strangers_refusal(name, table.stranger)
    if table is None or not table.is_table:
        return "query_source: its transient table {0} {1}: create it with pgfleet.powa.transient_tables".format(
            name, "does not exist" if table is None else "is not a plain table"
        )
    if found is None:
        return None
    if found.problem:
        return "query_source: {0}.{1}(integer) {2}".format(schema, source, found.problem)
    if not table.fits(found.columns):
        return (
            "query_source: its transient table {0} has the columns ({1}), but its result needs ({2}):"
            " repair the table with pgfleet.powa.transient_tables"
        ).format(name, column_list(table.table.columns), column_list((SRVID, *found.columns)))
    return None


def _wanted_rows(spec: FunctionsSpec, state: State) -> List[Row]:
    srvids, external, known = state.srvids(spec), state.external(spec), state.known(spec.name)
    registration = Registration(
        name=spec.name,
        functions=tuple(_functions(spec, state)),
        priority=spec.priority,
        enabled=spec.enabled,
        srvids=tuple(srvids),
        external=external,
    )
    rows = [_ours(row) for row in state.archivist.registry_rows(registration)]
    if known:
        # Rows for all servers are PoWA's own, and it marks those for the local server as its own, too.
        rows = [row.marked(by_powa=row.srvid == 0) for row in rows if row.srvid is not None]
    if not external:
        return rows
    listed = state.archivist.extension_rows(spec.name, srvids)
    if listed:
        rows = [Row(row.table, row.key, dict(row.values, extname=spec.name)) for row in rows]
    return listed + rows


def _ours(row: Row) -> Row:
    return Row(row.table, row.key, {name: value for name, value in row.values.items() if name not in _LEFT_ALONE})


class _Managed:
    """Tells which rows of a datasource are deleted when they are not wanted."""

    def __init__(self, spec: FunctionsSpec, state: State) -> None:
        self._known = state.known(spec.name) is not None
        self._srvids: Optional[List[int]] = None
        self._absent, self._everywhere = spec.absent, spec.servers is None
        if not self._everywhere:
            self._srvids = state.srvids(spec)
        elif not spec.absent:
            self._srvids = [server.srvid for server in state.servers]

    def __call__(self, row: Row) -> bool:
        if row.of_databases or not row.by_others:
            return False
        if row.srvid is not None:
            return self._srvids is None or row.srvid in self._srvids
        # A row that is about no single server stays for the other servers.
        return not self._known and (self._everywhere or not self._absent)
