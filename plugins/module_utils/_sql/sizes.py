# How many samples a history holds, by the statistics, since counting would read all of it. How many a row holds is that
# of rows from about eight of its pages, which may be any: the first ones would be all of one aggregation of one server.
# The same rows, and some of the latest samples, show how wide a sample is before it is compressed: it is the size of an
# array of them without its header. The slice is made once, so both functions get it decompressed.
STORED = """
    SELECT {name}, greatest(c.reltuples, 0)::double precision * coalesce(s.samples, 0), s.width,
        pg_catalog.pg_total_relation_size(c.oid)
    FROM pg_catalog.pg_class AS c
    CROSS JOIN (
        SELECT pg_catalog.avg(pg_catalog.cardinality(e.records)) FILTER (WHERE e.is_history)::double precision,
            pg_catalog.sum(pg_catalog.pg_column_size(e.records) - 24)::double precision
                / nullif(pg_catalog.sum(pg_catalog.cardinality(e.records)), 0)
        FROM (
            (SELECT t.records[1:], true
                FROM ONLY {history} AS t TABLESAMPLE SYSTEM ((
                    SELECT least(100, 800.0 / greatest(p.relpages, 1)) FROM pg_catalog.pg_class AS p
                    WHERE p.oid = {table}::pg_catalog.regclass)) REPEATABLE (0)
                LIMIT 500)
            UNION ALL
            SELECT pg_catalog.array_agg(r.record), false
            FROM (SELECT t.record FROM {current} AS t LIMIT 200) AS r
        ) AS e (records, is_history)
    ) AS s (samples, width)
    WHERE c.oid = {table}::pg_catalog.regclass
"""
EITHER = " UNION ALL "

# What PoWA's background worker keeps to, unless it works in another database.
LOCAL_SERVER = """
    SELECT extract(epoch FROM pg_catalog.current_setting('powa.frequency')::interval)::double precision,
        extract(epoch FROM pg_catalog.current_setting('powa.retention')::interval)::double precision
    WHERE pg_catalog.current_setting('powa.database') = pg_catalog.current_database()
"""

# The newest sample that was aggregated: the ranges of its rows end with it, and the index finds them. Its age is in
# whole seconds, and no two snapshots are so close to each other. One that reaches the limit may have any number of
# rows. Only some rows tell how far apart samples are, since that takes all of their records. A row that is missing from
# some samples shows a longer time than there is.
AGGREGATED = """
    SELECT {name}, a.srvid, pg_catalog.count(*)::double precision, min(a.gap)::double precision
    FROM (
        SELECT s.srvid, CASE WHEN r.place <= 20 THEN
                extract(epoch FROM pg_catalog.upper(r.coalesce_range) - pg_catalog.lower(r.coalesce_range))
                / nullif(pg_catalog.cardinality(r.records) - 1, 0) END AS gap
        FROM ROWS FROM (pg_catalog.unnest({srvids}::integer[]), pg_catalog.unnest({ages}::bigint[])) AS s (srvid, age)
        CROSS JOIN LATERAL (
            SELECT h.coalesce_range, h.records, pg_catalog.row_number() OVER () AS place
            FROM {history} AS h
            WHERE h.srvid = s.srvid
              AND h.coalesce_range && pg_catalog.tstzrange(pg_catalog.now() - (s.age + 1) * interval '1 second', NULL)
            LIMIT {limit}
        ) AS r
    ) AS a
    GROUP BY a.srvid
    HAVING pg_catalog.count(*) < {limit}
"""
