# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL that reads declared datasources. psycopg2.sql fills in names, and values are bound."""

from __future__ import annotations

POWA = """
SELECT n.nspname, pg_catalog.split_part(e.extversion, '.', 1)::integer
FROM pg_catalog.pg_extension AS e
JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
WHERE e.extname = 'powa'
"""

# The comments that hold the definitions of one or all datasources whose history the user may read, and whether each is
# registered for the server. Whoever may create objects in PoWA's schema (everybody, until PostgreSQL 14) can imitate
# ours, so an object counts only if its owner could change PoWA itself: a superuser, or the owner of the extension. What
# runs users' queries in local mode belongs to a role of its own, which nobody may become. A join takes half the time of
# obj_description.
DEFINITIONS = """
WITH maker AS (
    SELECT r.oid, true AS of_all
    FROM pg_catalog.pg_roles AS r
    WHERE r.rolsuper OR r.oid IN (SELECT x.extowner FROM pg_catalog.pg_extension AS x WHERE x.extname = 'powa')
    UNION ALL
    SELECT r.oid, false
    FROM pg_catalog.pg_roles AS r
    WHERE r.rolname = 'powa_queries' AND NOT r.rolsuper AND NOT r.rolcanlogin
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m WHERE m.roleid = r.oid)
)
SELECT p.proname::text, coalesce(source_comment.description, comment.description), {registered}
FROM pg_catalog.pg_extension AS e
JOIN pg_catalog.pg_proc AS p ON p.pronamespace = e.extnamespace AND p.proname LIKE 'powa\\_%%\\_snapshot'
    AND p.proargtypes::text = '23'
JOIN pg_catalog.pg_description AS comment ON comment.objoid = p.oid
    AND comment.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND comment.description LIKE %(mark)s
LEFT JOIN (pg_catalog.pg_proc AS source
    JOIN pg_catalog.pg_description AS source_comment ON source_comment.objoid = source.oid
        AND source_comment.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        AND source_comment.description LIKE %(mark)s)
    ON source.pronamespace = e.extnamespace
    AND source.proname = pg_catalog.left(p.proname, -8) || 'src'
    AND source.proargtypes::text = '23'
    AND EXISTS (SELECT FROM maker AS k WHERE k.oid = source.proowner)
WHERE e.extname = 'powa'
  AND (%(snapshot)s::text IS NULL OR p.proname = %(snapshot)s::text)
  AND EXISTS (SELECT FROM maker AS k WHERE k.oid = p.proowner AND k.of_all)
  AND (SELECT pg_catalog.count(*)
       FROM pg_catalog.pg_class AS c
       WHERE c.relnamespace = e.extnamespace AND EXISTS (SELECT FROM maker AS k WHERE k.oid = c.relowner AND k.of_all)
         AND ((c.relkind = 'r' AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
               AND c.relname IN (pg_catalog.left(p.proname, -8) || 'history',
                                 pg_catalog.left(p.proname, -8) || 'history_current'))
              OR (c.relkind = 'c'
                  AND c.relname = pg_catalog.left(p.proname, -8) || 'history_record'))) = 3
ORDER BY p.proname
"""

REGISTERED = {
    4: """EXISTS (SELECT FROM {schema}.powa_functions AS f
        WHERE f.srvid = %(server)s AND f.function_name = p.proname)""",
    5: """(EXISTS (SELECT FROM {schema}.powa_functions AS f
            WHERE f.srvid = %(server)s AND f.function_name = p.proname)
        OR EXISTS (SELECT FROM {schema}.powa_db_module_functions AS f
            JOIN {schema}.powa_db_module_config AS c USING (db_module)
            WHERE c.srvid = %(server)s AND f.function_name = p.proname))""",
}

# Those datasources no longer registered for the server that have history of it.
COLLECTED = """
SELECT {name}
WHERE EXISTS (SELECT FROM {current} AS c WHERE c.srvid = %(server)s)
   OR EXISTS (SELECT FROM {history} AS h WHERE h.srvid = %(server)s)
"""

# A hash of the values stands for a combination of keys, which is short enough for addresses and for sorting.
KEY = "pg_catalog.substr(pg_catalog.md5(pg_catalog.jsonb_build_array({values})::text), 1, 10)"
NO_KEY = "''::text"
KEY_VALUES = "pg_catalog.jsonb_build_array({values})"
PLAIN_VALUE = "{row}.{column}::text"
DATABASE_VALUE = """coalesce((SELECT d.datname::text FROM {schema}.powa_databases AS d
    WHERE d.srvid = %(server)s AND d.oid = {row}.{column}), {row}.{column}::text)"""

RANGE = "pg_catalog.tstzrange(%(from)s::timestamptz, %(to)s::timestamptz, '[]')"

ENDS = """
SELECT pg_catalog.date_part('epoch', %(from)s::timestamptz), pg_catalog.date_part('epoch', %(to)s::timestamptz)
"""

# The busiest combinations of each metric of one of the datasources. History keeps the least and greatest values of a
# range, so no sample has to be read.
BUSIEST = """
(WITH part AS (
    SELECT {key_of_history} AS k, {values_of_history} AS names, {scores_of_history}
    FROM {history} AS h
    WHERE h.srvid = %(server)s AND h.coalesce_range && {range}
    UNION ALL
    SELECT {key_of_current}, {values_of_current}, {scores_of_current}
    FROM {current} AS c
    WHERE c.srvid = %(server)s AND (c.record).ts <@ {range}
    GROUP BY 1, 2
), total AS (
    SELECT k, names, {totals} FROM part GROUP BY k, names
), ranked AS (
    SELECT total.*, {ranks} FROM total
)
SELECT {number}, k, names, ARRAY[{rank_columns}]::bigint[], ARRAY[{score_columns}]::double precision[]
FROM ranked
WHERE {busiest})
"""
ALL_BUSIEST = "SELECT x.* FROM ({ranked}) AS x (number, k, names, ranks, scores) ORDER BY x.number, x.names"
HISTORY_PEAK = "{maximum}"
HISTORY_GROWTH = "{maximum} - {minimum}"
CURRENT_PEAK = "max({value})"
CURRENT_GROWTH = "max({value}) - min({value})"
RANK = "pg_catalog.row_number() OVER (ORDER BY {score} DESC NULLS LAST, names) AS {name}"

# How much there is to read, and the attributes of a sample. Somebody may have changed how many samples a row has, so
# the first and the last row are both read.
EXTENT = """
SELECT (SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = %(schema)s AND c.relname = %(record)s AND a.attnum > 0 AND NOT a.attisdropped),
    pg_catalog.count(*), pg_catalog.count(DISTINCT pg_catalog.upper(h.coalesce_range)),
    coalesce((SELECT pg_catalog.max(pg_catalog.array_length(l.records, 1)) FROM (
        (SELECT l.records FROM {history} AS l WHERE l.srvid = %(server)s AND l.coalesce_range && {range}
            ORDER BY l.coalesce_range LIMIT 1)
        UNION ALL
        (SELECT l.records FROM {history} AS l WHERE l.srvid = %(server)s AND l.coalesce_range && {range}
            ORDER BY l.coalesce_range DESC LIMIT 1)) AS l), 0)
FROM {history} AS h
WHERE h.srvid = %(server)s AND h.coalesce_range && {range}
"""

# With OFFSET 0 the hash is computed once for a row of history, and not for each of its samples. Of many samples every
# n-th is enough, counted from the last of the row. No metric may be called coalesce_range.
SAMPLES = """
SELECT h.k, r.ts, {history_values}
FROM (SELECT {key_of_history} AS k, h.records, pg_catalog.array_upper(h.records, 1) AS last FROM {history} AS h
    WHERE h.srvid = %(server)s AND h.coalesce_range && {range} OFFSET 0) AS h
CROSS JOIN LATERAL pg_catalog.unnest(h.records) WITH ORDINALITY AS r ({attributes}, coalesce_range)
WHERE (h.last - r.coalesce_range) %% %(every)s = 0 AND r.ts <@ {range}
"""
LAST_SAMPLES = """
SELECT h.k, (h.r).ts, {history_values}
FROM (SELECT {key_of_history} AS k, h.records[pg_catalog.array_upper(h.records, 1)] AS r FROM {history} AS h
    WHERE h.srvid = %(server)s AND h.coalesce_range && {range} OFFSET 0) AS h
WHERE (h.r).ts <@ {range}
"""

# The values or rates of the last sample of each key in each of the range's steps. Keys that are not named are summed.
SERIES = """
WITH sample AS (
    {samples}
    UNION ALL
    SELECT {key_of_current}, (c.record).ts, {current_values}
    FROM {current} AS c
    WHERE c.srvid = %(server)s AND (c.record).ts <@ {range}
), stepped AS (
    SELECT s.*, pg_catalog.floor(pg_catalog.date_part('epoch', s.ts) / %(step)s) AS step
    FROM sample AS s
), point AS (
    SELECT DISTINCT ON (s.k COLLATE "C", s.step) s.*
    FROM stepped AS s
    ORDER BY s.k COLLATE "C", s.step, s.ts DESC
), value AS (
    SELECT p.step, p.ts, p.k, {values}
    FROM point AS p
    WINDOW w AS (PARTITION BY p.k COLLATE "C" ORDER BY p.step)
)
SELECT v.step, pg_catalog.date_part('epoch', pg_catalog.max(v.ts)), m.metric, coalesce(n.k, 'others'), sum(m.number)
FROM value AS v
CROSS JOIN LATERAL (VALUES {metrics}) AS m (metric, number)
LEFT JOIN (SELECT x.metric, x.k
    FROM ROWS FROM (pg_catalog.unnest(%(named_metrics)s::integer[]), pg_catalog.unnest(%(named_keys)s::text[]))
        AS x (metric, k)) AS n
    ON n.metric = m.metric AND n.k = v.k
WHERE m.number < 'Infinity'::double precision AND m.number > '-Infinity'::double precision
GROUP BY v.step, m.metric, 4
"""
GAUGE = "({number} * {factor})::double precision"
# A counter below its last value was reset, and has counted from 0 since. The first sample has no rate.
COUNTER = """((CASE WHEN {number} < pg_catalog.lag({number}) OVER w THEN {number}
    ELSE {number} - pg_catalog.lag({number}) OVER w END) * {factor}
    / nullif(pg_catalog.date_part('epoch', p.ts - pg_catalog.lag(p.ts) OVER w), 0))::double precision"""

# The last sample of each combination of keys in the range, and the rates since the one before. Only the last row of
# each is read from history.
LATEST = """
WITH newest AS (
    SELECT DISTINCT ON (h.k COLLATE "C") h.k, h.names, h.records
    FROM (SELECT {key_of_history} AS k, {values_of_history} AS names, h.coalesce_range, h.records
        FROM {history} AS h
        WHERE h.srvid = %(server)s AND h.coalesce_range && {range}) AS h
    ORDER BY h.k COLLATE "C", pg_catalog.upper(h.coalesce_range) DESC
), sample AS (
    SELECT h.k, h.names, r.ts, {history_values}
    FROM newest AS h
    CROSS JOIN LATERAL pg_catalog.unnest(h.records) AS r
    WHERE r.ts <@ {range}
    UNION ALL
    SELECT {key_of_current}, {values_of_current}, (c.record).ts, {current_values}
    FROM {current} AS c
    WHERE c.srvid = %(server)s AND (c.record).ts <@ {range}
), value AS (
    SELECT p.names, p.ts, {values},
        pg_catalog.row_number() OVER (PARTITION BY p.k COLLATE "C" ORDER BY p.ts DESC) AS age
    FROM sample AS p
    WINDOW w AS (PARTITION BY p.k COLLATE "C" ORDER BY p.ts)
)
SELECT v.names, pg_catalog.to_char(v.ts, 'YYYY-MM-DD HH24:MI:SS'), {columns}
FROM value AS v
WHERE v.age = 1
ORDER BY v.names
"""
