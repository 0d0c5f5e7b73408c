# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a query takes from an extension without its schema."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.extensions import naming_extensions

S, T = "{pg_stat_statements}.", "{pgstattuple}."


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("SELECT * FROM pg_stat_statements", "SELECT * FROM " + S + "pg_stat_statements"),
        ('SELECT * FROM "pg_stat_statements" AS s', "SELECT * FROM " + S + '"pg_stat_statements" AS s'),
        ("SELECT 1 FROM a, PG_STAT_STATEMENTS s", "SELECT 1 FROM a, " + S + "PG_STAT_STATEMENTS s"),
        (
            "SELECT sum(pg_stat_statements.calls) FROM pg_stat_statements WHERE pg_stat_statements.calls > 1",
            "SELECT sum(pg_stat_statements.calls) FROM " + S + "pg_stat_statements WHERE pg_stat_statements.calls > 1",
        ),
        (
            "SELECT 1 FROM (pg_stat_statements JOIN pg_stat_kcache USING (queryid)), f(1, 2), pg_buffercache",
            "SELECT 1 FROM (" + S + "pg_stat_statements JOIN {pg_stat_kcache}.pg_stat_kcache USING (queryid)), f(1, 2),"
            " {pg_buffercache}.pg_buffercache",
        ),
        (
            "SELECT extract(epoch FROM now()), pg_stat_statements FROM (SELECT 1) AS pg_stat_statements ORDER BY 1, 2",
            None,
        ),
        ("SELECT 1 FROM (SELECT 2), LATERAL pg_relpages(c.oid)", "SELECT 1 FROM (SELECT 2), LATERAL "
            + T + "pg_relpages(c.oid)"),
        ("SELECT * FROM pg_class c JOIN LATERAL pgstattuple_approx(c.oid) st ON true",
            "SELECT * FROM pg_class c JOIN LATERAL " + T + "pgstattuple_approx(c.oid) st ON true"),
        ("SELECT (pgstatindex('a')).version", "SELECT (" + T + "pgstatindex('a')).version"),
        ("SELECT * FROM pg_stat_statements(showtext := false)", "SELECT * FROM "
            + S + "pg_stat_statements(showtext := false)"),
        ("SELECT * FROM pg_stat_statements(a => b OR c)", "SELECT * FROM "
            + S + "pg_stat_statements(a => b OR c)"),
        (
            "SELECT * FROM pg_get_wal_stats_till_end_of_wal('0/1'), pg_get_wal_records_info_till_end_of_wal('0/1')",
            "SELECT * FROM {pg_walinspect}.pg_get_wal_stats_till_end_of_wal('0/1'),"
            " {pg_walinspect}.pg_get_wal_records_info_till_end_of_wal('0/1')",
        ),
        ("SELECT reset FROM pg_stat_statements_info()", "SELECT reset FROM " + S + "pg_stat_statements_info()"),
        ("SELECT pgstatindex(pg_relpages(1))",
            "SELECT " + T + "pgstatindex(" + T + "pg_relpages(1))"),
        (
            "SELECT * FROM json_array_elements(pg_qualstats_index_advisor(min_filter => 1)->'indexes') AS v",
            "SELECT * FROM json_array_elements({pg_qualstats}.pg_qualstats_index_advisor(min_filter => 1)->'indexes')"
            " AS v",
        ),
        (
            "SELECT * FROM pg_qualstats q, pg_qualstats() AS f, pg_track_settings_list, pg_track_settings(now())",
            "SELECT * FROM {pg_qualstats}.pg_qualstats q, {pg_qualstats}.pg_qualstats() AS f,"
            " {pg_track_settings}.pg_track_settings_list, {pg_track_settings}.pg_track_settings(now())",
        ),
        (
            "SELECT 1 FROM f((SELECT mode() WITHIN GROUP (ORDER BY x) FROM t AS group, pg_stat_statements)) AS order,"
            " pg_buffercache",
            "SELECT 1 FROM f((SELECT mode() WITHIN GROUP (ORDER BY x) FROM t AS group, " + S + "pg_stat_statements))"
            " AS order, {pg_buffercache}.pg_buffercache",
        ),
        ("SELECT pgstattuple, pg_stat_statements + 1", None),
        ("SELECT * FROM public.pg_stat_statements, public.pgstattuple('a')", None),
        ("WITH pg_stat_statements AS MATERIALIZED (SELECT 1) SELECT * FROM pg_stat_statements", None),
        ("WITH a AS (SELECT 1), pg_buffercache (b) AS (SELECT 1) SELECT * FROM a, pg_buffercache", None),
        ("WITH q AS (SELECT * FROM pg_stat_statements) SELECT * FROM q",
            "WITH q AS (SELECT * FROM " + S + "pg_stat_statements) SELECT * FROM q"),
        ("SELECT 'FROM pg_stat_statements' -- FROM pg_stat_statements", None),
        ("SELECT * FROM pgstattuple(", "SELECT * FROM " + T + "pgstattuple("),
        ("SELECT ) FROM pg_stat_statements", "SELECT ) FROM " + S + "pg_stat_statements"),
    ],
)  # fmt: skip
def test_the_extension_is_named(sql, named):
    assert naming_extensions(sql) == (sql if named is None else named)
