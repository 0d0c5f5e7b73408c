# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collectors of sql_exporter."""

from __future__ import annotations

from typing import Any, List, Optional

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.parse import collect_definitions
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
    assert found["name"] == "pg_b" and found["scope"] == "database" and found["query"] == "SELECT n FROM t"


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


def test_queries_have_to_be_a_list() -> None:
    with pytest.raises(AnsibleFilterError, match="found queries that are a mapping, expected a collector"):
        from_sql_exporter(FILE[: FILE.index("queries:")] + "queries: {a: SELECT 1}\n")


def test_values_become_numbers() -> None:
    entry = "metrics: [{metric_name: workers, type: gauge, help: h, values: [n, most, nix], query: QUERY}]"
    text = entry.replace("QUERY", "\"SELECT count(*) AS n, current_setting('x') AS most FROM t\"")
    (found,) = from_sql_exporter(text)
    assert found["query"].startswith("SELECT\n    q.n,\n    substring(q.most FROM '^")
    assert [metric["name"] for metric in found["metrics"]] == ["n", "most"]


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


def test_what_is_left_out_of_jobs_has_a_reason() -> None:
    assert [(each["name"], each["skipped"], each["reason"]) for each in from_sql_exporter(JOBS, on_problem="list")] == [
        ("sizes", False, "timestamp is left out, since PoWA stores the time of its snapshot"),
        ("lost", True, 'there is no query "nix", which its query_ref names'),
        ("none", True, "it has no query"),
        ("odd", True, "values is a text, expected a list"),
        ("a query", True, "the query is a text, expected a mapping"),
    ]


def scopes(text: str) -> List[Any]:
    return [(each["name"], each.get("scope"), each.get("databases")) for each in from_sql_exporter(text)]


@pytest.mark.parametrize(
    ("connections", "scope", "databases"),
    [
        ("['postgres://u@h/postgres', 'postgres://h:5432/shop']", None, None),
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
        ("['postgres:///a?host=/run', 'postgres:///b?host=/tmp', 'pg://[h/b']", None, None),
        (
            "['postgres://u@h/a', 'postgres://v@h/a', 'postgres://h', 'postgres://h/${db}', 'mysql://h/b', x]",
            None,
            None,
        ),
        ("['cloudsql-postgres://u:p@p:r:i/*']", "database", None),
        ("", None, None),
    ],
)
def test_connections_to_several_databases_of_a_server_are_a_scope(
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
