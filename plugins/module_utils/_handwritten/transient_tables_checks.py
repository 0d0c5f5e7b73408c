# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused of a task about transient tables."""

from __future__ import annotations

from typing import List, Optional, Sequence, Set

from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import (
    SRVID,
    FoundTable,
    Name,
    column_list,
    printable,
    strangers_refusal,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables_spec import TableSpec
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables_state import (
    TransientTablesState,
    is_ours,
    table_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import NOT_TRUSTED


def refusals(specs: Sequence[TableSpec], state: TransientTablesState) -> List[str]:
    """Return everything that is refused of the entries of a task."""
    problems = []
    names: Set[Name] = set()
    for spec in specs:
        name = state.name(spec)
        problem = _refusal(spec, state)
        if name in names and not problem:
            problem = "schema: without it, this is {0}.{1}, which the list has already: give it once".format(*name)
        names.add(name)
        if problem:
            problems.append('table of "{0}", {1}'.format(spec.query_source, problem))
    return problems


def _refusal(spec: TableSpec, state: TransientTablesState) -> Optional[str]:
    """Return why an entry is refused, or None."""
    table = state.table(spec)
    return _wrong_schema(spec, state) or (
        _refusal_of_removal(spec, table, state) if spec.absent else _refusal_of_table(spec, table, state)
    )


def _wrong_schema(spec: TableSpec, state: TransientTablesState) -> Optional[str]:
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


def _refusal_of_removal(spec: TableSpec, table: Optional[FoundTable], state: TransientTablesState) -> Optional[str]:
    if table is None:
        return None
    schema, source = state.name(spec)
    name = "{0}.{1}".format(*table_name((schema, source)))
    if not is_ours(table, (schema, source)):
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


def _refusal_of_table(spec: TableSpec, table: Optional[FoundTable], state: TransientTablesState) -> Optional[str]:
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
        name = "{0}.{1}".format(*table_name((schema, source)))
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
    name = "{0}.{1}".format(*table_name((schema, source)))
    if not table.is_table:
        return "query_source: {0} exists, but is not a plain table: rename or drop it".format(name)
    if spec.adopt and table.extension:
        return "adopt: {0} {1}, which maintains it: leave adopt out".format(name, _whose(table))
    ours, fits = is_ours(table, (schema, source)), table.fits(function.columns)
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
