# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers of a repository as they are: their rows, and what is active on each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import DATABASE, Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import function_names
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import Damaged
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored_definitions import read_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import NOT_TRUSTED, Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.detect import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.intervals import read_intervals
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import RegisteredServer, read_servers
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.spec import Address, ServerSpec
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import archivist as archivist_texts
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import servers as texts

#: The table where we list the servers that tasks declared; servers that others registered are not in it.
DECLARED_TABLE = "powa_declared_servers"


class Active:
    """What servers have: names that are registered for each, and of them the active ones."""

    def __init__(self, rows: Iterable[Tuple[str, bool, Sequence[int]]]) -> None:
        self.known: Set[str] = set()
        self._registered: Dict[int, Set[str]] = {}
        self._active: Dict[int, Set[str]] = {}
        for name, active, srvids in rows:
            self.known.add(name)
            for srvid in srvids:
                self._registered.setdefault(srvid, set()).add(name)
                if active:
                    self._active.setdefault(srvid, set()).add(name)

    def registered(self, srvid: int) -> Set[str]:
        """Return the names that are registered for a server."""
        return self._registered.get(srvid, set())

    def active(self, srvid: int) -> Set[str]:
        """Return the names that are active on a server."""
        return self._active.get(srvid, set())


@dataclass(frozen=True)
class ServersState:
    """The repository as it is.

    :param extensions: the stats extensions of each server
    :param definitions: name to stored definition of every datasource that the repository keeps history of
    :param damaged: name to what is wrong with the stored definition of the other datasources
    :param impostors: name to why a datasource is refused of which a stranger has objects
    :param datasources: those of each server
    :param declared: the servers that a task has declared, or None if the table that lists them does not exist yet
    :param refusal: why that table cannot be used, or None
    """

    archivist: Archivist
    servers: Mapping[Address, RegisteredServer]
    extensions: Active
    definitions: Mapping[str, Definition]
    damaged: Mapping[str, Damaged]
    datasources: Active
    declared: Any
    impostors: Mapping[str, str] = field(default_factory=dict)
    refusal: Optional[str] = None

    def is_declared(self, srvid: int) -> bool:
        """Whether a task has declared a server."""
        return self.declared is not None and srvid in self.declared


def address_of(server: RegisteredServer) -> Address:
    """Return the identity of a registered server."""
    return (server.values["hostname"], server.values["port"])


def found_at(spec: ServerSpec, state: ServersState) -> Address:
    """Return the address at which a server of the task is registered now."""
    if spec.renamed_from and spec.address not in state.servers and spec.renamed_from in state.servers:
        return spec.renamed_from
    return spec.address


def read_state(cursor: Any) -> ServersState:
    """Read the repository in a fixed number of statements."""
    archivist = detect_archivist(cursor)
    servers = {address_of(server): server for server in read_servers(cursor, archivist)}
    extensions = read_extensions(cursor, archivist)
    stored = read_definitions(cursor, archivist)
    impostors = stored.refusals()
    definitions = {name: found for name, found in stored.of_history().items() if name not in impostors}
    damaged = {name: found for name, found in stored.damaged.items() if name not in impostors}
    datasources = read_active(cursor, archivist, list(definitions.values()))
    declared, refusal = _read_declared(cursor, archivist)
    return ServersState(archivist, servers, extensions, definitions, damaged, datasources, declared, impostors, refusal)


def read_extensions(cursor: Any, archivist: Archivist) -> Active:
    """Read the stats extensions of all servers."""
    cursor.execute(compose(archivist.server_extensions, schema=identifier(archivist.schema)))
    return Active(cursor.fetchall())


def read_active(cursor: Any, archivist: Archivist, definitions: Sequence[Definition]) -> Active:
    """Read which of these datasources each server has."""
    cursor.execute(
        compose(
            archivist.server_datasources,
            schema=identifier(archivist.schema),
            datasources=literal(json.dumps([_registered_as(definition) for definition in definitions])),
        )
    )
    return Active(cursor.fetchall())


def _registered_as(definition: Definition) -> Dict[str, Any]:
    return {
        "name": definition.name,
        "module": definition.module,
        "of_databases": definition.scope == DATABASE,
        "functions": function_names(definition.name),
    }


def _read_declared(cursor: Any, archivist: Archivist) -> Tuple[Any, Optional[str]]:
    """Return the servers in our table, or None without one, and why another relation of that name is not read."""
    table = "{0}.{1}".format(archivist.quoted_schema, DECLARED_TABLE)
    cursor.execute(compose(texts.HAS_TABLE, table=literal(table)))
    there, is_other, owner = cursor.fetchone()
    if not there:
        return None, None
    if is_other or owner:
        return None, _not_ours(table, owner)
    cursor.execute(compose(texts.DECLARED, table=identifier(archivist.schema, DECLARED_TABLE)))
    return frozenset(srvid for (srvid,) in cursor.fetchall()), None


def _not_ours(table: str, owner: Optional[str]) -> str:
    return "{0}, where this module lists the servers that tasks declare, {1}: look at it and drop it".format(
        table,
        'belongs to role "{0}", which is {1}'.format(owner, NOT_TRUSTED) if owner else "is not a table",
    )


def read_retentions(cursor: Any, specs: Sequence[ServerSpec]) -> Tuple[Dict[str, Tuple[str, float]], List[str]]:
    """Return each retention as PostgreSQL writes it and in seconds, and the problems of the others."""
    given = {spec.values["retention"]: spec for spec in specs if spec.values.get("retention") is not None}
    intervals, wrong = read_intervals(cursor, list(given))
    problems = ['server "{0}", retention: {1}'.format(given[text].name, problem) for text, problem in wrong.items()]
    return intervals, problems


def read_transient_tables(cursor: Any, archivist: Archivist) -> List[Any]:
    """Return the transient tables that deleting a server does not empty by itself: on PoWA 4."""
    if archivist.deletes_transient_rows:
        return []
    cursor.execute(compose(archivist_texts.TRANSIENT_TABLES, schema_name=literal(archivist.schema)))
    return [identifier(schema, table) for schema, table in cursor.fetchall()]
