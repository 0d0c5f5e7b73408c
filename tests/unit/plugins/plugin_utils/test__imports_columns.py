# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The columns that a query returns, and what its text tells of their values."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.columns import UnknownColumnsError, returned_columns


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ('SELECT a, t.b, c AS d, e f, "G", s."user" FROM t', "a b d f G user"),
        ("select /* x, */ a -- , b\n, 'x, y' as c, E'it\\'s, ' d, 'a\\' e, $$, $$::text f from t", "a c d e f"),
        ("SELECT (extract(epoch FROM now()) * 1e9)::int8 AS epoch_ns, x IS DISTINCT FROM y AS z FROM t", "epoch_ns z"),
        ("SELECT count(*), sum(a) FILTER (WHERE b), max(c) OVER (ORDER BY d), f(1) g FROM t", "count sum max g"),
        (
            "SELECT a::int8, b::double precision, c::numeric(10, 2) d, e::timestamp with time zone, f::text[] FROM t",
            "a b d e f",
        ),
        ("SELECT a::double precision b, c::regclass::text d, (e)::int, (f).g FROM t", "b d e g"),
        (
            "SELECT CASE WHEN a THEN 1 END AS b, CASE a WHEN 1 THEN 2 END, CASE WHEN a THEN 1 END c, EXISTS (SELECT 1)",
            "b case c exists",
        ),
        ("SELECT (SELECT max(a) FROM t), ARRAY(SELECT 1), a[1], current_database()", "max array a current_database"),
        ("SELECT DISTINCT ON (a, b) c FROM t", "c"),
        ("SELECT DISTINCT a FROM t UNION ALL SELECT b FROM u", "a"),
        ("(SELECT a FROM t LIMIT 1) UNION (SELECT b FROM u)", "a"),
        ("VALUES (1, 2), (3, 4)", "column1 column2"),
        (
            "WITH q AS (SELECT 1 AS a, 2 b) SELECT * FROM (SELECT * FROM q WHERE a > 0 LIMIT 3) x UNION SELECT 3, 4",
            "a b",
        ),
        (
            "WITH RECURSIVE q (a, b) AS (SELECT 1, 2), r AS MATERIALIZED (SELECT 3 c) SELECT q.*, r.c AS d FROM q, r",
            "a b d",
        ),
        ("SELECT y.*, x.p FROM (VALUES (1, 2)) AS x (p, q) LEFT JOIN LATERAL (SELECT 1 AS z) y ON true", "z p"),
        ("SELECT * FROM (VALUES (1, 2)) AS x (p, q)", "p q"),
        ("SELECT not_a, a + b c, - d e, f.order FROM t", "not_a c e order"),
        ("SELECT a, b AS a FROM t", "a a"),
        (
            "SELECT CASE WHEN a THEN 1 ELSE b END, CASE WHEN a THEN b ELSE count(*) END, CASE WHEN a THEN b ELSE 0 END,"
            " CASE WHEN a THEN CASE WHEN b THEN 1 ELSE c END END, CASE WHEN a THEN 1 ELSE t.d::int END,"
            " CASE WHEN a THEN b ELSE null END, CASE WHEN a THEN b ELSE true END,"
            " CASE WHEN a THEN 1 ELSE CASE WHEN b THEN 1 ELSE e END END FROM t",
            "b count case case d case case e",
        ),
        (
            "SELECT cast(x AS int), cast(f(a AS b) AS t.u), trim(y), trim(both 'x' FROM y), trim(leading FROM y)",
            "x f btrim btrim ltrim",
        ),
        (
            "SELECT trim(trailing 'x' FROM y)::int, ARRAY[1], true AS b, current_user",
            "rtrim array b current_user",
        ),
        (
            "SELECT extract(epoch FROM a) AS b, (SELECT extract(epoch FROM a) AS c), date_part('epoch', a)",
            "b c date_part",
        ),
        (
            "SELECT a::timestamp with time zone z, b::time, c::time d, e::double precision f, g::double precision,"
            " CASE WHEN h::int = 1 THEN i ELSE j END, CASE WHEN h::int = 1 THEN i END::int FROM t",
            "z b d f g j int4",
        ),
        (
            "SELECT 'x'::text, 1::bigint, 2::double precision, null::pg_catalog.int8, true::character varying,"
            " '1'::timestamp with time zone, 'a'::char(3), CASE WHEN a THEN 1 ELSE 2 END::int::numeric(3), 1::\"Odd\"",
            "text int8 float8 int8 varchar timestamptz bpchar numeric Odd",
        ),
        ("SELECT count(*) FILTER (WHERE a) OVER (ORDER BY b), sum(a) OVER w FROM t WINDOW w AS ()", "count sum"),
        ("SELECT (ARRAY[1])[1], (f('a b', ' '))[2][1], a[1] FROM t", "array f a"),
        ("SELECT a::pg_catalog.text, b::pg_catalog.int8 c FROM t", "a c"),
        (
            "select datname, percentile_cont(0.5) within group (order by x) as p, count(*) as n from t group by 1",
            "datname p n",
        ),
        ("select mode() within group (order by x), t.order, a as group from t", "mode order group"),
        (
            "SELECT b.* FROM (SELECT 1 AS x) a LEFT JOIN (SELECT 2 AS y) b ON left(a.x, 3) = right(b.y, 3)",
            "y",
        ),
        (
            "SELECT c.* FROM (SELECT mode() WITHIN GROUP (ORDER BY x) FROM t) a"
            " JOIN (SELECT 2 AS y) c ON a.mode = c.y AND a.order > 0 AND a.x IS DISTINCT FROM c.y",
            "y",
        ),
    ],
)
def test_names(sql: str, names: str) -> None:
    assert [output.name for output in returned_columns(sql)] == names.split()


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM pg_stat_database", "it selects * from pg_stat_database, whose columns only the server knows"),
        ("SELECT x.* FROM monitor.f() x", "it selects * from monitor.f, whose"),
        ("SELECT * FROM (SELECT 1 a) x JOIN (SELECT 1 a, 2 b) y USING (a)", "a join by columns of the same name"),
        ("SELECT a, a + 1 FROM t", "its column number 2 has no name"),
        ("SELECT 1", "its column number 1 has no name"),
        ("SELECT a::int = 1 AND b FROM t", "its column number 1 has no name"),
        ("SELECT 1 + 2::int, 1::int FROM t", "its column number 1 has no name"),
        ("SELECT (a) + (b) FROM t", "its column number 1 has no name"),
        ("SELECT NOT a::bool FROM t", "its column number 1 has no name"),
        # PostgreSQL calls it bool before version 15.
        ("SELECT x, true FROM t", "its column number 2 has no name"),
        (
            "SELECT count(*) FILTER (WHERE a) - count(*) FILTER (WHERE b) FROM t",
            "its column number 1 has no name",
        ),
        ("SELECT a::int + b::int FROM t", "its column number 1 has no name"),
        ("SELECT CASE WHEN a THEN 1 END + CASE WHEN b THEN 2 END FROM t", "its column number 1 has no name"),
        ("SELECT ARRAY[1] || a FROM t", "its column number 1 has no name"),
        ("SELECT a, null FROM t", "its column number 2 has no name"),
        ("SELECT (extract(epoch FROM a))::int FROM t", "is called date_part before PostgreSQL 14"),
        ("SHOW pools", 'its query begins with "show", expected a SELECT'),
        ("", "its query is empty, expected a SELECT"),
        ("SELECT", "its columns cannot be read from the query"),
        ("WITH q", "its columns cannot be read from the query"),
        ("SELECT *", "it selects * from nothing"),
    ],
)
def test_what_only_a_server_knows_is_named(sql: str, reason: str) -> None:
    with pytest.raises(UnknownColumnsError) as caught:
        returned_columns(sql)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        (
            "SELECT a::int8, b::timestamptz, c::text, 1 d, 'x' e, count(*), f(1)",
            "number time text number text number ?",
        ),
        (
            "SELECT now() a, current_timestamp b, pg_catalog.now() c, now() - x d, x::text || y e",
            "time time time ? text",
        ),
        ("SELECT coalesce(max(a::date), x) b, (current_setting('c')) c, d::xid, (e + f::text) g", "date text xid ?"),
        (
            "SELECT last_vacuum, s.n_tup_ins i, relid, s.x + 1 y FROM pg_catalog.pg_stat_user_tables s",
            "time number xid number",
        ),
        ("SELECT pg_postmaster_start_time s FROM pg_postmaster_start_time()", "time"),
        ("SELECT query, max(a.state) s, query, calls FROM pg_stat_activity a", "text text text number"),
        ("SELECT active, synced AS s, true AS t, null AS n FROM pg_replication_slots", "boolean boolean boolean ?"),
        ("SELECT last_vacuum, pg_x.last_vacuum v FROM mine JOIN pg_x ON true", "? time"),
        (
            "SELECT x.last_vacuum, y.n FROM (SELECT extract(epoch FROM last_vacuum) last_vacuum FROM pg_a) x, y",
            "extracted ?",
        ),
        ("WITH q AS (SELECT now() AS a, 1 AS b) SELECT q.a, b, c FROM q, (SELECT 2 c) d", "time number number"),
        ("SELECT last_vacuum FROM (SELECT 1 AS last_vacuum) x JOIN pg_stat_user_tables USING (relid)", "number"),
        ("WITH q (a) AS (SELECT now()) SELECT a, (SELECT now()) b FROM q", "? time"),
        (
            "SELECT CASE setting WHEN 'on' THEN '1' ELSE setting END s, CASE WHEN a THEN '1' END t FROM pg_settings",
            "text text",
        ),
        (
            "SELECT CASE WHEN CASE WHEN b THEN 'x' END = c THEN 1 ELSE NULL END d, CASE WHEN a THEN f() ELSE '0' END e,"
            " CASE a WHEN 1 THEN now() END g, coalesce('0', f(1)) h, coalesce(stats_reset, '-infinity') i FROM pg_t",
            "number ? time ? time",
        ),
        (
            "SELECT extract(epoch FROM a) b, greatest(0, extract(epoch FROM a)) c, extract(epoch FROM a) * 2 d,"
            " extract(epoch FROM a) > 2 e, CASE WHEN f THEN 0 ELSE max(extract(epoch FROM a)) END g,"
            " (extract(epoch FROM a) * 2)::bigint h FROM t",
            "extracted extracted extracted boolean extracted number",
        ),
        (
            "SELECT 1000 * extract(epoch FROM a) b, (extract(epoch FROM a)) / x::numeric c, -extract(epoch FROM a) d,"
            " ceil(extract(epoch FROM a)) / 60 e, extract(epoch FROM a) * interval '1s' f,"
            " now() - extract(day FROM a) g, y * extract(epoch FROM a) h,"
            " coalesce(extract(epoch FROM a), 0) + count(*) i, a + b::int j FROM t",
            "extracted extracted extracted extracted interval ? ? extracted ?",
        ),
        (
            "WITH sa AS (SELECT * FROM pg_stat_activity WHERE pid > 0) SELECT w.query, s.pid, l.mode, l.page, w.x, i.a,"
            " i.b_position, md5(c) d, u.e, coalesce(l.page, 0) f FROM sa w"
            " JOIN (SELECT * FROM pg_catalog.pg_stat_wal) s ON true, pg_locks l, information_schema.t i, u",
            "text number text assumed number text ? text ? assumed",
        ),
        (
            'SELECT a::character varying, b::char(3), c::"char", d::bpchar, e::pg_catalog.text, cast(x AS text),'
            " cast(f(1) AS pg_catalog.int8) g, h::text[], i::int[] FROM t",
            "text text text text text text number ? ?",
        ),
        (
            "SELECT x->>'k' a, x#>>'{a,b}' b, x->'k'->>'l' c, (x->>'k')::int d, x->'k' e, x ->> 'k' = 'a' f FROM t",
            "text text text number ? boolean",
        ),
        (
            "SELECT host(a), encode(a, 'hex'), reverse(a), pg_walfile_name(a), obj_description(a), b::regclass,"
            " client_addr, c::jsonb FROM pg_stat_activity",
            "text text text text text text text text",
        ),
        (
            "SELECT now() - query_start a, age(now(), query_start) b, age(backend_xmin) c, age(x.y) d, replay_lag,"
            " '1s'::interval e, interval '1 day' * 2 f, coalesce(max(now() - query_start), '0') g,"
            " now() - interval '1 day' h, date_trunc('day', now() - query_start) i, now() - x.y j"
            " FROM pg_stat_activity",
            "interval interval number ? interval interval interval interval time interval ?",
        ),
        (
            "SELECT current_date - a::date b, now() - current_date c, coalesce(a::date, now()) d, current_date - 7 e,"
            " current_date - interval '1 day' f FROM t",
            "number interval time date time",
        ),
        (
            "SELECT pg_current_wal_lsn() a, pg_current_wal_lsn() - sent_lsn b, restart_lsn, -calls c, calls * -1.5 d,"
            " calls % 2 ^ 3 e, calls>-1 f, calls + z.y g, count(*) h, 1 % h i FROM pg_stat_replication",
            "lsn number lsn number number number boolean ? number number",
        ),
        (
            "SELECT a = b OR c AS c, d IS NULL e, NOT f AS f, g IN (1) h, CASE WHEN a AND b THEN 1 END + 2 i,"
            " coalesce((SELECT a - b FROM t WHERE c AND d), x) j FROM t",
            "boolean boolean boolean boolean number ?",
        ),
        (
            "SELECT current_user, session_user, user, current_role, current_catalog, current_schema, localtimestamp,"
            " current_time, localtime, rolname FROM pg_roles",
            "text text text text text text time ? ? text",
        ),
        (
            "SELECT exec_reads, rolname FROM pg_stat_kcache_detail UNION SELECT 1, 'a'",
            "assumed text",
        ),
        (
            "SELECT a, b FROM (SELECT now() AS a) x JOIN (SELECT 1 AS b) y ON left(x.a::text, 1) = y.b AND x.order",
            "time number",
        ),
        (
            "SELECT calls, proname, rolname FROM pg_stat_user_functions f, pg_proc p, q",
            "? ? ?",
        ),
        (
            "SELECT numbackends, datname, system_identifier, mxid_age(datminmxid)"
            " FROM pg_stat_database, pg_control_system()",
            "assumed text assumed number",
        ),
        (
            "WITH w AS (SELECT max(stats_reset) FROM pg_stat_wal) SELECT now() - (SELECT * FROM w) a,"
            " 8 * (SELECT count(*) FROM t) b, coalesce((SELECT x FROM t), 1) c, (SELECT * FROM t) + 1 d,"
            " (VALUES (1)) e",
            "interval number number ? ?",
        ),
        (
            "SELECT dead_tuple_percent, relname FROM pg_class c JOIN LATERAL pgstattuple_approx(c.oid) st ON true",
            "assumed text",
        ),
        ("SELECT sum(a) FILTER (WHERE b), f(a)[1] c, count(*) OVER () d FROM pg_t", "number ? number"),
    ],
)
def test_values(sql: str, values: str) -> None:
    found = [output.value or "?" for output in returned_columns(sql)]
    assert found == values.split()


def test_nested_queries_are_read_once() -> None:
    columns = ["c{0}".format(number) for number in range(20)]
    sql = "SELECT {0} FROM pg_t".format(", ".join(columns))
    for _level in range(8):
        sql = "SELECT {0} FROM ({1}) AS q".format(", ".join("max({0}) AS {0}".format(name) for name in columns), sql)
    # It would not end if each column read the nested query anew.
    assert {output.value for output in returned_columns(sql)} == {"assumed"}
