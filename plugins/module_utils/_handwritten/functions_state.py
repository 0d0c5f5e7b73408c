# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repository as it is, as far as hand-written datasources go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, List, Mapping, Optional, Sequence, Set, Tuple

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
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions_spec import FunctionsSpec
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.rights import Right
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist, RegisteredFunction
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.detect import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import RegisteredServer, read_servers, resolve
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import handwritten as texts

#: PoWA 5's own syntax: the collector fills in the schema that an extension has on the remote.
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_-]*)\}")


@dataclass(frozen=True)
class FunctionsState:
    """The repository as it is.

    :param registry: rows of the registry about the names of the task
    :param listed: rows of the table, besides the registry, that lists the extensions of each server
    :param extensions: name to schema of those in this database
    :param available: those extensions named by some query_cleanup that this server could have
    :param registered: (name, external, query_source) of those of the task's functions that the registry has
    :param roles: those of the roles that the task names that exist
    :param rights: what these have of the rights that they need
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
    roles: Sequence[str] = ()
    rights: Sequence[Right] = ()

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
        known, there = self.known(spec.name), spec.name in self.extensions
        if known:
            return bool(known.values["external"])
        # PoWA's default is true, also for functions that are in its own schema, where they would never be found.
        return there and all(row.values["external"] for row in self.rows(spec.name) if row.is_extension)

    def schema(self, spec: FunctionsSpec) -> Optional[str]:
        """Return where PoWA looks for the functions, or None if this database lacks their extension."""
        if self.archivist.external_schemas and self.external(spec):
            return self.extensions.get(spec.name)
        return self.archivist.schema

    def sources(self, spec: FunctionsSpec) -> List[str]:
        """Return the functions whose rows the collector copies, also those that the task leaves as registered."""
        return _sources(spec, self.registry)

    def srvids(self, spec: FunctionsSpec) -> List[int]:
        """Return the servers of a present datasource."""
        if spec.servers is None:
            return [server.srvid for server in self.servers]
        srvids = ([0] if spec.local else []) + resolve(self.servers, spec.servers)[0]
        return sorted(set(srvids))


def read_state(cursor: Any, specs: Sequence[FunctionsSpec]) -> FunctionsState:
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
        for name in PLACEHOLDER.findall(function.query_cleanup or "")
    }
    cursor.execute(compose(texts.AVAILABLE, names=literal(sorted(placeholders))))
    available = {name for (name,) in cursor.fetchall()}
    sources = [source for spec in specs for source in spec.sources]
    copied = [source for spec in specs for source in _sources(spec, registry)]
    called = copied + [function.name for spec in specs for function in spec.functions]
    called += [row.key["function_name"] for row in registry if "function_name" in row.key]
    # A declared datasource without any server has no rows on PoWA 4.
    called += [declared_snapshot(name) for name in names]
    functions = read_functions(cursor, called)
    schemas = {archivist.schema, *(extensions[name] for name in names if name in extensions)}
    tables = read_tables(
        cursor, archivist, [(schema, source + TRANSIENT_SUFFIX) for schema in schemas for source in copied]
    )
    cursor.execute(compose(archivist.registered_sources, schema=identifier(archivist.schema), names=literal(sources)))
    return FunctionsState(
        archivist, servers, registry, listed, extensions, available, functions, tables, cursor.fetchall()
    )


def _sources(spec: FunctionsSpec, registry: Sequence[Row]) -> List[str]:
    kept = {(function.operation, function.name) for function in spec.functions if function.query_source is None}
    registered = [
        row.values.get("query_source")
        for row in registry
        if row.module == spec.name and (row.key.get("operation"), row.function) in kept
    ]
    return list(dict.fromkeys([*spec.sources, *(source for source in registered if source)]))


def known_functions(spec: FunctionsSpec, state: FunctionsState) -> List[RegisteredFunction]:
    """Return the functions whose operation this PoWA knows."""
    return [function for function in spec.functions if function.operation in state.archivist.operations]


def declared_snapshot(name: str) -> str:
    return "powa_{0}_snapshot".format(name)
