# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server as a task about datasources finds it, read in a fixed number of statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import DATABASE, Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.extension_names import (
    lookup,
    names_of_extensions,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog, read_catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.source import source_path
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.detect import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import LOCAL, REPOSITORY, Side
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import RegisteredServer, read_servers
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import catalog as texts

if TYPE_CHECKING:
    from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.local_mode import LocalMode
    from ansible_collections.pgfleet.powa.plugins.module_utils._objects.handwritten_history import Histories
    from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import Visible


class Schema(NamedTuple):
    """A schema that a query looks names up in.

    :param quoted: as a search_path writes it
    :param owner: the role that owns it, or None if it does not exist
    :param creators: the roles besides superusers that may create objects there, C("") for PUBLIC
    """

    quoted: str
    present: bool
    owner: Optional[str] = None
    creators: Sequence[str] = ()


@dataclass(frozen=True)
class DatasourcesState:
    """The server as it is.

    :param roles: those of the task's roles that exist
    :param schemas: those that queries look names up in, by name
    :param extension_schemas: where an extension of the task is installed
    :param named_schemas: the same, quoted, for those that queries name; None where not all that has one of the names
        there belongs to the extension
    :param intervals: intervals of the task as PostgreSQL writes them
    :param bad_intervals: what PostgreSQL says about the others
    :param local_mode: whether the background worker is loaded
    :param own_queries: what decides whether the server can run queries itself, if the task is about that
    :param histories: what hand-written datasources keep their history in, if the task adopts any
    :param stranger: the role of the session, if what it makes would not count as ours; otherwise None
    """

    archivist: Archivist
    catalog: Catalog
    servers: Sequence[RegisteredServer]
    roles: Sequence[str]
    schemas: Mapping[str, Schema]
    extension_schemas: Mapping[str, str]
    named_schemas: Mapping[str, Optional[str]]
    intervals: Mapping[str, str]
    bad_intervals: Mapping[str, str]
    local_mode: bool
    own_queries: Optional[LocalMode] = None
    stranger: Optional[str] = None
    histories: Optional[Histories] = None

    def query_schemas(self, definition: Definition) -> List[str]:
        """Return the schemas where a query looks names up, besides PoWA's."""
        names = list(definition.search_path)
        if definition.extension is not None and definition.extension in self.extension_schemas:
            names.append(self.extension_schemas[definition.extension])
        return names

    def quoted_query_schemas(self, definition: Definition) -> List[str]:
        """Return the same as a search_path writes them."""
        return [self.schemas[name].quoted for name in self.query_schemas(definition)]

    def query_path(self, definition: Definition) -> str:
        """Return the search_path that the query of a definition runs with."""
        if definition.scope == DATABASE:
            # That of powa-collector in its sessions in each database.
            return "pg_catalog"
        return source_path(definition, self.archivist, self.quoted_query_schemas(definition))

    def paused(self, datasource: str) -> FrozenSet[int]:
        """Return the servers whose snapshots of a datasource we have paused."""
        stored = self.catalog.stored(datasource)
        if stored is None or not stored.paused:
            return frozenset()
        return stored.paused & {server.srvid for server in self.servers}

    def manages(self, row: Row, side: Side) -> bool:
        """Whether a row of the registry is about the kind of servers that the task is about."""
        if row.srvid is None:
            return True
        if row.srvid == 0:
            # PoWA 5 itself activates an extension for the local server when somebody creates it.
            return LOCAL in side.server_kind or row.by_powa or not self.local_mode
        return REPOSITORY in side.server_kind


def _read_retentions(
    cursor: Any, definitions: Sequence[Definition]
) -> Tuple[Dict[str, Tuple[str, float]], Dict[str, str]]:
    given = [definition.retention for definition in definitions if definition.retention is not None]
    if not given:
        return {}, {}
    # A host compiles whatever a task imports, each time, and few datasources have a retention of their own.
    from ansible_collections.pgfleet.powa.plugins.module_utils._powa.intervals import read_intervals

    return read_intervals(cursor, given)


def read_state(
    cursor: Any,
    names: Sequence[str],
    definitions: Sequence[Definition],
    side: Side,
    visible: Optional[Visible] = None,
) -> DatasourcesState:
    """Read everything about these datasources, except for how large tables are.

    :param visible: of a reader that does without what its role may not read
    """
    archivist = detect_archivist(cursor, visible)
    catalog = read_catalog(cursor, archivist, names, [definition.module for definition in definitions], visible)
    servers = read_servers(cursor, archivist, visible)
    named = (side.monitoring_role, side.collector_role, side.web_role, side.reader_role)
    roles = [role for role in named if role]
    cursor.execute(compose(texts.ROLES, names=literal(roles)))
    existing = [role for (role,) in cursor.fetchall()]
    extensions = {definition.extension for definition in definitions if definition.extension}
    taken = _names_of_extensions(definitions)
    extensions.update(taken)
    cursor.execute(compose(texts.EXTENSION_SCHEMAS, names=literal(sorted(extensions))))
    extension_schemas: Dict[str, str] = dict(cursor.fetchall())
    named_schemas = _read_named_schemas(cursor, taken, extension_schemas)
    schemas = {schema for definition in definitions for schema in definition.search_path}
    cursor.execute(compose(texts.SCHEMAS, names=literal(sorted(schemas | set(extension_schemas.values())))))
    found = {name: Schema(*rest) for name, *rest in cursor.fetchall()}
    cursor.execute(texts.SESSION)
    local_mode, stranger = cursor.fetchone()
    intervals, bad_intervals = _read_retentions(cursor, definitions)
    return DatasourcesState(
        archivist=archivist,
        catalog=catalog,
        servers=servers,
        roles=existing,
        schemas=found,
        extension_schemas=extension_schemas,
        named_schemas=named_schemas,
        intervals={text: interval for text, (interval, _seconds) in intervals.items()},
        bad_intervals=bad_intervals,
        local_mode=local_mode,
        own_queries=_read_local_mode(cursor, side, archivist),
        stranger=stranger,
        histories=_read_histories(cursor, archivist, definitions, catalog) if side.stores else None,
    )


def _names_of_extensions(definitions: Sequence[Definition]) -> Dict[str, List[str]]:
    """Return what all queries take from extensions that they name, by extension."""
    named: Dict[str, List[str]] = {}
    for definition in definitions:
        for query in definition.queries:
            for extension, names in names_of_extensions(query.sql).items():
                named.setdefault(extension, []).extend(names)
    return named


def _read_named_schemas(
    cursor: Any, named: Mapping[str, Sequence[str]], installed: Mapping[str, str]
) -> Dict[str, Optional[str]]:
    if not named:
        return {}
    cursor.execute(compose("SELECT {schemas}", schemas=lookup(named)))
    return {name: schema for name, schema in zip(named, cursor.fetchone()) if name in installed}


# A host compiles whatever a task imports, each time. So only the few tasks that need the following import it.
def _read_local_mode(cursor: Any, side: Side, archivist: Archivist) -> Optional[LocalMode]:
    if LOCAL not in side.server_kind:
        return None
    from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.local_mode import read_local_mode

    return read_local_mode(cursor, side, archivist)


def _read_histories(
    cursor: Any, archivist: Archivist, definitions: Sequence[Definition], catalog: Catalog
) -> Optional[Histories]:
    if not any(definition.adopt for definition in definitions):
        return None
    from ansible_collections.pgfleet.powa.plugins.module_utils._objects.handwritten_history import read_histories

    return read_histories(cursor, archivist, definitions, catalog)
