# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functions and transient tables of a task as a server has them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import (
    TRANSIENT_SUFFIX,
    FoundFunction,
    FoundTable,
    Name,
    read_extension_schemas,
    read_functions,
    read_tables,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.rights import (
    Needed,
    Right,
    Roles,
    read_rights,
    read_roles,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables_spec import TableSpec
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.detect import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._sql.catalog import SESSION

#: The comment of a table that this module made or took over, with the function's schema and name.
MARK = "pgfleet.powa transient table of {0}.{1}"


@dataclass(frozen=True)
class TransientTablesState:
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
        return self.tables.get(table_name(self.name(spec)))


def read_state(cursor: Any, specs: Sequence[TableSpec], asked: Roles) -> TransientTablesState:
    """Read what the server has of the entries of a task, and what roles have of the rights that they need."""
    archivist = detect_archivist(cursor)
    sources = [spec.query_source for spec in specs]
    names = [table_name((spec.schema or archivist.schema, spec.query_source)) for spec in specs]
    extensions = read_extension_schemas(cursor)
    functions = read_functions(cursor, sources)
    tables = read_tables(cursor, archivist, names)
    schema = identifier(archivist.schema)
    cursor.execute(compose(archivist.registered_sources, schema=schema, names=literal(sources)))
    registered = cursor.fetchall()
    roles = read_roles(cursor, asked)
    cursor.execute(SESSION)
    _local_mode, stranger = cursor.fetchone()
    found = TransientTablesState(archivist, extensions, functions, tables, registered, roles, stranger)
    needed = [need for spec in specs if not spec.absent for need in needed_rights(spec, found, asked)]
    return replace(found, rights=read_rights(cursor, needed))


def needed_rights(spec: TableSpec, state: TransientTablesState, roles: Roles) -> List[Needed]:
    """Return the rights that roles need on a function, and on a table that the module leaves to whoever made it."""
    name, table = state.name(spec), state.table(spec)
    theirs = table is not None and not is_ours(table, name) and not spec.adopt
    return roles.calls([name] if name in state.functions else []) + roles.writes([table_name(name)] if theirs else [])


def table_name(name: Name) -> Name:
    """Return schema and name of the transient table of a function."""
    return (name[0], name[1] + TRANSIENT_SUFFIX)


def is_ours(table: FoundTable, name: Name) -> bool:
    """Return whether this module made the transient table of a function, or took it over."""
    is_marked = table.table.comment == MARK.format(*name)
    return is_marked and table.is_table and table.extension is None and table.stranger is None
