# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers of a repository as they are: their rows, and what is active on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._archivist import Archivist, detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._definition import (
    MARK,
    Definition,
    definition_of,
    stored_definition,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._intervals import read_intervals
from ansible_collections.pgfleet.powa.plugins.module_utils._registered import RegisteredServer, read_servers
from ansible_collections.pgfleet.powa.plugins.module_utils._registry import is_about
from ansible_collections.pgfleet.powa.plugins.module_utils._rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._server_spec import Address, ServerSpec
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import archivist as archivist_texts
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import catalog as catalog_texts


@dataclass(frozen=True)
class State:
    """The repository as it is.

    :param extensions: srvid to the stats extensions that are active there; C(known) are all that PoWA knows
    :param definitions: name to stored definition of every datasource of this collection
    :param registry: rows of the registry about those datasources
    """

    archivist: Archivist
    servers: Mapping[Address, RegisteredServer]
    extensions: Mapping[int, Set[str]]
    known: Sequence[str]
    definitions: Mapping[str, Definition]
    registry: Sequence[Row]

    def rows(self, srvid: int, name: str) -> List[Row]:
        """Return the rows of the registry about a datasource and a server."""
        definition = self.definitions[name]
        return [row for row in self.registry if row.key.get("srvid") == srvid and is_about(row, definition)]

    def datasources(self, srvid: int, active_only: bool) -> Set[str]:
        """Return the datasources that are registered for a server, or of them the active ones."""
        registered = {name: self.rows(srvid, name) for name in self.definitions}
        return {
            name
            for name, rows in registered.items()
            if rows and (not active_only or all(row.values["enabled"] for row in rows))
        }


def address_of(server: RegisteredServer) -> Address:
    """Return the identity of a registered server."""
    return (server.values["hostname"], server.values["port"])


def found_at(spec: ServerSpec, state: State) -> Address:
    """Return the address at which a server of the task is registered now."""
    if spec.renamed_from and spec.address not in state.servers and spec.renamed_from in state.servers:
        return spec.renamed_from
    return spec.address


def read_state(cursor: Any) -> State:
    """Read the repository in a fixed number of statements."""
    archivist = detect_archivist(cursor)
    schema = identifier(archivist.schema)
    servers = {address_of(server): server for server in read_servers(cursor, archivist)}
    cursor.execute(compose(archivist.server_extensions, schema=schema))
    extensions: Dict[int, Set[str]] = {}
    known = set()
    for srvid, name, active in cursor.fetchall():
        known.add(name)
        if active:
            extensions.setdefault(srvid, set()).add(name)
    cursor.execute(
        compose(catalog_texts.STORED_DEFINITIONS, schema=literal(archivist.schema), mark=literal(MARK + "%"))
    )
    stored = [stored_definition(comment) for (comment,) in cursor.fetchall()]
    definitions = {entry["name"]: definition_of(entry) for entry in stored if entry}
    modules = sorted({definition.module for definition in definitions.values()})
    registry = [row for table in archivist.registry_tables(modules) for row in table.read(cursor, archivist.schema)]
    return State(archivist, servers, extensions, sorted(known), definitions, registry)


def read_retentions(cursor: Any, specs: Sequence[ServerSpec]) -> Tuple[Dict[str, Tuple[str, float]], List[str]]:
    """Return each retention as PostgreSQL writes it and in seconds, and the problems of the others."""
    given = {spec.values["retention"]: spec for spec in specs if spec.values.get("retention") is not None}
    intervals, wrong = read_intervals(cursor, list(given))
    problems = ['server "{0}", retention: {1}'.format(given[text].name, problem) for text, problem in wrong.items()]
    return intervals, problems


def read_transient_tables(cursor: Any, specs: Sequence[ServerSpec], archivist: Archivist) -> List[Any]:
    """Return the transient tables that a deletion has to empty by itself: on PoWA 4, if any server's history goes."""
    if archivist.deletes_transient_rows or not any(spec.drop_history for spec in specs):
        return []
    cursor.execute(compose(archivist_texts.TRANSIENT_TABLES, schema_name=literal(archivist.schema)))
    return [identifier(schema, table) for schema, table in cursor.fetchall()]
