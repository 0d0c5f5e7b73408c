# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers of a repository as they are: their rows, and what is active on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils import _driver
from ansible_collections.pgfleet.powa.plugins.module_utils._archivist import Archivist, detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._connection import first_line
from ansible_collections.pgfleet.powa.plugins.module_utils._driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._objects import MARK, stored_definition
from ansible_collections.pgfleet.powa.plugins.module_utils._registered import RegisteredServer, read_servers
from ansible_collections.pgfleet.powa.plugins.module_utils._rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._server_spec import Address, ServerSpec
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import archivist as archivist_texts
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import catalog as catalog_texts
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import servers as texts


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
    definitions: Mapping[str, Mapping[str, Any]]
    registry: Sequence[Row]

    def datasources(self, srvid: int, active_only: bool) -> Set[str]:
        """Return the datasources that are registered for a server, or of them the active ones."""
        enabled: Dict[str, bool] = {}
        for row in self.registry:
            if row.key.get("srvid") == srvid:
                name = str(row.key.get("module") or row.key.get("extname"))
                enabled[name] = enabled.get(name, True) and bool(row.values["enabled"])
        return {name for name, is_enabled in enabled.items() if is_enabled or not active_only}


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
    definitions = {definition["name"]: definition for definition in stored if definition}
    registry = [
        row for table in archivist.registry_tables(list(definitions)) for row in table.read(cursor, archivist.schema)
    ]
    return State(archivist, servers, extensions, sorted(known), definitions, registry)


def read_retentions(cursor: Any, specs: Sequence[ServerSpec]) -> Tuple[Dict[str, Tuple[str, float]], List[str]]:
    """Return each interval as PostgreSQL writes it and in seconds, since 7 days and 168 hours are the same."""
    given = {spec.values["retention"]: spec for spec in specs if spec.values.get("retention") is not None}
    canonical: Dict[str, Tuple[str, float]] = {}
    problems: List[str] = []
    cursor.execute("SAVEPOINT intervals")
    try:
        rows = _canonical(cursor, list(given))
    except _driver.psycopg2.Error:
        # One of them is wrong: ask for each, to name them all.
        rows = []
        for text, spec in given.items():
            cursor.execute("ROLLBACK TO SAVEPOINT intervals")
            try:
                rows += _canonical(cursor, [text])
            except _driver.psycopg2.Error as error:
                problems.append(
                    'server "{0}", retention: {1}: give an interval such as "7 days"'.format(
                        spec.name, first_line(error)
                    )
                )
        cursor.execute("ROLLBACK TO SAVEPOINT intervals")
    for text, interval, seconds in rows:
        canonical[text] = (interval, float(seconds))
        if seconds <= 0:
            problems.append(
                'server "{0}", retention: found "{1}", expected more than nothing, such as "7 days"'.format(
                    given[text].name, text
                )
            )
    return canonical, problems


def _canonical(cursor: Any, texts_given: List[str]) -> List[Tuple[str, str, float]]:
    cursor.execute(compose(texts.INTERVALS, given=literal(texts_given)))
    rows: List[Tuple[str, str, float]] = cursor.fetchall()
    return rows


def read_transient_tables(cursor: Any, specs: Sequence[ServerSpec], archivist: Archivist) -> List[Any]:
    """Return the transient tables that a deletion has to empty by itself: on PoWA 4, if any server's history goes."""
    if archivist.deletes_transient_rows or not any(spec.drop_history for spec in specs):
        return []
    cursor.execute(compose(archivist_texts.TRANSIENT_TABLES, schema_name=literal(archivist.schema)))
    return [identifier(schema, table) for schema, table in cursor.fetchall()]
