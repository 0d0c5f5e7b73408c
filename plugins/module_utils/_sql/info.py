# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements that read a server for module server_info. Each takes any number of servers and datasources at once."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._sql.owners import stranger

# The settings are those that decide what PoWA collects, as far as the role has the right to see them.
FACTS = """
    SELECT pg_catalog.current_database() AS database,
        pg_catalog.current_setting('server_version') AS postgresql_version,
        pg_catalog.current_setting('server_version_num')::integer AS postgresql_version_num,
        pg_catalog.pg_is_in_recovery() AS standby,
        (SELECT pg_catalog.jsonb_object_agg(s.name, pg_catalog.current_setting(s.name))
            FROM pg_catalog.pg_settings AS s
            WHERE s.name ~ '^(powa|pg_stat_statements|pg_qualstats|pg_stat_kcache|pg_wait_sampling)[.]'
               OR s.name IN ('shared_preload_libraries', 'listen_addresses', 'port', 'track_io_timing',
                   'track_functions', 'track_activity_query_size', 'compute_query_id')) AS settings,
        (SELECT coalesce(pg_catalog.jsonb_agg(s.name ORDER BY s.name), '[]')
            FROM pg_catalog.pg_settings AS s WHERE s.pending_restart) AS pending_restart,
        pg_catalog.pg_database_size(pg_catalog.current_database()) AS size
"""

EXTENSIONS = """
    SELECT e.extname AS name, e.extversion AS version, n.nspname AS schema, a.default_version AS available
    FROM pg_catalog.pg_extension AS e
    JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
    LEFT JOIN pg_catalog.pg_available_extensions AS a ON a.name = e.extname
    ORDER BY e.extname
"""

ROLES = """
    SELECT g.name, r.oid IS NOT NULL AS present, coalesce(r.rolcanlogin, false) AS login,
        coalesce(r.rolsuper, false) AS superuser,
        coalesce(pg_catalog.pg_has_role(r.oid, 'pg_read_all_stats', 'USAGE'), false) AS reads_statistics
    FROM pg_catalog.unnest({names}::text[]) WITH ORDINALITY AS g (name, position)
    LEFT JOIN pg_catalog.pg_roles AS r ON r.rolname = g.name
    ORDER BY g.position
"""

# A datasource of which only the history is left has the mark on tables, and no function that holds a definition.
MARKED_TABLES = """
    SELECT pg_catalog.substr(d.description, pg_catalog.length({mark}) + 1), c.relname
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_description AS d
        ON d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
    WHERE n.nspname = {schema} AND c.relkind = 'r' AND pg_catalog.starts_with(d.description, {mark})
      AND {stranger} IS NULL
""".replace("{stranger}", stranger("c.relowner"))

# Times as text, since a result is JSON, and as an age by the clock of the server that wrote them.
SNAPSHOTS = """
    SELECT m.srvid, m.coalesce_seq AS sequence,
        pg_catalog.to_char(nullif(m.snapts, '-infinity') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS last,
        pg_catalog.to_char(nullif(m.aggts, '-infinity') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            AS last_aggregate,
        pg_catalog.to_char(nullif(m.purgets, '-infinity') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            AS last_purge,
        extract(epoch FROM pg_catalog.now() - nullif(m.snapts, '-infinity'))::bigint AS age,
        coalesce(m.errors, '{{}}') AS errors
    FROM {schema}.powa_snapshot_metas AS m
"""

# All tables of PoWA and of declared datasources, and the transient tables of whatever else is registered. The row count
# comes from the statistics, since counting would read every table. Rows of a stranger's table are never read, since the
# types of its columns can bring code along.
TABLES = """
    SELECT c.relname AS name, pg_catalog.pg_total_relation_size(c.oid) AS bytes,
        c.relpersistence = 'u' AS transient, pg_catalog.pg_stat_get_live_tuples(c.oid) AS live_rows,
        {stranger} IS NULL AND (SELECT pg_catalog.count(*) = 2 FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = c.oid AND NOT a.attisdropped AND (
                (a.attname = 'srvid' AND a.atttypid = 'pg_catalog.int4'::regtype)
                OR (a.attname = 'ts' AND a.atttypid = 'pg_catalog.timestamptz'::regtype))) AS has_times
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = {schema_name} AND c.relkind = 'r'
      AND (c.relname LIKE 'powa\\_%' OR c.relname IN (
          SELECT f.query_source || '_tmp' FROM {schema}.powa_functions AS f WHERE f.operation = 'snapshot'))
    ORDER BY c.relname
""".replace("{stranger}", stranger("c.relowner"))

# The collector copies rows in, and its snapshot takes them, in one transaction: what others see there was left behind.
# The limit is for a table that has grown out of bounds.
TRANSIENT_ROWS = """
    SELECT {name}, t.srvid, pg_catalog.count(*), extract(epoch FROM pg_catalog.now() - min(t.ts))::bigint
    FROM (SELECT r.srvid, r.ts FROM {table} AS r LIMIT 100000) AS t
    GROUP BY t.srvid
"""

# The last sample is searched only among those of the last day, where the index finds it.
SAMPLES = """
    SELECT {name}, s.id, coalesce(
        (SELECT max((c.record).ts) FROM {current} AS c WHERE c.srvid = s.id),
        (SELECT max(pg_catalog.upper(h.coalesce_range)) FROM {history} AS h
            WHERE h.srvid = s.id
              AND h.coalesce_range && pg_catalog.tstzrange(pg_catalog.now() - interval '1 day', NULL))),
        EXISTS (SELECT FROM {current} AS c WHERE c.srvid = s.id)
            OR EXISTS (SELECT FROM {history} AS h WHERE h.srvid = s.id)
    FROM {schema}.powa_servers AS s
"""
SAMPLES_OF_ALL = """
    SELECT a.name, a.srvid, pg_catalog.to_char(a.last AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        extract(epoch FROM pg_catalog.now() - a.last)::bigint
    FROM ({samples}) AS a (name, srvid, last, present)
    WHERE a.present
"""
EITHER = " UNION ALL "
