# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements that read what datasources have collected, thinned to the steps of a graph."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._sql.owners import stranger_of_function

# A moment as PostgreSQL reads it, as a module returns it, and the seconds since the beginning of the range.
_MOMENT = """{moment}::text, pg_catalog.to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        extract(epoch FROM {moment} - {since})::double precision"""

RANGE = (
    """
    SELECT {of_since}, {of_until}
    FROM (SELECT coalesce({until}::timestamptz, pg_catalog.now())) AS u (until)
    CROSS JOIN LATERAL (SELECT u.until - {range}::interval) AS r (since)
""".replace("{of_since}", _MOMENT.replace("{moment}", "r.since"))
    .replace("{of_until}", _MOMENT.replace("{moment}", "u.until"))
    .replace("{since}", "r.since")
)

# Of each datasource and server the first and the last sample of the range. Only rows of history that reach beyond it
# are looked into.
SAMPLED = (
    """
    SELECT a.name, a.srvid, {of_first}, {of_last}
    FROM ({parts}) AS a (name, srvid, first, last)
""".replace("{of_first}", _MOMENT.replace("{moment}", "a.first"))
    .replace("{of_last}", _MOMENT.replace("{moment}", "a.last"))
    .replace("{since}", "{since}::timestamptz")
)
SAMPLED_PART = """
        SELECT {name}::text, r.srvid, min(r.first), max(r.last)
        FROM (
            SELECT c.srvid, (c.record).ts, (c.record).ts
            FROM {current} AS c
            WHERE (c.record).ts BETWEEN {since}::timestamptz AND {until}::timestamptz
            UNION ALL
            SELECT h.srvid, pg_catalog.lower(h.coalesce_range), pg_catalog.upper(h.coalesce_range)
            FROM {history} AS h
            WHERE h.coalesce_range <@ pg_catalog.tstzrange({since}::timestamptz, {until}::timestamptz, '[]')
            UNION ALL
            SELECT h.srvid, s.ts, s.ts
            FROM {history} AS h
            CROSS JOIN LATERAL pg_catalog.unnest(h.records) AS s
            WHERE h.coalesce_range && pg_catalog.tstzrange({since}::timestamptz, {until}::timestamptz, '[]')
              AND NOT h.coalesce_range <@ pg_catalog.tstzrange({since}::timestamptz, {until}::timestamptz, '[]')
              AND s.ts BETWEEN {since}::timestamptz AND {until}::timestamptz
        ) AS r (srvid, first, last)
        WHERE r.srvid = ANY ({srvids}::integer[])
        GROUP BY r.srvid
"""

# Functions of ours that read datasources back, each with the columns that it returns and their types. Each calls the
# other reader of its datasource, which has to be there and ours, too.
READABLE = """
    SELECT p.proname,
        (SELECT pg_catalog.json_object_agg(o.name, pg_catalog.format_type(o.type, NULL))
            FROM ROWS FROM (pg_catalog.unnest(p.proargnames), pg_catalog.unnest(p.proallargtypes),
                pg_catalog.unnest(p.proargmodes)) AS o (name, type, mode) WHERE o.mode = 'o'),
        ARRAY(SELECT f.proname::text FROM pg_catalog.pg_proc AS f
            WHERE f.pronamespace = p.pronamespace AND f.proargtypes = p.proargtypes
              AND f.proname IN (p.proname, pg_catalog.regexp_replace(p.proname, 'rate$', 'get'))
              AND NOT pg_catalog.has_function_privilege(f.oid, 'EXECUTE'))
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname = {schema} AND p.proname ~ '^powa_.*_rate$' AND p.proargtypes::text = '23 1184 1184'
      AND pg_catalog.obj_description(p.oid, 'pg_proc') LIKE {mark} AND {stranger} IS NULL
      AND EXISTS (SELECT FROM pg_catalog.pg_proc AS g
          WHERE g.pronamespace = p.pronamespace AND g.proname = pg_catalog.regexp_replace(p.proname, 'rate$', 'get')
            AND g.proargtypes = p.proargtypes
            AND pg_catalog.obj_description(g.oid, 'pg_proc') LIKE {mark} AND {stranger_of_get} IS NULL)
""".replace("{stranger}", stranger_of_function("p")).replace("{stranger_of_get}", stranger_of_function("g"))

# All steps of all datasources, servers and metrics. For each metric of each server, the keys with the greatest totals
# have a line of their own, and the last line is the sum of the others.
LINES = """
    WITH stepped AS (
        {parts}
    ), total AS (
        SELECT s.*, sum(s.value) OVER (PARTITION BY s.datasource, s.srvid, s.metric, s.keys) AS total
        FROM stepped AS s
    ), ranked AS (
        SELECT t.*, pg_catalog.dense_rank() OVER (
            PARTITION BY t.datasource, t.srvid, t.metric ORDER BY t.total DESC, t.keys) <= {lines} AS named
        FROM total AS t
    ), summed AS (
        SELECT r.datasource, r.srvid, r.metric, CASE WHEN r.named THEN r.keys END AS keys, max(r.total) AS total,
            r.step, sum(r.value) AS value
        FROM ranked AS r
        GROUP BY r.datasource, r.srvid, r.metric, 4, r.step
    )
    SELECT s.datasource, s.srvid, s.metric, s.keys, pg_catalog.array_agg(s.step), pg_catalog.array_agg(s.value)
    FROM summed AS s
    GROUP BY s.datasource, s.srvid, s.metric, s.keys
    ORDER BY s.datasource, s.srvid, s.metric, s.keys IS NULL, max(s.total) DESC, s.keys
"""
PART = """
        SELECT {name}::text AS datasource, s.id AS srvid, m.metric, {keys} AS keys, p.step, avg(m.value) AS value
        FROM {schema}.powa_servers AS s
        LEFT JOIN ROWS FROM (pg_catalog.unnest({late}::integer[]), pg_catalog.unnest({sinces}::timestamptz[]),
            pg_catalog.unnest({late_steps}::double precision[])) AS l (id, since, step) ON l.id = s.id
        CROSS JOIN LATERAL (
            SELECT coalesce(l.since, {since}::timestamptz), coalesce(l.step, {step})) AS w (since, step)
        CROSS JOIN LATERAL {rate}(s.id, w.since, {until}::timestamptz) AS r
        CROSS JOIN LATERAL (SELECT least({steps} - 1,
            pg_catalog.floor(extract(epoch FROM r.ts - w.since) / w.step)::integer)) AS p (step)
        CROSS JOIN LATERAL (VALUES {metrics}) AS m (metric, value)
        WHERE s.id = ANY ({srvids}::integer[])
          AND m.value < 'Infinity'::double precision AND m.value > '-Infinity'::double precision
        GROUP BY s.id, m.metric, 4, p.step
"""
METRIC = "({position}, ({number})::double precision)"
KEYS = "pg_catalog.jsonb_build_array({values})"
KEY = "r.{column}::text"
DATABASE_KEY = """coalesce((SELECT d.datname::text FROM {schema}.powa_databases AS d
            WHERE d.srvid = s.id AND d.oid = r.{column}), r.{column}::text)"""
