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
        CASE WHEN {sees_size} THEN pg_catalog.pg_database_size(pg_catalog.current_database()) END AS size,
        (SELECT coalesce(nullif(pg_catalog.pg_tablespace_location(d.dattablespace), ''),
                CASE WHEN {sees_settings} THEN pg_catalog.current_setting('data_directory') END)
            FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()) AS folder
"""

EXTENSIONS = """
    SELECT e.extname AS name, e.extversion AS version, n.nspname AS schema, a.default_version AS available
    FROM pg_catalog.pg_extension AS e
    JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
    LEFT JOIN pg_catalog.pg_available_extensions AS a ON a.name = e.extname
    ORDER BY e.extname
"""

# What somebody has set for the role in this database, for the role, for the database, or for all: the first one counts.
ROLES = """
    SELECT g.name, r.oid IS NOT NULL AS present, coalesce(r.rolcanlogin, false) AS login,
        coalesce(r.rolsuper, false) AS superuser,
        coalesce(pg_catalog.pg_has_role(r.oid, 'pg_read_all_stats', 'USAGE'), false) AS reads_statistics,
        (SELECT coalesce(pg_catalog.jsonb_object_agg(f.name, f.value), '{{}}')
            FROM (SELECT DISTINCT ON (n.name) n.name, pg_catalog.substr(s.setting, pg_catalog.length(n.name) + 2)
                FROM pg_catalog.pg_db_role_setting AS d
                CROSS JOIN LATERAL pg_catalog.unnest(d.setconfig) AS s (setting)
                JOIN pg_catalog.unnest({hindering}::text[]) AS n (name)
                    ON pg_catalog.starts_with(s.setting, n.name || '=')
                WHERE d.setrole IN (r.oid, 0) AND d.setdatabase IN (0, (SELECT b.oid
                    FROM pg_catalog.pg_database AS b WHERE b.datname = pg_catalog.current_database()))
                ORDER BY n.name, d.setrole = 0, d.setdatabase = 0) AS f (name, value)) AS settings
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

# The sessions of the collector, each with its name, how long ago its transaction began, which is that of a snapshot,
# and whether it has come to the databases, which the collector asks last. There is at least one row, for the first
# column, which says whether the role may see all that.
COLLECTOR_SESSIONS = """
    SELECT m.sees, a.application_name,
        extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::bigint,
        {at_databases}, pg_catalog.substring(a.query, {taking}) AS taking
    FROM (SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS sees) AS m
    LEFT JOIN pg_catalog.pg_stat_activity AS a
        ON a.datname = pg_catalog.current_database()
            AND (pg_catalog.starts_with(a.application_name, {prefix}) OR (a.state = 'active' AND a.query ~ {taking}))
"""

# The collector reads which databases there are when it comes to them, and holds that lock until the snapshot ends.
# Nothing here depends on the session, so PostgreSQL reads its locks once for all of them.
AT_DATABASES = """coalesce(a.pid IN (
            SELECT l.pid FROM pg_catalog.pg_locks AS l
            WHERE l.locktype = 'relation' AND l.granted AND l.relation = pg_catalog.to_regclass({of_databases})
              AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                  WHERE d.datname = pg_catalog.current_database())), false)"""

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
    WHERE n.nspname = {schema_name} AND c.relkind = 'r' AND (c.relname LIKE 'powa\\_%' OR {registered})
    ORDER BY c.relname
""".replace("{stranger}", stranger("c.relowner"))

REGISTERED = """c.relname IN (
          SELECT f.query_source || '_tmp' FROM {schema}.powa_functions AS f WHERE f.operation = 'snapshot')"""

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

# Snapshots whose samples no aggregation has taken yet. Of many rows only some are read: those that stand first in the
# table, which may be parts of samples that were taken at any time, so that they tell neither the rows of a sample on
# average nor the time between two. That time is the one between the latest snapshots: before, the server may have had
# another frequency.
RECENT = """
    SELECT {name}, a.srvid, a.snapshots, CASE WHEN a.is_whole THEN a.average ELSE a.largest END, a.duplicates,
        a.databases, CASE WHEN a.is_whole THEN a.gap END, a.read, NOT a.is_whole
    FROM (
        SELECT s.srvid, pg_catalog.count(*) AS snapshots, pg_catalog.avg(s.rows)::double precision AS average,
            max(s.rows)::double precision AS largest, pg_catalog.sum(s.rows - s.keys)::bigint AS duplicates,
            max(s.databases) AS databases, pg_catalog.sum(s.rows)::bigint AS read,
            pg_catalog.sum(pg_catalog.sum(s.rows)) OVER () < {limit} AS is_whole,
            extract(epoch FROM pg_catalog.percentile_disc(0.5) WITHIN GROUP (ORDER BY s.gap)
                FILTER (WHERE s.place <= 5))::double precision AS gap
        FROM (
            SELECT r.srvid, pg_catalog.sum(r.rows) AS rows, pg_catalog.count(*) AS keys, {databases} AS databases,
                r.ts - pg_catalog.lag(r.ts) OVER (PARTITION BY r.srvid ORDER BY r.ts) AS gap,
                pg_catalog.row_number() OVER (PARTITION BY r.srvid ORDER BY r.ts DESC) AS place
            FROM (
                SELECT c.srvid, c.ts{keys}, pg_catalog.count(*) AS rows
                FROM (SELECT t.srvid, (t.record).ts AS ts{read} FROM {current} AS t LIMIT {limit}) AS c
                GROUP BY c.srvid, c.ts{keys}
            ) AS r
            GROUP BY r.srvid, r.ts
        ) AS s
        GROUP BY s.srvid
    ) AS a
"""

# The same without the keys, of a table with more rows than that. No index has the times or the databases, so it reads
# the whole table, or so many of its pages that it does not take long. Those may be any, so a snapshot with few rows may
# be in none of them, or be in them as a whole: the rows of one on average and the time between two are told only where
# the latest ones have many. Elsewhere there is only the largest one, as far as those pages have it.
MANY_RECENT = """
    SELECT {name}, a.srvid, a.snapshots, CASE WHEN a.share = 1 OR a.fewest >= {enough} THEN a.rows / a.share END,
        a.largest, a.databases, CASE WHEN a.share = 1 OR a.fewest >= {enough} THEN a.gap END, a.share < 1
    FROM (
        WITH p AS MATERIALIZED (
            SELECT least(1, {pages}::double precision * pg_catalog.current_setting('block_size')::integer
                / greatest(pg_catalog.pg_relation_size({table}::pg_catalog.regclass), 1)) AS share
        ), r AS MATERIALIZED (
            SELECT c.srvid, c.ts, c.dbid, pg_catalog.count(*) AS rows
            FROM (
                SELECT t.srvid, (t.record).ts AS ts, t.dbid
                FROM {current} AS t TABLESAMPLE SYSTEM ((SELECT 100 * p.share FROM p)) REPEATABLE (0)
            ) AS c
            GROUP BY c.srvid, c.ts, c.dbid
        ), d AS (
            SELECT r.srvid, pg_catalog.count(DISTINCT r.dbid) AS databases FROM r GROUP BY r.srvid
        )
        SELECT s.srvid, p.share, pg_catalog.count(*) AS snapshots, max(s.rows)::double precision AS largest,
            (pg_catalog.avg(s.rows) FILTER (WHERE p.share = 1 OR s.place <= 6))::double precision AS rows,
            min(s.rows) FILTER (WHERE s.place <= 6) AS fewest, d.databases,
            extract(epoch FROM pg_catalog.percentile_disc(0.5) WITHIN GROUP (ORDER BY s.gap)
                FILTER (WHERE s.place <= 5))::double precision AS gap
        FROM (
            SELECT r.srvid, pg_catalog.sum(r.rows) AS rows,
                r.ts - pg_catalog.lag(r.ts) OVER (PARTITION BY r.srvid ORDER BY r.ts) AS gap,
                pg_catalog.row_number() OVER (PARTITION BY r.srvid ORDER BY r.ts DESC) AS place
            FROM r
            GROUP BY r.srvid, r.ts
        ) AS s
        JOIN d ON d.srvid = s.srvid
        CROSS JOIN p
        GROUP BY s.srvid, d.databases, p.share
    ) AS a
"""

EITHER = " UNION ALL "
