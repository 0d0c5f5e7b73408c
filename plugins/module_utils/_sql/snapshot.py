# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements for a snapshot that is taken by hand."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._sql.owners import (
    runs_functions,
    stranger,
    stranger_of_function,
    stranger_of_schema,
)

# PoWA calls what is registered with the rights of whoever takes the snapshot; in local mode, a snapshot function calls
# the source function as well. It finds them in its own schema, or as functions of an extension.
STRANGERS = """
    SELECT DISTINCT pg_catalog.format('%I.%I(integer)', n.nspname, p.proname), {stranger}
    FROM {schema}.powa_functions AS f
    JOIN pg_catalog.pg_proc AS p ON p.proargtypes::text = '23'
        AND p.proname IN (f.function_name, CASE WHEN f.srvid = 0 THEN f.query_source END)
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    WHERE f.srvid = ANY ({srvids}::integer[]) AND f.enabled AND f.operation IN ('snapshot', 'aggregate', 'purge')
      AND {stranger} IS NOT NULL
      AND (n.nspname = {schema_name} OR EXISTS (
          SELECT FROM pg_catalog.pg_depend AS d
          WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))
    ORDER BY 1
""".replace("{stranger}", stranger_of_function("p"))

# The collector copies the datasources of a server by priority, each into its transient table.
FIRST_TRANSIENT_TABLE = """
    SELECT n.nspname, c.relname
    FROM {schema}.powa_functions AS f
    JOIN pg_catalog.pg_class AS c ON c.relname = f.query_source || '_tmp'
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE f.srvid = {srvid} AND f.operation = 'snapshot' AND f.enabled AND n.nspname = {schema_name}
    ORDER BY f.priority, c.relname
    LIMIT 1
"""
# Each snapshot of a remote stores its databases, and they stay after a reset.
DATABASES = "powa_databases"
# Where else rows of a server are: waiting ones, and history that can be searched by server. To read a stranger's table,
# or to plan that with an expression of others, could run code of theirs.
TABLES_OF_ROWS = """
    SELECT c.relname
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'srvid' AND NOT a.attisdropped
    WHERE n.nspname = {schema_name} AND c.relkind = 'r' AND a.atttypid = 'pg_catalog.int4'::pg_catalog.regtype
      AND {stranger} IS NULL AND {stranger_of_schema} IS NULL AND NOT {runs_functions}
      AND NOT c.relhassubclass AND NOT c.relrowsecurity AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
      AND (c.relname LIKE '%\\_tmp' OR c.relname LIKE '%\\_history%' AND EXISTS (
          SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum))
    ORDER BY c.relname
"""
TABLES_OF_ROWS = TABLES_OF_ROWS.replace("{stranger}", stranger("c.relowner")).replace(
    "{stranger_of_schema}", stranger_of_schema("n")
)
TABLES_OF_ROWS = TABLES_OF_ROWS.replace("{runs_functions}", runs_functions("c"))

WITHOUT_ROWS = """
    SELECT s.srvid
    FROM pg_catalog.unnest({srvids}::integer[]) AS s (srvid)
    WHERE s.srvid > 0 AND coalesce({found}) IS NULL
"""
HAS_ROWS = "(SELECT true FROM ONLY {table} AS t WHERE t.srvid = s.srvid LIMIT 1)"

# These settings exist only where the library is preloaded.
LOCAL_MODE = "SELECT pg_catalog.current_setting('powa.coalesce', true) IS NOT NULL"

LOCK_TRANSIENT_TABLE = "LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE NOWAIT"
LOCK_SERVER = "SELECT FROM {schema}.powa_snapshot_metas AS m WHERE m.srvid = {srvid} FOR UPDATE NOWAIT"
LIMIT = "SELECT pg_catalog.set_config('statement_timeout', {milliseconds}, true)"
TAKE = "SELECT {schema}.powa_take_snapshot({srvid})"
ERRORS = "SELECT m.errors FROM {schema}.powa_snapshot_metas AS m WHERE m.srvid = {srvid}"
LAST = """
    SELECT m.srvid, m.snapts, coalesce(m.errors, '{{}}')
    FROM {schema}.powa_snapshot_metas AS m
    WHERE m.srvid = ANY ({srvids}::integer[])
"""
