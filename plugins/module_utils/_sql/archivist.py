# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL that finds PoWA and reads what its versions keep in different places."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._sql.owners import stranger

FIND_POWA = """
    SELECT e.extversion, n.nspname, pg_catalog.quote_ident(n.nspname),
           pg_catalog.current_setting('server_version_num')::integer, pg_catalog.current_database()
    FROM (SELECT 1) AS one
    LEFT JOIN pg_catalog.pg_extension AS e ON e.extname = 'powa'
    LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
"""

FIND_ROLES = """
    SELECT r.powa_role, r.rolname
    FROM {schema}.powa_roles AS r
    JOIN pg_catalog.pg_roles AS p ON p.rolname = r.rolname
"""

SET_SEARCH_PATH = "SELECT pg_catalog.set_config('search_path', {search_path}, true)"
RESET_SEARCH_PATH = "SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)"

# PoWA 4 has the names of these extensions only in its code. Most rows of the registry are about other modules.
SERVER_EXTENSIONS_4 = """
    SELECT k.name, coalesce(a.active, false), pg_catalog.array_agg(s.id)
    FROM {schema}.powa_servers AS s
    CROSS JOIN {known} AS k (name)
    LEFT JOIN (
        SELECT f.srvid, f.module, pg_catalog.bool_and(f.enabled) AS active
        FROM {schema}.powa_functions AS f
        WHERE f.module IN (SELECT n.name FROM {known} AS n (name))
        GROUP BY f.srvid, f.module
    ) AS a ON a.srvid = s.id AND a.module = k.name
    GROUP BY 1, 2
""".replace(
    "{known}", "pg_catalog.unnest(ARRAY['pg_qualstats', 'pg_stat_kcache', 'pg_track_settings', 'pg_wait_sampling'])"
)

SERVER_EXTENSIONS_5 = """
    SELECT e.extname AS name, coalesce(c.enabled, false) AS active, pg_catalog.array_agg(s.id)
    FROM {schema}.powa_servers AS s
    CROSS JOIN {schema}.powa_extensions AS e
    LEFT JOIN {schema}.powa_extension_config AS c ON c.srvid = s.id AND c.extname = e.extname
    WHERE NOT e.added_manually AND e.extname NOT IN ('powa', 'pg_stat_statements')
    GROUP BY 1, 2
"""

# The registered functions of declared datasources, each under its module, for one server after the other.
SERVER_DATASOURCES_4 = """
    SELECT a.name, a.active, pg_catalog.array_agg(a.srvid)
    FROM (
        SELECT d.name, f.srvid, pg_catalog.bool_and(f.enabled) AS active
        FROM pg_catalog.jsonb_to_recordset({datasources}::jsonb) AS d (name text, module text, functions text[])
        JOIN {schema}.powa_functions AS f ON f.module = d.module AND f.function_name = ANY (d.functions)
        GROUP BY d.name, f.srvid
    ) AS a
    GROUP BY a.name, a.active
"""

SERVER_DATASOURCES_5 = """
    SELECT d.name, c.enabled AS active, pg_catalog.array_agg(c.srvid)
    FROM pg_catalog.jsonb_to_recordset({datasources}::jsonb) AS d (name text, module text, of_databases boolean)
    JOIN (
        SELECT e.extname, false, e.srvid, e.enabled FROM {schema}.powa_extension_config AS e
        UNION ALL
        SELECT m.db_module, true, m.srvid, m.enabled FROM {schema}.powa_db_module_config AS m
    ) AS c (module, of_databases, srvid, enabled) USING (module, of_databases)
    GROUP BY 1, 2
"""

# The versions that the collector has seen of each server's registered extensions.
EXTENSION_VERSIONS_4 = """
    SELECT v.srvid, v.extname, v.version
    FROM {schema}.powa_extensions AS v
    WHERE v.srvid > 0 AND v.version IS NOT NULL
"""

EXTENSION_VERSIONS_5 = """
    SELECT v.srvid, v.extname, v.version
    FROM {schema}.powa_extension_config AS v
    WHERE v.srvid > 0 AND v.version IS NOT NULL
"""

# PoWA 4.0 stores none.
EXTENSION_VERSIONS_4_0 = "SELECT NULL::integer, NULL::text, NULL::text WHERE false"

# The key of a transient table is its server; PoWA 4 leaves those rows behind when a server is deleted. The table of a
# stranger may have a trigger, which would run his code with our rights.
TRANSIENT_TABLES = """
    SELECT n.nspname, c.relname
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'srvid' AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND c.relpersistence = 'u'
      AND n.nspname = {schema_name} AND c.relname LIKE '%\\_src\\_tmp' AND {stranger} IS NULL
""".replace("{stranger}", stranger("c.relowner"))

# For functions with a parameter _srvid. From PoWA 5.1.2 on, each datasource may have a retention of its own.
RETENTION = "{schema}.powa_get_server_retention(_srvid)"
RETENTION_OF_MODULE = """{schema}.powa_get_server_retention(
        _srvid, {module}::pg_catalog.text, {kind}::{schema}.datasource_type)"""
SNAPSHOT_LOCK = "PERFORM {schema}.powa_prevent_concurrent_snapshot(_srvid);"

# What these functions of PoWA 4 do. They find their tables only with PoWA's schema in the search_path, and then also
# whatever others have made there.
RETENTION_4 = """CASE _srvid WHEN 0 THEN pg_catalog.current_setting('powa.retention')::interval
        ELSE (SELECT s.retention FROM {schema}.powa_servers AS s WHERE s.id = _srvid) END"""
SNAPSHOT_LOCK_4 = """BEGIN
        PERFORM 1 FROM {schema}.powa_snapshot_metas AS m WHERE m.srvid = _srvid FOR UPDATE NOWAIT;
    EXCEPTION
        WHEN lock_not_available THEN
            RAISE EXCEPTION 'Could not lock the powa_snapshot_metas record, a concurrent snapshot is probably running';
    END;"""

# Which of these functions are the query_source of a registered datasource.
REGISTERED_SOURCES_4 = """
    SELECT DISTINCT f.module AS name, false AS external, f.query_source
    FROM {schema}.powa_functions AS f
    WHERE f.query_source = ANY ({names}::text[])
    ORDER BY 1, 3
"""

REGISTERED_SOURCES_5 = """
    SELECT f.extname AS name, e.external, f.query_source
    FROM {schema}.powa_extension_functions AS f
    JOIN {schema}.powa_extensions AS e ON e.extname = f.extname
    WHERE f.query_source = ANY ({names}::text[])
    ORDER BY 1, 3
"""

# The modules or extensions that some functions are registered under.
MODULES_OF_FUNCTIONS_4 = """
    SELECT DISTINCT f.module FROM {schema}.powa_functions AS f WHERE f.function_name = ANY ({names}::text[])
"""
MODULES_OF_FUNCTIONS_5 = """
    SELECT DISTINCT f.extname FROM {schema}.powa_extension_functions AS f WHERE f.function_name = ANY ({names}::text[])
"""
