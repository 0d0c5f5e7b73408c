# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which PoWA is here. The only place that knows what differs between PoWA 4 and PoWA 5."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row, RowTable
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import archivist as texts

#: Datasources of PoWA 4 and 5, and what their objects are called without C(powa_): ours may not be called so,
#: whichever PoWA is here, so that a declared datasource outlives a change from 4 to 5.
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

#: Extensions that PoWA has datasources for: what it registers under these names is its own.
POWA_EXTENSIONS = frozenset(
    "hypopg pg_qualstats pg_stat_kcache pg_stat_statements pg_track_settings pg_wait_sampling powa".split()
)

OPERATIONS = ("snapshot", "aggregate", "purge", "reset")


@dataclass(frozen=True)
class RegisteredFunction:
    """One function of the registry.

    :param operation: one of C(Archivist.operations)
    :param query_source: of a snapshot, the function whose rows the collector copies
    :param query_cleanup: of a snapshot, SQL that the collector runs on the remote after it has copied
    """

    operation: str
    name: str
    query_source: Optional[str] = None
    query_cleanup: Optional[str] = None


@dataclass(frozen=True)
class Registration:
    """What the registry is to know of one module (PoWA 4) or extension (PoWA 5).

    :param external: whether an extension of that name brings the functions, in its own schema (PoWA 5)
    :param enabled: None leaves alone what the user set, and enables what is new
    :param srvids: the servers that it is registered for
    :param retention: an interval as PostgreSQL writes it, or None for that of the server
    """

    name: str
    functions: Tuple[RegisteredFunction, ...]
    priority: int
    enabled: Optional[bool]
    srvids: Tuple[int, ...]
    external: bool = False
    retention: Optional[str] = None


@dataclass(frozen=True)
class DatabaseModule:
    """What is to be known beside a registration that has scope C(database).

    :param transient_table: qualified and quoted
    :param queries: SQL by the first C(server_version_num) that it is for
    :param databases: the only ones whose samples are taken, or None for all
    """

    transient_table: str
    queries: Mapping[int, str]
    databases: Optional[Tuple[str, ...]]


@dataclass(frozen=True)
class Grantees:
    """Roles of a repository and their rights on our objects.

    Each maps a role to the privileges that it is given, as C(aclexplode) names them.

    :param functions: who may call what a snapshot calls
    :param readers: who may call what reads history back; C("") for PUBLIC
    """

    history: Mapping[str, Tuple[str, ...]]
    transient: Mapping[str, Tuple[str, ...]]
    functions: Tuple[str, ...]
    readers: Tuple[str, ...]


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

    def set_search_path(self, cursor: Any) -> None:
        """Look up names so until the transaction ends."""
        cursor.execute(compose(texts.SET_SEARCH_PATH, search_path=literal(self.search_path)))

    @property
    @abstractmethod
    def operations(self) -> Tuple[str, ...]:
        """The operations that the registry of this PoWA knows."""

    @property
    @abstractmethod
    def server_extensions(self) -> str:
        """SQL that returns (name, active, srvids) of the stats extensions that a server may have active or not."""

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
    def scope_database(self) -> bool:
        """Whether a datasource can be collected from each database of a remote."""

    @property
    @abstractmethod
    def own_retention(self) -> bool:
        """Whether a datasource can have a retention of its own."""

    @property
    @abstractmethod
    def registry_lock(self) -> Tuple[str, ...]:
        """The tables that a snapshot reads first, and holds a lock on until it ends."""

    def retention(self, module: str, scope_database: bool) -> Any:
        """Return SQL for how long a datasource is kept, inside a function with a parameter C(_srvid)."""
        return compose(texts.RETENTION, schema=identifier(self.schema))

    @abstractmethod
    def registry_tables(self, names: Sequence[str]) -> List[RowTable]:
        """Return the tables of the registry, each with the condition that selects those datasources."""

    @abstractmethod
    def registry_rows(self, registration: Registration) -> List[Row]:
        """Return the rows that one registered datasource has, in an order that satisfies the keys."""

    @abstractmethod
    def database_module_rows(self, registration: Registration, module: DatabaseModule) -> List[Row]:
        """Return the same for one that is collected from each database."""

    @abstractmethod
    def cleanup_call(self, function: str) -> str:
        """Return the query_cleanup that calls a function of ours on the remote."""

    @abstractmethod
    def grantees(self, collector_role: Optional[str]) -> Grantees:
        """Return who gets what on the repository side of a datasource."""

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
        """Names that PoWA registers itself, where no row says so."""

    @property
    @abstractmethod
    def registered_sources(self) -> str:
        """SQL that returns (name, external, query_source) of those of some functions that are registered."""

    @abstractmethod
    def extension_tables(self, names: Sequence[str]) -> List[RowTable]:
        """Return the tables, beside the registry, that list the extensions of each server."""

    def extension_rows(self, name: str, srvids: Sequence[Any]) -> List[Row]:
        """Return the rows there of an extension that servers have; the rows of the registry refer to them."""
        return [
            Row(table.name, {"srvid": srvid, "extname": name}, {})
            for table in self.extension_tables([name])
            for srvid in srvids
        ]


_WRITE = ("DELETE", "INSERT", "SELECT", "UPDATE")
_WRITE_ALL = ("DELETE", "INSERT", "SELECT", "TRUNCATE", "UPDATE")
_ALL = ("DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE")


class Archivist4(Archivist):
    """PoWA 4: C(powa_functions) is a table with one set of rows for each server, in schema public."""

    operations = OPERATIONS + ("unregister",)
    server_extensions = texts.SERVER_EXTENSIONS_4
    server_datasources = texts.SERVER_DATASOURCES_4
    deletes_transient_rows = False
    scope_database = False
    own_retention = False
    registry_lock = ("powa_functions",)
    external_schemas = False
    registered_sources = texts.REGISTERED_SOURCES_4
    # Not pg_track_settings: its rows are as if added manually, and so may be ours.
    built_in = frozenset(
        "hypopg pg_qualstats pg_stat_bgwriter pg_stat_kcache pg_stat_statements pg_wait_sampling powa"
        " powa_stat_all_relations powa_stat_user_functions".split()
    )

    @property
    def extension_versions(self) -> str:
        return texts.EXTENSION_VERSIONS_4_0 if self.version < (4, 1) else texts.EXTENSION_VERSIONS_4

    def extension_tables(self, names: Sequence[str]) -> List[RowTable]:
        if self.version < (4, 1):
            return []
        return [RowTable("powa_extensions", ("srvid", "extname"), "extname", tuple(names))]

    def registry_tables(self, names: Sequence[str]) -> List[RowTable]:
        return [RowTable("powa_functions", ("srvid", "module", "operation", "function_name"), "module", tuple(names))]

    def registry_rows(self, registration: Registration) -> List[Row]:
        rows = []
        for srvid in registration.srvids:
            for function in registration.functions:
                values: Dict[str, Any] = {
                    "query_source": function.query_source,
                    "query_cleanup": function.query_cleanup,
                    "added_manually": True,
                    "priority": registration.priority,
                    "extname": None,
                }
                if registration.enabled is not None:
                    values["enabled"] = registration.enabled
                key = {
                    "srvid": srvid,
                    "module": registration.name,
                    "operation": function.operation,
                    "function_name": function.name,
                }
                rows.append(Row("powa_functions", key, values))
        return rows

    def database_module_rows(self, registration: Registration, module: DatabaseModule) -> List[Row]:
        raise NotImplementedError("PoWA 4 has no datasources of databases")

    def cleanup_call(self, function: str) -> str:
        return "SELECT {0}.{1}(0)".format(self.quoted_schema, function)

    def grantees(self, collector_role: Optional[str]) -> Grantees:
        if not collector_role:
            return Grantees({}, {}, (), ("",))
        return Grantees({collector_role: _WRITE}, {collector_role: _WRITE}, (collector_role,), ("",))


class Archivist5(Archivist):
    """PoWA 5: a datasource is an "extension" with functions, and a row for each server that has it."""

    operations = OPERATIONS
    server_extensions = texts.SERVER_EXTENSIONS_5
    server_datasources = texts.SERVER_DATASOURCES_5
    extension_versions = texts.EXTENSION_VERSIONS_5
    deletes_transient_rows = True
    scope_database = True
    registry_lock = ("powa_extension_config", "powa_db_module_config")

    @property
    def own_retention(self) -> bool:
        return self.version >= (5, 1, 2)

    def retention(self, module: str, scope_database: bool) -> Any:
        if not self.own_retention:
            return super().retention(module, scope_database)
        kind = "db_module" if scope_database else "extension"
        return compose(
            texts.RETENTION_OF_MODULE, schema=identifier(self.schema), module=literal(module), kind=literal(kind)
        )

    external_schemas = True
    registered_sources = texts.REGISTERED_SOURCES_5
    # Its rows say so.
    built_in = frozenset()

    def extension_tables(self, names: Sequence[str]) -> List[RowTable]:
        return []

    def registry_tables(self, names: Sequence[str]) -> List[RowTable]:
        names = tuple(names)
        return [
            RowTable("powa_extensions", ("extname",), "extname", names),
            RowTable("powa_extension_functions", ("extname", "operation", "function_name"), "extname", names),
            RowTable("powa_extension_config", ("srvid", "extname"), "extname", names),
            RowTable("powa_db_modules", ("db_module",), "db_module", names),
            RowTable("powa_db_module_functions", ("db_module", "operation"), "db_module", names),
            RowTable("powa_db_module_src_queries", ("db_module", "min_version"), "db_module", names),
            RowTable("powa_db_module_config", ("srvid", "db_module"), "db_module", names),
        ]

    def registry_rows(self, registration: Registration) -> List[Row]:
        name = registration.name
        rows = [Row("powa_extensions", {"extname": name}, {"external": registration.external, "added_manually": True})]
        for function in registration.functions:
            rows.append(
                Row(
                    "powa_extension_functions",
                    {"extname": name, "operation": function.operation, "function_name": function.name},
                    {
                        "query_source": function.query_source,
                        "query_cleanup": function.query_cleanup,
                        "added_manually": True,
                        "priority": registration.priority,
                    },
                )
            )
        for srvid in registration.srvids:
            values: Dict[str, Any] = dict({"added_manually": True}, **self._config(registration))
            rows.append(Row("powa_extension_config", {"srvid": srvid, "extname": name}, values))
        return rows

    def _config(self, registration: Registration) -> Dict[str, Any]:
        values: Dict[str, Any] = {}
        if registration.enabled is not None:
            values["enabled"] = registration.enabled
        if self.own_retention:
            values["retention"] = registration.retention
        return values

    def database_module_rows(self, registration: Registration, module: DatabaseModule) -> List[Row]:
        key = {"db_module": registration.name}
        rows = [
            Row(
                "powa_db_modules",
                key,
                {"tmp_table": module.transient_table, "external": False, "added_manually": True},
            )
        ]
        for function in registration.functions:
            values = {"function_name": function.name, "added_manually": True, "priority": registration.priority}
            rows.append(Row("powa_db_module_functions", dict(key, operation=function.operation), values))
        for min_version, query in sorted(module.queries.items()):
            values = {"query_source": query, "added_manually": True}
            rows.append(Row("powa_db_module_src_queries", dict(key, min_version=min_version), values))
        # The collector does not look at `enabled`, only at the databases.
        databases = None if module.databases is None else list(module.databases)
        values = dict(self._config(registration), dbnames=[] if registration.enabled is False else databases)
        rows += [Row("powa_db_module_config", dict(key, srvid=srvid), values) for srvid in registration.srvids]
        return rows

    def cleanup_call(self, function: str) -> str:
        # The collector puts in the schema that PoWA has on the remote.
        return "SELECT {{powa}}.{0}(0)".format(function)

    def grantees(self, collector_role: Optional[str]) -> Grantees:
        history: Dict[str, Tuple[str, ...]] = {}
        transient: Dict[str, Tuple[str, ...]] = {}
        functions: List[str] = []
        readers: List[str] = []
        for powa_role, privileges, reads_transient, executes in (
            ("powa_admin", _ALL, True, True),
            ("powa_write_all_data", _WRITE_ALL, True, True),
            ("powa_snapshot", _WRITE_ALL, True, True),
            ("powa_read_all_data", ("SELECT",), False, False),
            ("powa_read_all_metrics", ("SELECT",), False, False),
        ):
            role = self.roles.get(powa_role)
            if not role:
                continue
            history[role] = privileges
            readers.append(role)
            if reads_transient:
                transient[role] = privileges
            if executes:
                functions.append(role)
        if not self.roles.get("powa_snapshot") and collector_role:
            return Grantees({collector_role: _WRITE}, {collector_role: _WRITE}, (collector_role,), (collector_role,))
        return Grantees(history, transient, tuple(functions), tuple(readers))


def detect_archivist(cursor: Any) -> Archivist:
    """Find the PoWA of the database that the cursor is connected to.

    :raises PowaError: when the extension is not there, or its version is not one that this collection knows
    """
    cursor.execute(texts.FIND_POWA)
    version_text, schema, quoted_schema, server_version_num, database = cursor.fetchone()
    if version_text is None:
        raise PowaError(
            'database "{0}" has no extension powa: create it there (module pgfleet.powa.extensions),'
            " or give its database as login_db".format(database)
        )
    version = tuple(int(part) for part in version_text.split(".") if part.isdigit())
    if version[:1] == (4,):
        return Archivist4(version, schema, quoted_schema, server_version_num)
    if version[:1] == (5,):
        cursor.execute(compose(texts.FIND_ROLES, schema=identifier(schema)))
        return Archivist5(version, schema, quoted_schema, server_version_num, dict(cursor.fetchall()))
    raise PowaError(
        'database "{0}" has PoWA {1}, expected 4 or 5: use a version of PoWA that this collection supports'.format(
            database, version_text
        )
    )
