# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why the registration of hand-written datasources is refused, before anything is written."""

from __future__ import annotations

from typing import List, Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import (
    SRVID,
    TRANSIENT_SUFFIX,
    Name,
    column_list,
    printable,
    strangers_refusal,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions_spec import FunctionsSpec
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions_state import (
    PLACEHOLDER,
    FunctionsState,
    declared_snapshot,
    known_functions,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.rights import Table
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.unmentioned import (
    declared_function,
    unclear_texts,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import RegisteredFunction
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import resolve


def refusals(spec: FunctionsSpec, state: FunctionsState) -> List[str]:
    problems = ["servers: {0}".format(problem) for problem in resolve(state.servers, spec.servers or ())[1]]
    refusal = _name_refusal(spec, state)
    if refusal:
        problems.append("name: " + refusal)
    elif not spec.absent:
        problems += _function_refusals(spec, state)
        problems += unclear_texts(spec, state.srvids(spec), state.rows(spec.name))
    return problems


def remote_refusals(spec: FunctionsSpec, state: FunctionsState) -> List[str]:
    """Return why the functions of a datasource cannot be called on a remote."""
    schema = state.schema(spec)
    if spec.absent:
        return []
    if schema is None:
        return _function_refusals(spec, state)
    problems = []
    for position, function in enumerate(spec.functions):
        source = function.query_source
        if not source:
            continue
        found, name = state.functions.get((schema, source)), "{0}.{1}(integer)".format(schema, source)
        if found is None:
            problem = "found no function {0}: create it on this server".format(name)
        elif found.stranger:
            problem = strangers_refusal(name, found.stranger)
        else:
            continue
        problems.append("functions[{0}].query_source: {1}".format(position, problem))
    return problems


def _table_refusals(spec: FunctionsSpec, schema: str, state: FunctionsState) -> List[str]:
    """Return which of the tables that the collector's role is to write to do not exist."""
    missing = {right.needed.object for right in state.rights if right.owner is None}
    return [
        "tables[{0}]: found no table {1}.{2}: create it, or correct the name".format(position, *map(printable, name))
        for position, name in enumerate(history_tables(spec, schema))
        if Table(*name) in missing
    ]


def history_tables(spec: FunctionsSpec, schema: str) -> List[Name]:
    return [(given or schema, name) for given, name in spec.tables]


def _name_refusal(spec: FunctionsSpec, state: FunctionsState) -> Optional[str]:
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
    functions = {function.name for function in known_functions(spec, state)} | {declared_snapshot(spec.name)}
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


def _differing(spec: FunctionsSpec, known: Row, state: FunctionsState) -> List[str]:
    registered = {
        (row.key["operation"], row.function): row
        for row in state.rows(spec.name)
        if row.function is not None and not row.of_databases
    }
    own = {_registered_text(row) for row in registered.values()}
    declared = {
        _registered_text(
            declared_function(function, spec.priority, registered.get((function.operation, function.name)))
        )
        for function in known_functions(spec, state)
    }
    differing = ["the task declares {0}".format(text) for text in sorted(declared - own)]
    differing += ["PoWA has {0}".format(text) for text in sorted(own - declared)]
    if state.external(spec) != known.values["external"]:
        differing.append("PoWA has external {0}".format("true" if known.values["external"] else "false"))
    return differing


def _registered_text(row: Row) -> str:
    text = "{0} {1}".format(row.key["operation"], printable(row.key["function_name"]))
    if row.values["query_source"]:
        text += " from {0}".format(row.values["query_source"])
    if row.values["query_cleanup"]:
        text += ", then {0}".format(printable(row.values["query_cleanup"]))
    return "{0}, priority {1}".format(text, row.values["priority"])


def _function_refusals(spec: FunctionsSpec, state: FunctionsState) -> List[str]:
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
    return problems + _table_refusals(spec, schema, state)


def _missing_function(
    function: RegisteredFunction, schema: str, spec: FunctionsSpec, state: FunctionsState
) -> Optional[str]:
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


def _cleanup_refusal(function: RegisteredFunction, spec: FunctionsSpec, state: FunctionsState) -> Optional[str]:
    cleanup = function.query_cleanup or ""
    way_out = "put the statement into a function on the remote, and give its call"
    if state.archivist.external_schemas:
        known = {"powa", spec.name, *state.extensions, *state.available}
        unknown = sorted(set(PLACEHOLDER.findall(cleanup)) - known)
        if unknown:
            return (
                'query_cleanup: found "{{{0}}}", but this server has no extension of that name, and the collector'
                " exits without a message if a remote has none: correct the name, or {1}"
            ).format(unknown[0], way_out)
        cleanup = PLACEHOLDER.sub("", cleanup)
    if "{" in cleanup or "}" in cleanup:
        return ("query_cleanup: found a brace{0}, which makes the collector exit without a message: {1}").format(
            " outside of a placeholder such as {powa}" if state.archivist.external_schemas else "", way_out
        )
    return None


def _source_refusal(
    function: RegisteredFunction, schema: str, spec: FunctionsSpec, state: FunctionsState
) -> Optional[str]:
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
