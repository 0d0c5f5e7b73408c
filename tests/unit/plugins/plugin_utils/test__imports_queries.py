# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queries of postgres_exporter, CloudNativePG, pg_exporter and pgMonitor."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Tuple

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import CannotTakeError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.take import importer
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.versions import version_range

from_exporter = importer("postgres_exporter")
from_pgmonitor = importer("pgmonitor")

FILE = """
db_size:
  query: "SELECT datname, pg_database_size(oid) AS bytes, xid FROM pg_database"
  master: true
  cache_seconds: 30
  metrics:
    - datname:
        usage: "LABEL"
        description: "Name of the database"
    - bytes: {usage: gauge, description: "  Size of\\n the database  "}
    - xid: {usage: DISCARD}
wal:
  query: SELECT written, pending, state, since, buckets FROM f()
  runonserver: ">=13.0.0 <17.0.0"
  primary: true
  target_databases: ["*"]
  metrics:
    - written: {usage: COUNTER, scale: 1e-3, default: 0, rename: written_kb}
    - pending: {usage: GAUGE, name: waiting}
    - state: {usage: MAPPEDMETRIC, metric_mapping: {up: 1, "it's down": 0}}
    - since: {usage: DURATION}
    - buckets: {usage: HISTOGRAM}
"""
OF_PG_EXPORTER = """
io_13:
  name: io
  desc: Reads
  query: SELECT reads FROM pg_old
  min_version: 130000
  max_version: 170000
  tags: [cluster, primary]
  metrics: [{reads: {usage: COUNTER}}]
io_17:
  name: io
  query: SELECT reads, bytes FROM new
  min_version: 170000
  tags: [cluster, primary]
  metrics: [{reads: {usage: COUNTER}}, {bytes: {usage: COUNTER}}]
lag_primary:
  name: lag
  query: SELECT 0 AS lag
  tags: [cluster, primary]
  metrics: [{lag: {usage: GAUGE}}]
lag_standby:
  name: lag
  query: SELECT f() AS lag
  tags: [cluster, replica]
  metrics: [{lag: {usage: GAUGE}}]
tables:
  query: SELECT relname, n FROM pg_t
  ttl: 10
  metrics: [{relname: {usage: LABEL}}, {n: {usage: GAUGE}}]
one_database:
  query: SELECT n FROM t
  tags: ["dbname:shop", "extension:citus"]
  predicate_queries: [{name: x, predicate_query: SELECT true}]
  metrics: [{n: {usage: GAUGE}}]
pools:
  query: SHOW POOLS
  tags: [cluster, pgbouncer]
  metrics: [{n: {usage: GAUGE}}]
off:
  query: SELECT n FROM t
  skip: true
  metrics: [{n: {usage: GAUGE}}]
old:
  query: SELECT n FROM t
  max_version: 100000
  tags: [cluster]
  metrics: [{n: {usage: GAUGE}}]
"""


@pytest.fixture(autouse=True)
def warnings(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    found: List[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, text, *_more, **_options: found.append(text))
    return found


def named(definitions: List[Dict[str, Any]]) -> Dict[str, Dict[str, Any]]:
    assert not collect_definitions(definitions)[2]
    return {definition["name"]: definition for definition in definitions}


def test_labels_kinds_and_descriptions_come_along() -> None:
    assert named(from_exporter(FILE))["db_size"] == {
        "name": "db_size",
        "query": "SELECT\n    q.datname,\n    q.bytes\nFROM (\n"
        "SELECT datname, pg_database_size(oid) AS bytes, xid FROM pg_database\n) AS q",
        "keys": [{"name": "datname", "nullable": True}],
        "metrics": [{"name": "bytes", "kind": "gauge", "unit": "bytes", "description": "Size of the database"}],
    }


def test_usages_become_sql(warnings: List[str]) -> None:
    wal = named(from_exporter(FILE))["wal"]
    first, last = wal["queries"]
    assert first["query"] == (
        "SELECT\n    (coalesce(CASE q.written::text WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE"
        " substring(q.written::text FROM '"
        r"^\s*(?:[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|Infinity)|NaN)\s*$"
        "')::double precision END * 0.001, 0))::double precision AS written_kb,\n"
        "    CASE q.pending::text WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE substring(q.pending::text FROM '"
        r"^\s*(?:[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|Infinity)|NaN)\s*$"
        "')::double precision END AS waiting,\n"
        "    ((CASE q.state::text WHEN 'up' THEN 1 WHEN 'it''s down' THEN 0 END)::double precision)::double precision"
        " AS state,\n"
        "    (extract(epoch FROM q.since::text::interval)::double precision * 1000)::double precision AS since\n"
        "FROM (\nSELECT written, pending, state, since, buckets FROM f()\n) AS q\n"
        "WHERE (SELECT NOT pg_catalog.pg_is_in_recovery())"
    )
    assert (first["min_version"], last["min_version"]) == (130000, 170000)
    assert last["query"].startswith("SELECT\n    NULL::double precision AS written_kb,\n")
    assert last["query"].endswith("\nWHERE false")
    assert wal["scope"] == "database" and "databases" not in wal
    assert [each["kind"] for each in wal["metrics"]] == ["counter", "gauge", "gauge", "gauge"]
    assert wal["metrics"][3]["unit"] == "ms"
    assert warnings == [
        "from_postgres_exporter: db_size: taken over in part: cache_seconds has no counterpart in PoWA, so the query"
        " runs at every snapshot",
        "from_postgres_exporter: wal: taken over in part: the histogram buckets is left out, since PoWA has nothing"
        " like it",
    ]


def test_entries_of_one_name_become_one_datasource_with_a_query_for_each_version() -> None:
    io = named(from_exporter(OF_PG_EXPORTER))["io"]
    assert io["description"] == "Reads" and "scope" not in io
    assert [each["min_version"] for each in io["queries"]] == [130000, 170000]
    assert [(each["name"], each.get("type")) for each in io["metrics"]] == [
        ("reads", None),
        ("bytes", "double precision"),
    ]


def test_what_an_exporter_turns_into_a_number_becomes_one() -> None:
    text = """
m:
  query: "SELECT last_vacuum, now() AS at, relid, current_setting('x') AS limits, n_live_tup FROM pg_stat_user_tables"
  metrics:
    - last_vacuum: {usage: GAUGE, rename: vacuumed}
    - at: {usage: COUNTER}
    - relid: {usage: GAUGE}
    - limits: {usage: GAUGE}
    - n_live_tup: {usage: GAUGE}
"""
    (found,) = from_exporter(text)
    assert found["query"].startswith(
        "SELECT\n    extract(epoch FROM q.last_vacuum)::double precision AS vacuumed,\n"
        "    extract(epoch FROM q.at)::double precision AS at,\n"
        "    q.relid::text::bigint AS relid,\n    substring(q.limits::text FROM '^"
    )
    assert ")::double precision AS limits,\n    q.n_live_tup\nFROM (" in found["query"]


def test_an_exporter_gets_an_interval_in_seconds() -> None:
    text = """
m:
  query: "SELECT replay_lag, flush_lag, now() - reply_time AS age_ms FROM pg_stat_replication"
  metrics:
    - replay_lag: {usage: GAUGE, description: Lag in milliseconds}
    - flush_lag: {usage: GAUGE, scale: 1000, description: Lag in milliseconds}
    - age_ms: {usage: GAUGE, scale: 1000}
"""
    (found,) = from_exporter(text)
    assert "    extract(epoch FROM q.replay_lag)::double precision AS replay_lag,\n" in found["query"]
    assert "    extract(epoch FROM q.flush_lag)::double precision * 1000 AS flush_lag,\n" in found["query"]
    assert [metric.get("unit") for metric in found["metrics"]] == ["s", None, "ms"]


def test_a_boolean_is_mapped_by_its_text() -> None:
    text = """
m:
  query: "SELECT pg_is_in_recovery() AS standby"
  metrics: [{standby: {usage: MAPPEDMETRIC, metric_mapping: {true: 1, false: 0, off: 2}}}]
"""
    (found,) = from_exporter(text)
    assert "(CASE q.standby::text WHEN 'true' THEN 1 WHEN 'false' THEN 0 WHEN 'off' THEN 2 END)" in found["query"]


def test_a_scale_and_a_default_are_for_numbers() -> None:
    text = """
m:
  query: "SELECT active, restart_lsn, f(1) AS x, 1 AS number FROM pg_replication_slots"
  metrics:
    - active: {usage: GAUGE, default: 0}
    - restart_lsn: {usage: GAUGE, scale: 2}
    - x: {usage: GAUGE, scale: 2, default: -1}
    - number: {usage: GAUGE, scale: 2}
"""
    (found,) = from_exporter(text)
    assert "    coalesce(CASE q.active::text WHEN 'true' THEN 1 " in found["query"]
    assert "    (q.restart_lsn - '0/0'::pg_lsn)::double precision * 2 AS restart_lsn,\n" in found["query"]
    assert "    coalesce(CASE q.x::text WHEN 'true' THEN 1 " in found["query"]
    assert " END * 2, -1) AS x,\n    q.number * 2 AS number\n" in found["query"]


def test_a_histogram_becomes_its_sum_and_its_count(warnings: List[str]) -> None:
    text = """
idle:
  query: SELECT state, buckets AS s, counts AS s_bucket, total AS s_sum, n AS s_count FROM f()
  metrics: [{state: {usage: LABEL}}, {s: {usage: HISTOGRAM, description: Seconds}}]
"""
    (found,) = from_exporter(text)
    assert found["metrics"] == [
        {"name": name, "kind": "gauge", "description": "Seconds"} for name in ("s_sum", "s_count")
    ]
    assert [text.split(": ", 3)[3] for text in warnings] == [
        "of the histogram s only the sum and the count are taken, since PoWA has nothing like its buckets"
    ]


def test_rows_that_a_histogram_counts_are_aggregated() -> None:
    text = """
age:
  query: SELECT datname, extract(epoch FROM now() - t) AS age, extra FROM f()
  tags: [cluster, primary]
  metrics: [{datname: {usage: LABEL}}, {age: {usage: HISTOGRAM, bucket: [1, 3]}}]
"""
    (found,) = from_exporter(text)
    assert found["query"].startswith(
        "SELECT\n    q.datname,\n    sum(q.age::double precision) AS age_sum,\n"
        "    count(q.age::double precision) AS age_count\nFROM ("
    )
    assert found["query"].endswith("\n) AS q\nWHERE (SELECT NOT pg_catalog.pg_is_in_recovery())\nGROUP BY q.datname")


def test_a_histogram_sums_up_numbers_whatever_its_values_are() -> None:
    text = """
waits:
  query: SELECT 'a' AS kind, true AS granted, seconds, 1 AS number FROM f()
  tags: [cluster]
  metrics:
    - kind: {usage: LABEL}
    - granted: {usage: HISTOGRAM, bucket: [1]}
    - seconds: {usage: HISTOGRAM, bucket: [1]}
    - number: {usage: HISTOGRAM, bucket: [1]}
"""
    (found,) = from_exporter(text)
    for column in ("granted", "seconds"):
        assert "sum(CASE q.{0}::text WHEN 'true' THEN 1 WHEN 'false' THEN 0".format(column) in found["query"]
    assert "    sum(q.number) AS number_sum,\n    count(q.number) AS number_count\nFROM" in found["query"]


def test_columns_that_the_query_does_not_return_are_left_out(warnings: List[str]) -> None:
    text = """
sizes:
  query: SELECT relname, size AS size_bytes FROM f()
  metrics: [{relname: {usage: LABEL}}, {bytes: {usage: GAUGE}}]
"""
    (found,) = from_exporter(text)
    assert found["query"] == "SELECT relname, size AS size_bytes FROM f()"
    assert found["metrics"] == [{"name": "size_bytes", "kind": "gauge", "unit": "bytes"}]
    assert [text.split(": ", 3)[3] for text in warnings] == [
        'column "bytes" is left out, since the query does not return it',
        'column "size_bytes" is taken as a gauge, though metrics does not list it',
    ]


def test_a_number_under_another_name_is_taken_beside_others(warnings: List[str]) -> None:
    columns = "[{a: {usage: LABEL}}, {queries: {usage: GAUGE}}, {age: {usage: GAUGE}}]"
    (found,) = from_exporter("m: {query: 'SELECT a, count(*) AS n, max(b) AS age FROM t', metrics: " + columns + "}")
    assert [each["name"] for each in found["metrics"]] == ["age", "n"]
    assert [text.split(": ", 3)[3] for text in warnings] == [
        'column "queries" is left out, since the query does not return it',
        'column "n" is taken as a gauge, though metrics does not list it',
    ]
    found = from_exporter("m: {query: 'SELECT a, n, age FROM t', metrics: " + columns.replace("queries", "n") + "}")
    assert [each["name"] for each in found[0]["metrics"]] == ["n", "age"]


def test_of_several_columns_of_one_name_the_last_one_counts(warnings: List[str]) -> None:
    (found,) = from_exporter("m: {query: 'SELECT a, b, c AS a FROM t', metrics: [{a: {usage: GAUGE}}]}")
    assert found["query"] == "SELECT\n    q.a\nFROM (\nSELECT a, b, c AS a FROM t\n) AS q (unused_0, b, a)"
    assert 'its query returns several columns called "a", of which the last one is taken' in warnings[0]


def test_tags_say_where_a_query_runs(warnings: List[str]) -> None:
    found = named(from_exporter(OF_PG_EXPORTER))
    assert sorted(found) == ["io", "lag_primary", "lag_standby", "one_database", "tables"]
    assert "NOT pg_catalog.pg_is_in_recovery" in found["lag_primary"]["query"]
    assert "(SELECT pg_catalog.pg_is_in_recovery" in found["lag_standby"]["query"]
    assert found["tables"]["scope"] == "database" and found["tables"]["query"] == "SELECT relname, n FROM pg_t"
    assert found["one_database"]["databases"] == ["shop"]
    assert sorted(text.split(": ", 1)[1] for text in warnings) == [
        "off: skipped: the file has skip: true for it",
        "old: skipped: it is only for PostgreSQL before 13",
        "one_database: taken over in part: predicate_queries has no counterpart in PoWA, so the query runs without it",
        "one_database: taken over in part: the tag extension:citus has no counterpart in PoWA, so a server whose"
        " database of PoWA lacks it refuses the query: set powa_skip_refused to go on without it",
        "pools: skipped: it is for pgbouncer, which is no PostgreSQL",
        "tables: taken over in part: ttl has no counterpart in PoWA, so the query runs at every snapshot",
    ]


@pytest.mark.parametrize(
    ("tag", "meaning"),
    [
        ("extension:citus", "refuses the query"),
        ("schema:monitor", "refuses the query"),
        ("username:dba", "so the monitoring role runs the query"),
        ("not:small", "so the query runs on all servers"),
        ("reports", "so the query runs on all servers"),
    ],
)
def test_a_note_on_a_tag_says_what_happens_without_it(warnings: List[str], tag: str, meaning: str) -> None:
    from_exporter("m: {query: SELECT 1 AS n, tags: [cluster, '%s'], metrics: [{n: {usage: GAUGE}}]}" % tag)
    (warning,) = warnings
    assert "the tag {0} has no counterpart in PoWA, ".format(tag) in warning and meaning in warning


def test_the_extension_that_powa_needs_is_on_every_server(warnings: List[str]) -> None:
    tags = "[cluster, 'extension:pg_stat_statements']"
    text = "m: {query: SELECT calls FROM pg_stat_statements, tags: %s, metrics: [{calls: {usage: COUNTER}}]}"
    assert [each["name"] for each in from_exporter(text % tags)] == ["m"] and warnings == []


def test_what_is_said_of_all_versions_is_listed_once() -> None:
    entry = {"name": "m", "query": "SELECT 1 AS n", "ttl": 10, "metrics": [{"n": {"usage": "GAUGE"}}]}
    entries = {
        "m_{0}".format(lowest): dict(entry, min_version=lowest, max_version=lowest + 10000)
        for lowest in (140000, 150000, 160000)
    }
    assert from_exporter(json.dumps(entries), on_problem="list") == [
        {"name": "m", "reason": "ttl has no counterpart in PoWA, so the query runs at every snapshot", "skipped": False}
    ]


def test_a_time_has_no_unit_whatever_it_is_called(warnings: List[str]) -> None:
    described = {
        "valid_until_seconds": "Time at which the password expires",
        "expires_seconds": "Expiry of the certificate, as an epoch",
        "replayed_seconds": "Time since the last transaction was replayed",
    }
    metrics = [{name: {"usage": "GAUGE", "description": text}} for name, text in described.items()]
    sql = "SELECT {0} FROM t".format(", ".join(described))
    (found,) = from_exporter(json.dumps({"m": {"query": sql, "metrics": metrics}}))
    assert [each.get("unit") for each in found["metrics"]] == [None, None, "s"] and warnings == []


def scopes(definitions: List[Dict[str, Any]]) -> Dict[str, Any]:
    return {each["name"]: (each.get("scope"), each.get("databases")) for each in definitions}


def test_what_the_file_runs_once_is_never_run_in_each_database() -> None:
    text = (
        FILE
        + """
sessions:
  query: SELECT count(*) AS n FROM pg_stat_activity
  metrics: [{n: {usage: GAUGE}}]
named:
  query: SELECT count(*) AS n FROM pg_t
  master: true
  target_databases: [shop]
  metrics: [{n: {usage: GAUGE}}]
"""
    )
    assert scopes(from_exporter(text)) == {
        "db_size": (None, None),
        "wal": ("database", None),
        "sessions": (None, None),
        "named": ("database", ["shop"]),
    }
    assert scopes(from_exporter(text, scope="database")) == {
        "db_size": (None, None),
        "wal": ("database", None),
        "sessions": ("database", None),
        "named": ("database", ["shop"]),
    }
    assert {scope for scope, _databases in scopes(from_exporter(text, scope="cluster")).values()} == {None}
    of_pg_exporter = scopes(from_exporter(OF_PG_EXPORTER, scope="database"))
    assert {name for name, (scope, _databases) in of_pg_exporter.items() if not scope} == {
        "io",
        "lag_primary",
        "lag_standby",
    }


@pytest.mark.parametrize(
    ("query", "more", "scope", "is_guess"),
    [
        ("select current_database() datname, relname, n from pg_stat_user_tables", "", "database", False),
        ("select current_database() datname, relname, n from pg_stat_user_tables", "master: true", None, False),
        ("select relname, n from pg_stat_user_tables", "", None, True),
        ("select relname, n from pg_stat_user_tables", "master: true", None, False),
        ("select relname, n from pg_stat_user_tables", "target_databases: [shop]", "database", False),
        ("select relname, n from pg_stat_user_tables", "tags: [cluster]", None, False),
        ("select relname, n from pg_stat_user_tables", "ttl: 9", "database", False),
        ("with t as (select * from pg_catalog.pg_statio_all_indexes) select relname, n from t", "", None, True),
        ("select relname, n from t join pg_stat_user_functions f on true", "", None, True),
        ("select relname, n from t, pg_class", "", None, True),
        ("select relname, n from t where relname <> ''pg_class''", "", None, False),
        ("select relname, n from pg_stat_activity pg_class", "", None, False),
        ("select relname, n from pg_stat_database", "", None, False),
    ],
)
def test_without_a_word_on_it_the_query_tells_the_scope(
    query: str, more: str, scope: Optional[str], is_guess: bool
) -> None:
    text = "m:\n  query: '{0}'\n  metrics: [{{relname: {{usage: LABEL}}}}, {{n: {{usage: GAUGE}}}}]\n  {1}\n".format(
        query, more
    )
    (found,) = from_exporter(text)
    assert found.get("scope") == scope
    reasons = [each["reason"] for each in from_exporter(text, on_problem="list")]
    assert any("its scope cluster is a guess" in reason for reason in reasons) == is_guess
    assert not any("is a guess" in each["reason"] for each in from_exporter(text, scope="cluster", on_problem="list"))


def test_entries_of_one_name_have_one_scope_whichever_tells_it() -> None:
    columns = "metrics: [{n: {usage: GAUGE}}]"
    text = "a: {name: m, runonserver: '<14', query: SELECT n FROM pg_class, COLS}\n"
    text += "b: {name: m, runonserver: '>=14', query: 'SELECT current_database() AS d, n FROM pg_t', COLS}\n"
    assert scopes(from_exporter(text.replace("COLS", columns))) == {"m": ("database", None)}


def test_fields_without_a_counterpart_are_named_once_for_all_entries(warnings: List[str]) -> None:
    text = """
io_13:
  name: io
  query: SELECT reads FROM pg_old
  ttl: 300
  timeout: 2
  fatal: false
  max_version: 170000
  metrics: [{reads: {usage: COUNTER, pg_version: '>9', usge: x}}]
io_17:
  name: io
  query: SELECT reads FROM pg_new
  ttl: 300
  fatal: true
  min_version: 170000
  metrics: [{reads: {usage: COUNTER}}]
size:
  query: SELECT n FROM pg_t
  ttl: 60
  priority: 1
  tag: [cluster]
  metrics: [{n: {usage: GAUGE}}]
"""
    assert [each["name"] for each in from_exporter(text, names=["io", "size"])] == ["io", "size"]
    assert [text.split(": taken over in part: ")[0].split(": ")[1] for text in warnings] == [
        "io", "io", "io, size", "io", "io", "size", "size",
    ]  # fmt: skip
    assert [text.split(": taken over in part: ")[1] for text in warnings] == [
        'pg_version of column "reads" has no counterpart in PoWA, so the column is taken in all versions',
        'usge of column "reads" is no field of this format: correct its name, or leave it out',
        "ttl has no counterpart in PoWA, so the query runs at every snapshot",
        "timeout has no counterpart in PoWA, so only statement_timeout of the monitoring role ends the query",
        "fatal has no counterpart in PoWA, so the failure of the query stops no other",
        "priority has no counterpart in PoWA, so the query has no place among the others",
        "tag is no field of this format: correct its name, or leave it out",
    ]


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        ("age: {usage: GAUGE, description: 'Age, in seconds'}", "s"),
        ("age: {usage: COUNTER, scale: 1e-3, description: Time spent in seconds}", "s"),
        ("age: {usage: COUNTER, scale: 1e-3, description: Time spent in milliseconds}", None),
        ("age: {usage: COUNTER, description: Time spent in milliseconds}", "ms"),
        ("age_ms: {usage: COUNTER, description: Time spent in seconds}", None),
        ("age: {usage: MAPPEDMETRIC, description: Age in seconds, metric_mapping: {a: 1}}", None),
        ("stats_reset: {usage: GAUGE, description: 'Reset, in seconds'}", None),
        ("age: {usage: DURATION, description: Age in seconds}", "ms"),
    ],
)
def test_the_description_of_a_column_tells_its_unit(column: str, unit: Optional[str]) -> None:
    name = column.split(":")[0]
    (found,) = from_exporter("m: {query: SELECT " + name + " FROM pg_t, metrics: [{" + column + "}]}")
    assert found["metrics"][0].get("unit") == unit


def test_a_column_may_have_any_name_in_a_note() -> None:
    text = """m: {query: 'SELECT n AS "{0}" FROM t', metrics: [{'{0}': {usage: GAUGE, usge: x}}]}"""
    (problem,) = from_exporter(text, on_problem="list")
    assert problem["reason"].startswith('usge of column "{0}" is no field')


def test_what_is_left_out_of_a_part_is_named_beside_a_part_that_is_skipped() -> None:
    columns = "metrics: [{n: {usage: GAUGE}}]"
    text = (
        "m: {query: SELECT n FROM pg_t, skip: true, COLS}\nm_17: {name: m, query: SELECT n FROM pg_t, ttl: 9, COLS}\n"
    )
    assert [
        (each["name"], each["skipped"]) for each in from_exporter(text.replace("COLS", columns), on_problem="list")
    ] == [
        ("m", True),
        ("m", False),
    ]


def test_the_sum_of_a_histogram_is_a_number(warnings: List[str]) -> None:
    sql = "SELECT interval '1 min' AS took_sum, '3'::text AS took_count, ARRAY[1] AS took, ARRAY[3] AS took_bucket"
    (found,) = from_exporter('m: {query: "' + sql + '", metrics: [{took: {usage: HISTOGRAM}}]}')
    assert "extract(epoch FROM q.took_sum)" in found["query"] and "(q.took_count" in found["query"]
    assert [each.get("unit") for each in found["metrics"]] == ["s", None]


def test_the_number_of_observations_has_no_unit() -> None:
    text = "m: {query: 'SELECT a_sum, a_count FROM t', metrics: [{a: {usage: HISTOGRAM, description: Age in seconds}}]}"
    (found,) = from_exporter(text)
    assert [metric.get("unit") for metric in found["metrics"]] == [None, None]


def test_each_version_may_be_for_other_servers() -> None:
    text = OF_PG_EXPORTER.replace(
        "min_version: 170000\n  tags: [cluster, primary]", "min_version: 170000\n  tags: [cluster]"
    )
    (io,) = from_exporter(text, names="io*")
    old, new = (each["query"] for each in io["queries"])
    assert io["name"] == "io" and "NOT pg_catalog.pg_is_in_recovery" in old
    assert "pg_is_in_recovery" not in new


def test_entries_for_the_same_version_stay_apart() -> None:
    text = OF_PG_EXPORTER.replace("max_version: 170000", "max_version: 180000")
    assert {"io_13", "io_17"} <= set(named(from_exporter(text, names="io*")))


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("query: SELECT 1, metrics: {a: 1}", "metrics is a mapping, expected a list of columns"),
        (
            "query: SELECT 1 AS a, metrics: [{a: {usage: GUAGE}}]",
            'it has no column with a number (column "a" is left out, since its usage is "GUAGE", expected one of LABEL',
        ),
        ("query: SELECT 1 AS a, metrics: [{a: {usage: HISTOGRAM}}]", "(the histogram a is left out, since PoWA has"),
        (
            "query: SELECT 1, metrics: [{a: {usage: MAPPEDMETRIC}}]",
            'column "a" is a MAPPEDMETRIC without metric_mapping',
        ),
        ("query: SELECT 1, metrics: [{a: {usage: GAUGE, scale: x}}]", 'scale of column "a" is "x", expected a number'),
        ("query: SELECT 1, metrics: [{a: {usage: GAUGE}}], min_version: x", 'min_version is "x", expected a server_'),
        (
            "query: SELECT 1, metrics: [{a: {usage: GAUGE}}], runonserver: new",
            'found "new" as versions, expected a range',
        ),
    ],
)
def test_a_wrong_entry_is_named(entry: str, reason: str) -> None:
    (problem,) = from_exporter("m: {" + entry + "}", on_problem="list")
    assert problem["skipped"] and reason in problem["reason"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (">=10.0.0", (100000, None)),
        (">= 13.2.0", (130002, None)),
        ("<17.0.0", (0, 170000)),
        (">=9.4.0 <10.0.0", (90400, 100000)),
        (">12.0.0, <=15.3.0", (120001, 150004)),
        ("=14", (140000, 150000)),
        ("14.x", (140000, 150000)),
        (">13.x", (140000, None)),
        ("<=13.x", (0, 140000)),
        (">=13.x <15.x", (130000, 150000)),
        (">9.x", (100000, None)),
        (">9.5.x <=9.6.x", (90600, 90700)),
        ("9.6", (90600, 90700)),
        (">13.2.x", (130003, None)),
        ("<10.0.0 <12.0.0 >=9.6.3", (90603, 100000)),
    ],
)
def test_versions(text: str, found: Tuple[int, Optional[int]]) -> None:
    assert version_range(text) == found


@pytest.mark.parametrize("text", [">=13.0.0 || <12.0.0", ">=15.0.0 <14.0.0"])
def test_versions_that_make_no_range(text: str) -> None:
    with pytest.raises(CannotTakeError):
        version_range(text)


def queries(sql: str, file: str = "queries_global.yml") -> str:
    return "# Begin File: {0}\n\nccp_x:\n  query: {1}\n  metrics: [{{n: {{usage: GAUGE}}}}]\n".format(file, sql)


def test_what_the_set_up_of_pgmonitor_fills_in_is_named() -> None:
    (problem,) = from_pgmonitor(queries('"SELECT n FROM t LIMIT #A_LIMIT#"'), on_problem="list")
    assert problem["skipped"] and problem["reason"] == (
        "its query has #A_LIMIT#, which the set-up of pgMonitor replaces: replace it in the file"
    )


def test_pgmonitor_has_queries_or_a_collector() -> None:
    assert from_pgmonitor(queries("SELECT n FROM t"))[0]["query"] == "SELECT n FROM t"
    collector = """
collector_name: crunchy_per_db
metrics:
  - {metric_name: ccp_y_n, type: gauge, help: Number, key_labels: [dbname], values: [n], query_ref: ccp_y}
queries:
  - {query_name: ccp_y, query: "SELECT dbname, n FROM monitor.y"}
"""
    assert from_pgmonitor(collector)[0]["scope"] == "database"
    assert "scope" not in from_pgmonitor(collector.replace("per_db", "global"))[0]
    assert from_pgmonitor(queries("SELECT n FROM pg_t", "queries_per_db.yml"))[0]["scope"] == "database"


def entries(**sqls: str) -> str:
    return "".join("{0}: {{query: '{1}', metrics: [{{n: {{usage: GAUGE}}}}]}}\n".format(*each) for each in sqls.items())


def test_each_part_of_a_file_of_pgmonitor_has_its_scope(warnings: List[str]) -> None:
    text = "# Begin File: queries_global.yml\n{0}###\n# Begin File: queries_per_db.yml\n{1}# End File: x\n{2}".format(
        entries(ccp_a="SELECT 1 AS n"),
        entries(ccp_b="SELECT 2 AS n", ccp_c="SELECT 3 AS n"),
        entries(
            ccp_d="SELECT current_database() AS dbname, n FROM pg_t",
            ccp_e="SELECT pg_database_size(current_database()) AS n FROM pg_t",
            ccp_f="SELECT current_database(), n FROM pg_t",
        ).replace("ccp_f: {", "ccp_f: {master: true, "),
    )
    wanted = {
        "ccp_a": None,
        "ccp_b": "database",
        "ccp_c": "database",
        "ccp_d": "database",
        "ccp_e": None,
        "ccp_f": None,
    }
    assert {name: scope for name, (scope, _databases) in scopes(from_pgmonitor(text)).items()} == wanted
    guess = (
        "from_pgmonitor: ccp_e: taken over in part: its scope cluster is a guess, since the file does not say whether"
        " it runs in each database: choose it with names, and give the scope"
    )
    assert warnings == [guess]
    assert scopes(from_pgmonitor(text, names="ccp_e", scope="database"))["ccp_e"][0] == "database"
    assert warnings == [guess]
    config_map = "kind: ConfigMap\ndata:\n  queries: |\n" + "".join("    " + line for line in text.splitlines(True))
    assert from_pgmonitor(config_map) == from_pgmonitor(text)


def test_a_version_that_says_its_scope_decides_for_one_that_does_not(warnings: List[str]) -> None:
    files = {13: queries("SELECT n FROM pg_t", "queries_per_db.yml"), 17: entries(ccp_x="SELECT n FROM pg_u")}
    (found,) = from_pgmonitor(files)
    assert found["scope"] == "database" and warnings == []


def test_each_collector_of_pgmonitor_has_its_scope(warnings: List[str]) -> None:
    metric = "metrics: [{{metric_name: {0}, type: gauge, help: h, values: [n], query: 'SELECT n FROM {1}'}}]"
    text = "collectors:\n" + "".join(
        "  - {{{0}, {1}}}\n".format(name, metric.format(*each))
        for name, each in (
            ("collector_name: crunchy_global", ("ccp_a", "pg_t")),
            ("collector_name: crunchy_bloat_check", ("ccp_b", "pg_t")),
            ("min_interval: 1s", ("ccp_c", "pg_t")),
            ("collector_name: crunchy_global2", ("ccp_d", "t LIMIT #A_LIMIT#")),
        )
    )
    assert scopes(from_pgmonitor(text)) == {"ccp_a": (None, None), "ccp_b": ("database", None), "ccp_c": (None, None)}
    assert [text.split(": ")[1] for text in warnings] == ["ccp_c", "ccp_d", "ccp_c"]
    for part, warning in zip(("min_interval has no counterpart", "#A_LIMIT#", "is a guess"), warnings):
        assert part in warning


def test_what_not_every_database_may_have_is_named(warnings: List[str]) -> None:
    sql = "'SELECT current_database() AS d, n FROM jobs JOIN {0} USING (id)'"
    text = "m: {query: QUERY, metrics: [{d: {usage: LABEL}}, {n: {usage: GAUGE}}]}"
    error = "each snapshot of a database without that has an error: name the others in databases of the definition"
    (found,) = from_exporter(text.replace("QUERY", sql.format("queues")))
    assert "FROM public.jobs JOIN public.queues USING" in found["query"]
    (warning,) = warnings
    assert warning.endswith("m: taken over in part: it reads public.jobs, public.queues, and " + error)
    from_exporter(text.replace("QUERY", sql.format("queues")), scope="cluster")
    from_exporter(text.replace("{query", "{target_databases: [app], query").replace("QUERY", sql.format("queues")))
    assert len(warnings) == 1
    from_pgmonitor(queries("SELECT n FROM monitor.x", "queries_per_db.yml"))
    assert warnings[1].endswith("it needs the schema monitor of pgMonitor, and " + error)


def test_what_needs_the_schema_of_pgmonitor_is_named(warnings: List[str]) -> None:
    text = queries("SELECT n FROM monitor.ccp_x()").replace("ccp_x:", "ccp_w:")
    text += queries("SELECT n FROM (SELECT Monitor.n FROM pgmonitor_ext.ccp_x) AS q")
    text += (
        queries("SELECT a.monitor FROM a -- pgmonitor_ext.x").replace("ccp_x:", "ccp_y:").replace("{n:", "{monitor:")
    )
    text += queries("SELECT n FROM pgmonitor_ext.z").replace("ccp_x:", "ccp_z:")
    assert len(from_pgmonitor(text)) == 4
    of = "from_pgmonitor: {0}: taken over in part: it needs the schema {1} of pgMonitor, which has to be on each server"
    assert warnings == [
        of.format("ccp_w", "monitor") + " that collects it",
        of.format("ccp_x, ccp_z", "pgmonitor_ext") + " that collects it",
    ]
    warnings.clear()
    from_pgmonitor({15: text, 17: text})
    assert len(warnings) == 2


def test_texts_of_views_of_pgmonitor_become_numbers() -> None:
    metric = "{{metric_name: m_{0}, type: gauge, help: h, key_labels: [repo], values: [{0}], query_ref: m}}"
    columns = ("repo_backup_size_bytes", "backup_error")
    text = "collector_name: backups\nmetrics: [{0}]\nqueries: [{{query_name: m, query: '{1}'}}]".format(
        ", ".join(map(metric.format, columns)), "SELECT repo, {0}, {1} FROM pgmonitor_ext.v".format(*columns)
    )
    (found,) = from_pgmonitor(text)
    assert (
        "substring(q.repo_backup_size_bytes::text FROM" in found["query"] and "    q.backup_error\n" in found["query"]
    )
    (plain,) = importer("sql_exporter")(text)
    assert plain["query"].startswith("SELECT repo, repo_backup_size_bytes")


def test_files_of_pgmonitor_by_version_become_queries() -> None:
    files = {17: queries("SELECT n FROM new"), "13": queries("SELECT n FROM old"), 14: queries("SELECT n FROM old")}
    (found,) = from_pgmonitor(files)
    assert found["queries"] == [
        {"min_version": 130000, "query": "SELECT n FROM old"},
        {"min_version": 170000, "query": "SELECT n FROM new"},
    ]
    with pytest.raises(AnsibleFilterError, match='found "new" as a version of PostgreSQL'):
        from_pgmonitor({"new": queries("SELECT 1 AS n")})
    with pytest.raises(AnsibleFilterError, match="found an empty mapping"):
        from_pgmonitor({})


def test_a_collector_of_several_versions_stands_for_the_metrics_of_all() -> None:
    metric = "{{metric_name: {0}, type: gauge, help: h, values: [n], query: SELECT n FROM pg_t}}"
    text = "collector_name: crunchy_global\nmetrics: [{0}]"
    old, both, new = (metric.format(name) for name in ("ccp_old", "ccp_both", "ccp_new"))
    files = {13: text.format(", ".join((old, both))), 17: text.format(", ".join((both, new)))}
    assert set(scopes(from_pgmonitor(files, names="crunchy_global"))) == {"ccp_old", "ccp_both", "ccp_new"}
