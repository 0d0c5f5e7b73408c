# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PoWA 4: C(powa_functions) is a table with one set of rows for each server, in schema public."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import (
    OPERATIONS,
    Archivist,
    CopiedTable,
    DatabaseModule,
    Grantees,
    Registration,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row, RowTable
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import archivist as texts

_WRITE = ("DELETE", "INSERT", "SELECT", "UPDATE")


class Archivist4(Archivist):
    """PoWA 4: C(powa_functions) is a table with one set of rows for each server, in schema public."""

    operations = OPERATIONS + ("unregister",)
    server_extensions = texts.SERVER_EXTENSIONS_4
    server_datasources = texts.SERVER_DATASOURCES_4
    tables_of_extensions = ("powa_functions",)
    tables_of_datasources = ("powa_functions",)
    deletes_transient_rows = False
    qualifies_names = False
    scope_database = False
    shares_extensions = False
    own_retention = False
    registry_lock = ("powa_functions",)
    external_schemas = False
    registered_sources = texts.REGISTERED_SOURCES_4
    modules_of_functions = texts.MODULES_OF_FUNCTIONS_4
    # Without pg_track_settings: PoWA marks its rows as added manually, so they may be ours.
    built_in = frozenset(
        "hypopg pg_qualstats pg_stat_bgwriter pg_stat_kcache pg_stat_statements pg_wait_sampling powa"
        " powa_stat_all_relations powa_stat_user_functions".split()
    )

    @property
    def extension_versions(self) -> str:
        return texts.EXTENSION_VERSIONS_4_0 if self.version < (4, 1) else texts.EXTENSION_VERSIONS_4

    @property
    def tables_of_versions(self) -> Tuple[str, ...]:
        return () if self.version < (4, 1) else ("powa_extensions",)

    @property
    def copied_tables(self) -> Tuple[CopiedTable, ...]:
        versions = [CopiedTable(name, "extname") for name in self.tables_of_versions]
        return (CopiedTable("powa_snapshot_metas"), *versions, CopiedTable("powa_functions", "module"))

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
        raise NotImplementedError("PoWA 4 has no datasources with scope database")

    def retention(self, module: str, scope_database: bool) -> Any:
        return compose(texts.RETENTION_4, schema=identifier(self.schema))

    def snapshot_lock(self) -> Any:
        return compose(texts.SNAPSHOT_LOCK_4, schema=identifier(self.schema))

    def cleanup_call(self, function: str) -> str:
        return "SELECT {0}.{1}(0)".format(self.quoted_schema, function)

    def grantees(
        self, collector_role: Optional[str], web_role: Optional[str] = None, reader_role: Optional[str] = None
    ) -> Grantees:
        collector = {collector_role: _WRITE} if collector_role else {}
        reader = {reader_role: ("SELECT",)} if reader_role else {}
        web = {web_role: ("SELECT",)} if web_role else {}
        return Grantees({**web, **reader, **collector}, {**reader, **collector}, tuple(collector), ("",))
