# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PoWA of a database. The only place that knows what differs between PoWA 4 and PoWA 5."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, FrozenSet, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row, RowTable
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import archivist as texts

#: Datasources of PoWA 4 and 5, and the names of their objects without C(powa_). A declared datasource may have none of
#: these names, whichever PoWA the server has, so that it survives an update from 4 to 5.
_DATASOURCES_OF_POWA = (
    "all_indexes all_relations all_tables catalog catalog_attribute catalog_class catalog_collation"
    " catalog_database catalog_generic catalog_language catalog_namespace catalog_proc catalog_role catalog_type"
    " databases hypopg kcache pg_database pg_qualstats pg_role pg_stat_bgwriter pg_stat_kcache pg_stat_statements"
    " pg_track_settings pg_wait_sampling powa powa_stat_all_relations powa_stat_user_functions prevent_concurrent"
    " qualstats qualstats_constvalues qualstats_quals replication_slots stat_activity stat_archiver stat_bgwriter"
    " stat_checkpointer stat_database stat_database_conflicts stat_io stat_lock stat_recovery stat_replication"
    " stat_slru stat_subscription stat_subscription_stats stat_wal stat_wal_receiver statements take"
    " track_settings user_functions wait_sampling".split()
)
POWA_NAMES = frozenset(name + suffix for name in _DATASOURCES_OF_POWA for suffix in ("", "_history", "_history_db"))

#: Extensions that PoWA brings datasources for: rows under these names are PoWA's own.
POWA_EXTENSIONS = frozenset(
    "hypopg pg_qualstats pg_stat_kcache pg_stat_statements pg_track_settings pg_wait_sampling powa".split()
)

#: In local mode, the role that owns the functions that run users' queries. It is a member of the monitoring role.
QUERIES_ROLE = "powa_queries"

#: What a sentence says of a role whose objects are not taken for ours.
NOT_TRUSTED = "neither a superuser nor the owner of the extension powa"

OPERATIONS = ("snapshot", "aggregate", "purge", "reset")


class RegisteredFunction(NamedTuple):
    """One function of the registry.

    :param operation: one of C(Archivist.operations)
    :param query_source: of a snapshot, the function whose rows the collector copies
    :param query_cleanup: of a snapshot, SQL that the collector runs on the remote after it has copied
    """

    operation: str
    name: str
    query_source: Optional[str] = None
    query_cleanup: Optional[str] = None


class Registration(NamedTuple):
    """What the registry should have for one module (PoWA 4) or extension (PoWA 5).

    :param external: whether an extension of that name brings the functions, in its own schema (PoWA 5)
    :param enabled: None keeps what the user set, and enables new registrations
    :param srvids: the servers that it is registered for
    :param retention: an interval as PostgreSQL writes it, or None for the server's own
    """

    name: str
    functions: Tuple[RegisteredFunction, ...]
    priority: int
    enabled: Optional[bool]
    srvids: Tuple[int, ...]
    external: bool = False
    retention: Optional[str] = None


class DatabaseModule(NamedTuple):
    """What a registration with scope C(database) needs in addition.

    :param transient_table: qualified and quoted
    :param queries: SQL by the first C(server_version_num) that it is for
    :param databases: those to take samples in, or None for all
    """

    transient_table: str
    queries: Mapping[int, str]
    databases: Optional[Tuple[str, ...]]


class Grantees(NamedTuple):
    """Roles of a repository and their rights on our objects.

    Each maps a role to the privileges that it is given, as C(aclexplode) names them.

    :param functions: roles that may call what a snapshot calls
    :param readers: roles that may call what reads history back; C("") for PUBLIC
    """

    history: Mapping[str, Tuple[str, ...]]
    transient: Mapping[str, Tuple[str, ...]]
    functions: Tuple[str, ...]
    readers: Tuple[str, ...]


class CopiedTable(NamedTuple):
    """A table with rows of each server, which are alike.

    :param column: the one that names an extension, if the rows are about extensions
    """

    name: str
    column: Optional[str] = None


@dataclass(frozen=True)
class Archivist(ABC):
    """The PoWA extension of a database.

    :param version: such as (5, 0, 2)
    :param schema: where it is installed
    :param quoted_schema: the same as C(quote_ident) and C(format_type) write it
    :param server_version_num: of the PostgreSQL server
    :param roles: PoWA 5's C(powa_roles), its name of a role to the real role; empty on PoWA 4
    """

    version: Tuple[int, ...]
    schema: str
    quoted_schema: str
    server_version_num: int
    roles: Mapping[str, str] = field(default_factory=dict)

    @property
    def version_text(self) -> str:
        """The version as PoWA writes it."""
        return ".".join(str(part) for part in self.version)

    @property
    def search_path(self) -> str:
        """Where functions look up names, as C(proconfig) writes it: those of PoWA 4 do not qualify their tables."""
        return "pg_catalog, {0}, pg_temp".format(self.quoted_schema)

    @contextmanager
    def own_search_path(self, cursor: Any) -> Iterator[None]:
        """Have names looked up there while functions of PoWA are called, in statements without operators."""
        cursor.execute(compose(texts.SET_SEARCH_PATH, search_path=literal(self.search_path)))
        yield
        # After an error the transaction is over, and with it the setting.
        cursor.execute(texts.RESET_SEARCH_PATH)

    @property
    @abstractmethod
    def operations(self) -> Tuple[str, ...]:
        """The operations that the registry of this PoWA knows."""

    @property
    @abstractmethod
    def server_extensions(self) -> str:
        """SQL that returns (name, active, srvids) of the stats extensions that can be active on a server."""

    @property
    @abstractmethod
    def server_datasources(self) -> str:
        """SQL that returns (name, active, srvids) of the declared datasources that are registered."""

    @property
    @abstractmethod
    def extension_versions(self) -> str:
        """SQL that returns (srvid, name, version) of the extensions that the collector has seen on servers."""

    @property
    @abstractmethod
    def tables_of_extensions(self) -> Tuple[str, ...]:
        """The tables that C(server_extensions) reads, besides the servers' numbers."""

    @property
    @abstractmethod
    def tables_of_datasources(self) -> Tuple[str, ...]:
        """The tables that C(server_datasources) reads."""

    @property
    @abstractmethod
    def tables_of_versions(self) -> Tuple[str, ...]:
        """The tables that C(extension_versions) reads."""

    @property
    @abstractmethod
    def qualifies_names(self) -> bool:
        """Whether its functions run only objects that they name with their schema, or that nobody can replace."""

    @property
    @abstractmethod
    def scope_database(self) -> bool:
        """Whether a datasource can be collected from each database of a remote."""

    @property
    @abstractmethod
    def shares_extensions(self) -> bool:
        """Whether the datasources of one extension are only active together, and share one retention."""

    @property
    @abstractmethod
    def own_retention(self) -> bool:
        """Whether a datasource can have a retention of its own."""

    @property
    @abstractmethod
    def registry_lock(self) -> Tuple[str, ...]:
        """The tables that a snapshot reads first, and holds a lock on until it ends."""

    @abstractmethod
    def retention(self, module: str, scope_database: bool) -> Any:
        """Return SQL for how long a datasource is kept, inside a function with a parameter C(_srvid)."""

    @abstractmethod
    def snapshot_lock(self) -> Any:
        """Return the PL/pgSQL that keeps two snapshots of one server apart, inside a function of the same kind."""

    @abstractmethod
    def registry_tables(self, names: Sequence[str]) -> List[RowTable]:
        """Return the tables of the registry, each with the condition that selects those datasources."""

    @abstractmethod
    def registry_rows(self, registration: Registration) -> List[Row]:
        """Return the rows that one registered datasource has, in an order that satisfies the foreign keys."""

    @abstractmethod
    def database_module_rows(self, registration: Registration, module: DatabaseModule) -> List[Row]:
        """Return the same for one that is collected from each database."""

    @abstractmethod
    def cleanup_call(self, function: str) -> str:
        """Return the query_cleanup that calls a function of ours on the remote."""

    @abstractmethod
    def grantees(
        self, collector_role: Optional[str], web_role: Optional[str] = None, reader_role: Optional[str] = None
    ) -> Grantees:
        """Return who gets what on the repository side of a datasource."""

    @property
    @abstractmethod
    def copied_tables(self) -> Tuple[CopiedTable, ...]:
        """The tables that PoWA's functions fill for a server, if they read the whole registry for each one.

        Calling them for many servers takes as long as the square of their number. So they are called for one, and its
        rows in these tables are copied for the others. A table comes after those that its foreign keys refer to.
        Where the functions find each server by an index, there is nothing to copy, and this is empty.
        """

    @property
    @abstractmethod
    def deletes_transient_rows(self) -> bool:
        """Whether C(powa_delete_and_purge_server) empties the transient tables, too."""

    @property
    @abstractmethod
    def external_schemas(self) -> bool:
        """Whether the functions of a registered datasource may be in the schema of its extension."""

    @property
    @abstractmethod
    def built_in(self) -> FrozenSet[str]:
        """Names that PoWA registers itself, where its rows do not say so."""

    @property
    @abstractmethod
    def modules_of_functions(self) -> str:
        """SQL that returns the names that some functions are registered under."""

    @property
    @abstractmethod
    def registered_sources(self) -> str:
        """SQL that returns (name, external, query_source) of the given functions that are registered."""

    @abstractmethod
    def extension_tables(self, names: Sequence[str]) -> List[RowTable]:
        """Return the tables, besides the registry, that list the extensions of each server."""

    def extension_rows(self, name: str, srvids: Sequence[Any]) -> List[Row]:
        """Return the rows in these tables of an extension of servers; the registry's rows refer to them."""
        return [
            Row(table.name, {"srvid": srvid, "extname": name}, {})
            for table in self.extension_tables([name])
            for srvid in srvids
        ]
