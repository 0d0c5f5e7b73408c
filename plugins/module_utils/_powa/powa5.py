# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PoWA 5: a datasource is an "extension" with functions, and a row for each server that has it."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import (
    OPERATIONS,
    Archivist,
    DatabaseModule,
    Grantees,
    Registration,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row, RowTable
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import archivist as texts

_WRITE = ("DELETE", "INSERT", "SELECT", "UPDATE")
_WRITE_ALL = ("DELETE", "INSERT", "SELECT", "TRUNCATE", "UPDATE")
_ALL = ("DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE")


class Archivist5(Archivist):
    """PoWA 5: a datasource is an "extension" with functions, and a row for each server that has it."""

    operations = OPERATIONS
    server_extensions = texts.SERVER_EXTENSIONS_5
    server_datasources = texts.SERVER_DATASOURCES_5
    extension_versions = texts.EXTENSION_VERSIONS_5
    tables_of_extensions = ("powa_extensions", "powa_extension_config")
    tables_of_datasources = ("powa_extension_config", "powa_db_module_config")
    tables_of_versions = ("powa_extension_config",)
    copied_tables = ()
    deletes_transient_rows = True
    qualifies_names = True
    scope_database = True
    shares_extensions = True
    registry_lock = ("powa_extension_config", "powa_db_module_config")

    @property
    def own_retention(self) -> bool:
        return self.version >= (5, 1, 2)

    def retention(self, module: str, scope_database: bool) -> Any:
        if not self.own_retention:
            return compose(texts.RETENTION, schema=identifier(self.schema))
        kind = "db_module" if scope_database else "extension"
        return compose(
            texts.RETENTION_OF_MODULE, schema=identifier(self.schema), module=literal(module), kind=literal(kind)
        )

    def snapshot_lock(self) -> Any:
        return compose(texts.SNAPSHOT_LOCK, schema=identifier(self.schema))

    external_schemas = True
    registered_sources = texts.REGISTERED_SOURCES_5
    modules_of_functions = texts.MODULES_OF_FUNCTIONS_5
    # The rows of PoWA 5 say which ones it registered itself.
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
        # The collector ignores `enabled`, and looks only at the databases.
        databases = None if module.databases is None else list(module.databases)
        values = dict(self._config(registration), dbnames=[] if registration.enabled is False else databases)
        rows += [Row("powa_db_module_config", dict(key, srvid=srvid), values) for srvid in registration.srvids]
        return rows

    def cleanup_call(self, function: str) -> str:
        # The collector fills in PoWA's schema on the remote.
        return "SELECT {{powa}}.{0}(0)".format(function)

    def grantees(
        self, collector_role: Optional[str], web_role: Optional[str] = None, reader_role: Optional[str] = None
    ) -> Grantees:
        reader: Dict[str, Tuple[str, ...]] = {reader_role: ("SELECT",)} if reader_role else {}
        if not self.roles.get("powa_snapshot") and collector_role:
            rights = {**reader, collector_role: _WRITE}
            return Grantees(rights, dict(rights), (collector_role,), tuple(rights))
        # A reader may read history as a member of the role that PoWA has for it.
        history: Dict[str, Tuple[str, ...]] = {} if self.roles.get("powa_read_all_metrics") else dict(reader)
        transient = dict(reader)
        functions: List[str] = []
        readers: List[str] = list(history)
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
        return Grantees(history, transient, tuple(functions), tuple(readers))
