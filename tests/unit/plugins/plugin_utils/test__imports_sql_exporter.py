# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collectors of sql_exporter."""

from __future__ import annotations

from typing import Any, List, Optional

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.take import importer

from_sql_exporter = importer("sql_exporter")

FILE = """
collector_name: server
min_interval: 10s
metrics:
  - metric_name: pg_reads
    type: counter
    help: Blocks read
    key_labels: [datname]
    static_labels: {site: a'b}
    values: [blks_read]
    query_ref: dbs
  - metric_name: pg_sessions
    type: GAUGE
    help: Sessions
    key_labels: [datname, state]
    static_labels: {site: a'b, other: x}
    value_label: kind
    values: [active, idle]
    query_ref: dbs
  - metric_name: pg_up
    type: gauge
    help: Always 1
    static_value: 1
    timestamp_value: at
    key_labels: [version]
    query: SELECT version, at FROM v
  - metric_name: pg_lost
    type: gauge
    help: No query
    values: [n]
    query_ref: nix
queries:
  - query_name: dbs
    query: SELECT datname, state, blks_read, active, idle FROM d;
"""


@pytest.fixture(autouse=True)
def warnings(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    found: List[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, text, *_more, **_options: found.append(text))
    return found


def test_a_query_becomes_a_datasource_with_all_its_metrics(warnings: List[str]) -> None:
    databases, up = from_sql_exporter(FILE)
    assert not collect_definitions([databases, up])[2]
    assert databases == {
        "name": "dbs",
        "query": "SELECT\n    q.datname,\n    q.state,\n    'a''b'::text AS site,\n    q.blks_read,\n    q.active,\n"
        "    q.idle\nFROM (\nSELECT datname, state, blks_read, active, idle FROM d\n) AS q",
        "keys": [{"name": name, "nullable": True} for name in ("datname", "state", "site")],
        "metrics": [
            {"name": "blks_read", "kind": "counter", "description": "Blocks read"},
            {"name": "active", "kind": "gauge", "description": "Sessions"},
            {"name": "idle", "kind": "gauge", "description": "Sessions"},
        ],
    }
    assert (
        up["query"]
        == "SELECT\n    q.version,\n    '1.0'::double precision AS pg_up\nFROM (\nSELECT version, at FROM v\n) AS q"
    )
    assert sorted(text.split(": ", 1)[1] for text in warnings) == [
        "dbs, pg_up: taken over in part: min_interval has no counterpart in PoWA, so the query runs at every snapshot",
        "dbs: taken over in part: the static label other is left out, since the metrics of the query differ in it",
        'pg_lost: skipped: there is no query "nix", which its query_ref names',
        "pg_up: taken over in part: timestamp_value is left out, since PoWA stores the time of its snapshot",
    ]


def test_collectors_of_a_configuration_can_be_chosen() -> None:
    entry = "metrics: [{{metric_name: {0}, type: gauge, help: h, values: [n], query: SELECT n FROM t}}]"
    text = "collectors:\n" + "".join(
        "  - {{collector_name: {0}, {1}}}\n".format(name, entry.format("pg_" + name)) for name in ("a", "b")
    )
    assert [each["name"] for each in from_sql_exporter(text)] == ["pg_a", "pg_b"]
    (found,) = from_sql_exporter(text, names=["b"], scope="database")
    assert found["name"] == "pg_b" and found["scope"] == "database" and found["query"] == "SELECT n FROM public.t"


@pytest.mark.parametrize(
    "text",
    [
        "collector_name: c\nmetrics: [{metric_name: m, type: text, values: [n], query: SELECT n FROM t}]",
        "jobs: [{name: c, queries: [{name: m, values: [n], query_ref: nix}]}]",
    ],
)
def test_what_is_skipped_of_a_chosen_set_is_named(text: str) -> None:
    assert [(each["name"], each["skipped"]) for each in from_sql_exporter(text, names="c", on_problem="list")] == [
        ("m", True)
    ]


def test_a_note_on_the_whole_file_is_no_choice() -> None:
    metrics = "metrics: [{metric_name: m, type: gauge, values: [n], query: SELECT n FROM t}]"
    text = "collector_files: [x]\ncollector_name: c\n" + metrics
    with pytest.raises(AnsibleFilterError, match='names has "coll.*", which the file does not have: choose from c, m'):
        from_sql_exporter(text, names="coll*")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("type: histogram, values: [n], query: SELECT n FROM t", 'its type is "histogram", expected counter or gauge'),
        ("type: gauge, values: {n: 1}, query: SELECT n FROM t", "values is a mapping, expected a list"),
        ("type: gauge, static_value: x, query: SELECT n FROM t", 'its static_value is "x", expected a number'),
        ("type: gauge, key_labels: [n], query: SELECT n FROM t", "it has no column with a number, only labels"),
        ("type: gauge, values: [n]", "it has no SQL"),
        ("type: gauge, values: [n], query: EXEC p", 'its query begins with "exec", expected a SELECT'),
    ],
)
def test_a_wrong_metric_is_named(more: str, reason: str) -> None:
    text = "collector_name: c\nmetrics: [{metric_name: m, help: h, " + more + "}]\n"
    assert from_sql_exporter(text, on_problem="list") == [{"name": "m", "reason": reason, "skipped": True}]


@pytest.mark.parametrize("text", ["collectors: [5]\n", "collector_name: c\n", "metrics: {a: 1}\n", "collectors: []\n"])
def test_a_file_without_collectors_is_an_error(text: str) -> None:
    with pytest.raises(AnsibleFilterError, match="found no .*expected a collector of sql_exporter"):
        from_sql_exporter(text)


def test_a_configuration_that_only_names_files_is_an_error() -> None:
    text = "jobs: [{job_name: j, collectors: [c]}]\ncollector_files: ['*.yml']\n"
    with pytest.raises(AnsibleFilterError, match="found only names of files with collectors, expected a collector"):
        from_sql_exporter(text)


def test_queries_have_to_be_a_list() -> None:
    with pytest.raises(AnsibleFilterError, match="found queries that are a mapping, expected a collector"):
        from_sql_exporter(FILE[: FILE.index("queries:")] + "queries: {a: SELECT 1}\n")


def test_values_become_numbers() -> None:
    entry = "metrics: [{metric_name: workers, type: gauge, help: h, values: [n, most, nix], query: QUERY}]"
    text = entry.replace("QUERY", "\"SELECT count(*) AS n, current_setting('x') AS most FROM t\"")
    (found,) = from_sql_exporter(text)
    assert found["query"].startswith("SELECT\n    q.n,\n    substring(q.most::text FROM '^")
    assert [metric["name"] for metric in found["metrics"]] == ["n", "most"]


def test_a_static_label_may_be_a_boolean() -> None:
    labels = "static_labels: {main: true, no: 1}"
    entry = "metrics: [{metric_name: m, type: gauge, values: [n], query: SELECT n FROM t, " + labels + "}]"
    (found,) = from_sql_exporter(entry)
    assert "    'true'::text AS main,\n    '1'::text AS no,\n" in found["query"]


JOBS = """
jobs:
- name: all
  interval: 5m
  connections: ['postgres://localhost/postgres']
  queries:
  - {name: sessions, help: Sessions, labels: [state], values: [n], query: "SELECT state, n FROM t"}
  - {name: sizes, values: [size], query_ref: size, timestamp: at}
  - {name: lost, values: [n], query_ref: nix}
  - {name: none, values: [n]}
  - {name: odd, values: n, query: SELECT n FROM t}
  - odd
- name: empty
queries:
  size: SELECT size, at FROM s
"""


def test_jobs_have_queries_with_labels_and_values() -> None:
    sessions, sizes = from_sql_exporter(JOBS)
    assert not collect_definitions([sessions, sizes])[2]
    assert sessions == {
        "name": "sessions",
        "description": "Sessions",
        "query": "SELECT state, n FROM t",
        "keys": [{"name": "state", "nullable": True}],
        "metrics": [{"name": "n", "kind": "gauge"}],
    }
    assert sizes["query"] == "SELECT\n    q.size\nFROM (\nSELECT size, at FROM s\n) AS q"
    assert from_sql_exporter(JOBS, names=["all"]) == [sessions, sizes]


OTHER_DATABASES = """
target: {data_source_name: 'sqlserver://u:p@h/master', collectors: [c]}
collectors:
- {collector_name: c, metrics: [{metric_name: m, type: gauge, values: [n], query: SELECT @@CONNECTIONS AS n}]}
"""


def test_what_is_for_another_database_is_skipped() -> None:
    reason = "it is for {0}, which is no PostgreSQL"
    job = JOBS.replace("['postgres://localhost/postgres']", "['{0}']")
    for address, system in (
        ("MySQL://h/b", "mysql"),
        ("clickhouse+http://h", "clickhouse"),
        ("server=h;user id=sa", "sqlserver"),
    ):
        found = from_sql_exporter(job.replace("{0}", address), on_problem="list")
        names = [each["name"] for each in found if each["reason"] == reason.format(system) and each["skipped"]]
        assert names == ["sessions", "sizes"]
    both = from_sql_exporter(JOBS.replace("localhost/postgres']", "h/a', 'mysql://h']"))
    assert [each["name"] for each in both] == ["sessions", "sizes"]
    two = JOBS.replace("['postgres://localhost/postgres']", "['mysql://h', 'athena://h']")
    assert reason.format("athena and mysql") in str(from_sql_exporter(two, on_problem="list"))
    assert from_sql_exporter(OTHER_DATABASES, on_problem="list") == [
        {"name": "m", "reason": reason.format("sqlserver"), "skipped": True}
    ]
    assert len(from_sql_exporter(job.replace("{0}", "awssecretsmanager://name"))) == 2


COMMON_JOBS = """
jobs:
- name: first
  connections: [CONNECTION]
  queries: [{name: tables, labels: [a], values: [n], query: "SELECT a,\\n  n FROM pg_t"}]
- name: second
  connections: ['postgres://h/shop']
  queries: [{name: tables, labels: [a], values: [n], query: "select a, n from pg_t"}]
"""


@pytest.mark.parametrize(
    ("connection", "scope", "databases"),
    [
        ("'postgres://h/bank'", "database", ["bank", "shop"]),
        ("'postgres://h/shop'", "database", ["shop"]),
        ("'postgres://h/*'", "database", None),
    ],
)
def test_what_jobs_have_in_common_is_taken_once(
    connection: str, scope: str, databases: Optional[List[str]], warnings: List[str]
) -> None:
    assert scopes(COMMON_JOBS.replace("CONNECTION", connection)) == [("tables", scope, databases)] and not warnings


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("['postgres://h/shop']\n  queries: [{name: tables, labels: [a], values: [n], query: \"sel",
            "['postgres://h/postgres']\n  queries: [{name: tables, labels: [a], values: [n], query: \"sel"),
        ("select a, n from pg_t", "select a, n from pg_u"),
    ],
)  # fmt: skip
def test_what_differs_between_jobs_is_named(old: str, new: str) -> None:
    text = COMMON_JOBS.replace("CONNECTION", "'postgres://h/shop'").replace(old, new)
    assert from_sql_exporter(text, on_problem="list") == [
        {
            "name": "tables",
            "reason": 'another metric becomes the datasource "tables", too: choose this one with names, and'
            " give it another name with prefix",
            "skipped": True,
        }
    ]


def test_what_is_left_out_of_jobs_has_a_reason() -> None:
    assert [(each["name"], each["skipped"], each["reason"]) for each in from_sql_exporter(JOBS, on_problem="list")] == [
        ("sizes", False, "timestamp is left out, since PoWA stores the time of its snapshot"),
        ("lost", True, 'there is no query "nix", which its query_ref names'),
        ("none", True, "it has no query"),
        ("odd", True, "values is a text, expected a list"),
        ("a query", True, "the query is a text, expected a mapping"),
        ("sessions", False, "interval has no counterpart in PoWA, so the query runs at every snapshot"),
        ("sizes", False, "interval has no counterpart in PoWA, so the query runs at every snapshot"),
    ]


def scopes(text: str) -> List[Any]:
    return [(each["name"], each.get("scope"), each.get("databases")) for each in from_sql_exporter(text)]


@pytest.mark.parametrize(
    ("connections", "scope", "databases"),
    [
        ("['postgres://u@h/postgres', 'postgres://h:5432/shop']", "database", ["postgres", "shop"]),
        ("['postgres://u@h/postgres', 'postgres://i/template1']", None, None),
        ("['postgres://a@h/orders']", "database", ["orders"]),
        (
            "['postgres://u:p@h/postgres?sslmode=disable', 'postgresql://h/the%20shop']",
            "database",
            ["postgres", "the shop"],
        ),
        (
            "['postgres:///a?host=/run&user=u', 'postgres:///b?host=/run&user=u', 'pg://h/c']",
            "database",
            ["a", "b", "c"],
        ),
        ("['postgres:///a?host=/run', 'postgres:///b?host=/tmp', 'pg://[h/c']", "database", ["a", "b"]),
        (
            "['postgres://u@h/a', 'postgres://v@h/a', 'postgres://h', 'postgres://h/${db}', 'mysql://h/b', x]",
            "database",
            ["a"],
        ),
        ("['postgres://h', 'postgres://h/${db}', 'mysql://h/b', x]", None, None),
        ("['cloudsql-postgres://u:p@p:r:i/*']", "database", None),
        ("", None, None),
    ],
)
def test_connections_to_a_database_are_a_scope(
    connections: str, scope: Optional[str], databases: Optional[List[str]]
) -> None:
    text = JOBS.replace("['postgres://localhost/postgres']", connections)
    assert scopes(text) == [("sessions", scope, databases), ("sizes", scope, databases)]
    assert not any(each.get("scope") for each in from_sql_exporter(text, scope="cluster"))


def test_targets_of_a_collector_are_databases() -> None:
    metric = "metrics: [{{metric_name: {0}, type: gauge, help: h, values: [n], query: SELECT n FROM t}}]"
    text = """
jobs:
- {{job_name: once, collectors: [a], static_configs: [{{targets: {{one: 'pg://h/postgres'}}}}]}}
- job_name: each
  collectors: ["b*"]
  static_configs:
  - targets: {{one: 'pg://u@h:5432/shop', other: 'pg://u@h:5432/bank'}}
  - odd
- odd
collectors:
- {{collector_name: a, {0}}}
- {{collector_name: b1, {1}}}
""".format(metric.format("pg_a"), metric.format("pg_b"))
    assert scopes(text) == [("pg_a", None, None), ("pg_b", "database", ["bank", "shop"])]


@pytest.mark.parametrize(
    ("target", "scope", "databases"),
    [
        ("{data_source_name: 'postgres://a@h/orders', collectors: ['c*']}", "database", ["orders"]),
        ("{data_source_name: 'postgres://a@h/orders', collectors: [other]}", None, None),
        ("{data_source_name: 'postgres://a@h/postgres', collectors: [c]}", None, None),
        ("{collectors: [c]}", None, None),
        ("odd", None, None),
    ],
)
def test_the_target_of_a_collector_is_a_database(
    target: str, scope: Optional[str], databases: Optional[List[str]], warnings: List[str]
) -> None:
    text = """
target: TARGET
collectors:
- {collector_name: c, metrics: [{metric_name: m, type: gauge, help: h, values: [n], query: SELECT n FROM t}]}
""".replace("TARGET", target)
    assert scopes(text) == [("m", scope, databases)] and not warnings


def test_without_an_address_the_query_tells_the_scope(warnings: List[str]) -> None:
    metric = "{{metric_name: {0}, type: gauge, help: h, values: [n], query: 'SELECT {1} FROM pg_stat_user_tables'}}"
    metrics = (metric.format("a", "current_database(), count(*) AS n"), metric.format("b", "count(*) AS n"))
    text = "collector_name: c\nmetrics: [{0}]".format(", ".join(metrics))
    assert scopes(text) == [("a", "database", None), ("b", None, None)]
    (warning,) = warnings
    assert warning.startswith("from_sql_exporter: b: taken over in part: its scope cluster is a guess")


def test_fields_without_a_counterpart_are_named() -> None:
    text = """
global: {min_interval: 5s, scrape_timeout: 0s, max_connections: 3}
collector_files: ['*.yml']
collectors:
  - collector_name: c
    min_interval: 0s
    query_timeout: 5s
    metrics:
      - {metric_name: a, type: gauge, help: h, values: [n], query_ref: q, no_prepared_statement: true, typ: gauge}
    queries:
      - {query_name: q, query: SELECT n FROM t, no_prepared_statement: true}
"""
    assert [(each["name"], each["reason"]) for each in from_sql_exporter(text, on_problem="list")] == [
        ("collector_files", "collectors in other files are not read: give the text of each of these files, too"),
        ("q", "no_prepared_statement has no counterpart in PoWA, so the query runs as any other"),
        ("q", "typ is no field of this format: correct its name, or leave it out"),
        ("q", "min_interval of global has no counterpart in PoWA, so the query runs at every snapshot"),
        (
            "q",
            "query_timeout has no counterpart in PoWA, so only statement_timeout of the monitoring role ends the query",
        ),
    ]


def test_fields_of_jobs_without_a_counterpart_are_named(warnings: List[str]) -> None:
    text = """
jobs:
- name: all
  keepalive: true
  cron_schedule: '0 1 * * *'
  startup_sql: ['SET lock_timeout = 1000']
  execution_time_from: '22:00'
  queries:
  - {name: a, values: [n], query: SELECT n FROM t, allow_zero_rows: true}
  - {name: b, values: [n], query: SELECT n FROM t, allow_zero_row: true}
  - {name: c, values: [n], query: SELECT n FROM t, iterator: {sql: SELECT 1}}
"""
    assert [each["name"] for each in from_sql_exporter(text)] == ["a", "b"]
    assert [text.split(": ", 1)[1] for text in warnings] == [
        "a: taken over in part: allow_zero_rows has no counterpart in PoWA, which takes no rows for no error anyway",
        "b: taken over in part: allow_zero_row is no field of this format: correct its name, or leave it out",
        "c: skipped: it has an iterator, and PoWA runs no query once for each row of another one",
        "a, b: taken over in part: cron_schedule has no counterpart in PoWA, so the query runs at every snapshot",
        "a, b: taken over in part: execution_time_from has no counterpart in PoWA, so the query runs at any time",
        "a, b: taken over in part: startup_sql has no counterpart in PoWA, so it is not run: set for the monitoring"
        " role what it sets",
    ]


#: By the values of a second metric of the query, and its type and help, what it becomes, and what is noted.
SECOND = {
    "values: [n], type: counter, help: Others": ([{"name": "b", "kind": "counter", "description": "Others"}], []),
    "values: [n], type: gauge, help: Others": ([{"name": "b", "kind": "gauge", "description": "Others"}], []),
    "values: [n], type: gauge, help: Some": ([], ['"b" has the same values as another metric, and is taken once']),
    "values: [x], type: gauge, help: Label": ([{"name": "b", "kind": "gauge", "description": "Label"}], []),
    "values: [n, m], value_label: l, type: gauge, help: Two": (
        [{"name": "b", "kind": "gauge", "description": "Two"}, {"name": "m", "kind": "gauge", "description": "Two"}],
        [],
    ),
}


def test_a_constant_is_another_metric_than_a_column_of_its_name() -> None:
    text = """
collector_name: c
metrics:
  - {metric_name: a, type: gauge, help: Some, values: [up], query_ref: q}
  - {metric_name: up, type: gauge, help: Some, static_value: 1, query_ref: q}
queries: [{query_name: q, query: SELECT up FROM t}]
"""
    (found,) = from_sql_exporter(text)
    assert [metric["name"] for metric in found["metrics"]] == ["up", "up_up"]
    assert "    q.up,\n    '1.0'::double precision AS up_up\n" in found["query"]


def test_a_metric_that_no_name_is_left_for_is_named() -> None:
    entry = "{metric_name: b, type: gauge, help: HELP, values: [n], query_ref: q}"
    entries = ", ".join(entry.replace("HELP", text) for text in ("First", "Second", "Third", "Fourth"))
    text = "collector_name: c\nmetrics: [{0}]\nqueries: [{{query_name: q, query: SELECT n FROM t}}]\n".format(entries)
    (found,) = from_sql_exporter(text)
    assert [metric["name"] for metric in found["metrics"]] == ["n", "b", "b_n"]
    (problem,) = from_sql_exporter(text, on_problem="list")
    assert problem["reason"] == '"b" is left out, since "b_n" is there already' and not problem["skipped"]


@pytest.mark.parametrize("second", SECOND)
def test_metrics_of_the_same_column_are_all_taken(second: str) -> None:
    text = """
collector_name: c
metrics:
  - {metric_name: a, type: gauge, help: Some, key_labels: [x], values: [n], query_ref: q}
  - {metric_name: b, SECOND, key_labels: [x], query_ref: q}
queries: [{query_name: q, query: "SELECT x, n, m FROM t"}]
""".replace("SECOND", second)
    added, notes = SECOND[second]
    (found,) = from_sql_exporter(text)
    assert not collect_definitions([found])[2]
    assert found["metrics"] == [{"name": "n", "kind": "gauge", "description": "Some"}, *added]
    if added:
        assert "    q.{0} AS b".format("x" if "[x], type" in second else "n") in found["query"]
    assert [each["reason"] for each in from_sql_exporter(text, on_problem="list")] == notes


@pytest.mark.parametrize(
    ("metric", "unit"),
    [
        ("metric_name: wal_size_bytes, values: [size], help: Size", "bytes"),
        ("metric_name: age_seconds, values: [age], help: Age in seconds", "s"),
        ("metric_name: age, values: [age], help: Age in milliseconds", "ms"),
        ("metric_name: age_seconds, values: [age_ms], help: Age", None),
        ("metric_name: age_seconds, values: [age], help: Age in milliseconds", None),
        ("metric_name: reset_timestamp_seconds, values: [reset], help: 'Reset, in seconds'", None),
        ("metric_name: last_seconds, values: [stats_reset], help: Reset", None),
    ],
)
def test_the_unit_of_a_single_value_is_that_of_the_metric(metric: str, unit: Optional[str]) -> None:
    text = "collector_name: c\nmetrics: [{{{0}, type: gauge, query: SELECT QUERY FROM pg_stat_bgwriter}}]\n".format(
        metric
    )
    (found,) = from_sql_exporter(text.replace("QUERY", metric.split("[")[1].split("]")[0]))
    assert found["metrics"][0].get("unit") == unit


def test_the_unit_of_a_job_is_in_the_name_or_the_help_of_a_query() -> None:
    text = "jobs: [{name: j, queries: [{QUERY, values: VALUES, query: 'SELECT n, m FROM t'}]}]"
    for query, values, unit in (
        ("name: wal_bytes", "[n]", "bytes"),
        ("name: wal, help: Size in bytes", "[n]", "bytes"),
        ("name: wal_bytes, help: Size in bytes", "[n, m]", None),
        ("name: wal_bytes, help: Age in seconds", "[n]", None),
    ):
        (found,) = from_sql_exporter(text.replace("QUERY", query).replace("VALUES", values))
        assert found["metrics"][0].get("unit") == unit, query
