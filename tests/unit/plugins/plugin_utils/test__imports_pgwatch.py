# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metrics of pgwatch."""

from __future__ import annotations

import json
from typing import Any, Dict, List

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.take import importer

from_pgwatch = importer("pgwatch")

FILE = """
metrics:
  sessions:
    description: >
      Sessions,
      by state.
    sqls:
      11: |
        select /* generated */ (extract(epoch from now()) * 1e9)::int8 as epoch_ns,
          state as tag_state, count(*) as sessions, sum(waits)::int8 total_waits
        from pg_stat_activity group by state;
      14: select state as tag_state, count(*) as sessions, 0 as total_waits from pg_stat_activity group by state
    gauges: [sessions]
    is_instance_level: true
  sizes:
    sqls:
      13: select pg_database_size(current_database()) as size_b
    gauges: ['*']
    statement_timeout_seconds: 300
  wal:
    sqls: {9.6: select pg_current_wal_lsn() - '0/0' as written}
    node_status: primary
    is_instance_level: true
  conflicts:
    sqls: {14: select confl_lock from pg_stat_database_conflicts}
    node_status: standby
  checkpoints:
    sqls:
      14: "; -- elsewhere"
      17: select num_timed from pg_stat_checkpointer
  load:
    sqls: {14: select l1 from get_load()}
    init_sql: CREATE OR REPLACE FUNCTION public.get_load(OUT l1 float) AS $$ $$ LANGUAGE plpython3u
  buffers:
    sqls: {13: select count(*) as used from pg_buffercache}
    init_sql: create extension if not exists pg_buffercache
  events:
    sqls: {14: ''}
  log:
    sqls: {14: "/* read by pgwatch */ -- itself", 17: ;}
  everything:
    sqls: {14: select * from pg_stat_archiver}
  odd:
    sqls: {14: select 1 as a}
    node_status: sometimes
presets:
  small:
    metrics: {sessions: 60, wal: 60}
"""


@pytest.fixture(autouse=True)
def warnings(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    found: List[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, text, *_more, **_options: found.append(text))
    return found


def definition(name: str) -> Dict[str, Any]:
    (found,) = from_pgwatch(FILE, names=[name])
    return found


def test_labels_kinds_versions_and_descriptions_come_along() -> None:
    found = definition("sessions")
    queries = found.pop("queries")
    assert found == {
        "name": "sessions",
        "description": "Sessions, by state.",
        "keys": [{"name": "state", "nullable": True}],
        "metrics": [{"name": "sessions", "kind": "gauge"}, {"name": "total_waits", "kind": "counter"}],
    }
    assert [each["min_version"] for each in queries] == [110000, 140000]
    assert queries[0]["query"].startswith(
        "SELECT\n    q.tag_state AS state,\n    q.sessions,\n    q.total_waits\nFROM (\nselect /* generated */"
    )
    assert queries[0]["query"].endswith("from pg_stat_activity group by state\n) AS q")


def test_a_query_that_fits_stays_as_it_is() -> None:
    (query,) = definition("sizes")["queries"]
    assert query == {"min_version": 130000, "query": "select pg_database_size(current_database()) as size_b"}


def test_what_extract_returns_has_one_type_in_all_versions() -> None:
    sql = "select extract(epoch from now() - state_change) as age, now() as at, 1 as n from pg_stat_activity"
    (found,) = from_pgwatch("metrics:\n  m:\n    sqls: {{13: '{0}'}}\n".format(sql))
    assert found["queries"][0]["query"] == (
        "SELECT\n    q.age::double precision AS age,\n    q.at,\n    q.n\nFROM (\n" + sql + "\n) AS q"
    )


def test_an_extension_is_named_where_its_schema_may_be_another_in_each_database() -> None:
    (query,) = definition("buffers")["queries"]
    assert query["query"] == "select count(*) as used from {pg_buffercache}.pg_buffercache"
    (found,) = from_pgwatch(FILE, names=["buffers"], scope="cluster")
    assert found["queries"][0]["query"] == "select count(*) as used from pg_buffercache"


def test_what_is_not_of_the_instance_is_of_each_database() -> None:
    assert definition("sizes")["scope"] == "database" and "scope" not in definition("wal")
    (found,) = from_pgwatch(FILE, names=["sizes"], scope="cluster")
    assert "scope" not in found


def test_what_is_of_the_instance_stays_so() -> None:
    found = {each["name"]: each.get("scope") for each in from_pgwatch(FILE, scope="database")}
    assert found == {"sessions": None, "wal": None, "sizes": "database", "conflicts": "database"} | {
        "checkpoints": "database",
        "buffers": "database",
    }


def test_the_role_of_a_server_is_honoured() -> None:
    (query,) = definition("wal")["queries"]
    assert query["min_version"] == 90600
    assert query["query"].endswith("\n) AS q\nWHERE (SELECT NOT pg_catalog.pg_is_in_recovery())")
    found = definition("conflicts")
    assert found["queries"][1]["query"].endswith("\n) AS q\nWHERE (SELECT pg_catalog.pg_is_in_recovery())")
    assert found["may_be_empty"] and definition("wal")["may_be_empty"] and "may_be_empty" not in definition("sizes")


def test_servers_before_the_first_version_with_sql_return_no_rows() -> None:
    found = definition("checkpoints")
    assert found["queries"] == [
        {"min_version": 0, "query": "SELECT\n    NULL::double precision AS num_timed\nWHERE false"},
        {
            "min_version": 170000,
            "query": "SELECT\n    q.num_timed::double precision AS num_timed\nFROM (\n"
            "select num_timed from pg_stat_checkpointer\n) AS q",
        },
    ]
    assert found["metrics"] == [{"name": "num_timed", "kind": "counter", "type": "double precision"}]
    assert found["may_be_empty"] is True


@pytest.mark.parametrize("names", ["small", "sm*", "small,wal"])
def test_a_preset_stands_for_its_metrics(names: str) -> None:
    assert [each["name"] for each in from_pgwatch(FILE, names=names)] == ["sessions", "wal"]
    assert [each["name"] for each in from_pgwatch(FILE, names=names, on_problem="list")] == ["small"]


def test_a_preset_without_metrics_of_the_file_is_an_error() -> None:
    text = "metrics: {m: {sqls: {14: SELECT 1 AS a}}}\npresets: {basic: {metrics: {x: 60}}, more: {metrics: [m]}}"
    with pytest.raises(AnsibleFilterError, match='"ba.*", whose metrics the file does not have: choose from m, more'):
        from_pgwatch(text, names=["ba*"])


def test_what_is_left_out_has_a_reason() -> None:
    reasons = {(each["name"], each["skipped"]): each["reason"] for each in from_pgwatch(FILE, on_problem="list")}
    assert reasons == {
        ("load", True): "it needs the function get_load, which its init_sql creates",
        ("buffers", False): "its init_sql is not run: do what it does by hand",
        ("sizes", False): "statement_timeout_seconds has no counterpart in PoWA, so only statement_timeout of the"
        " monitoring role ends the query",
        ("small", False): "the intervals of a preset have no counterpart in PoWA, so its queries run at every snapshot",
        ("events", True): "it has no SQL, since pgwatch itself collects it",
        ("log", True): "it has no SQL, since pgwatch itself collects it",
        ("everything", True): "it selects * from pg_stat_archiver, whose columns only the server knows:"
        " list them in the query",
        ("odd", True): 'its node_status is "sometimes", expected primary or standby',
    }


def test_fields_without_a_counterpart_are_named() -> None:
    text = """
metrics:
  m: {sqls: {14: SELECT 1 AS a}, storage_name: other, is_private: true, gagues: [a], node_status: '', is_private: false}
presets:
  without: {metrics: [m]}
  odd: 5
"""
    assert [(each["name"], each["reason"]) for each in from_pgwatch(text, on_problem="list")] == [
        ("m", "storage_name has no counterpart in PoWA, so the datasource has the name of the metric"),
        ("m", "gagues is no field of this format: correct its name, or leave it out"),
    ]


def test_the_intervals_of_a_preset_are_named_where_it_is_chosen() -> None:
    assert [each["name"] for each in from_pgwatch(FILE, names=["small"], on_problem="list")] == ["small"]
    assert from_pgwatch(FILE, names=["sessions"], on_problem="list") == []


def test_the_module_takes_all_of_them(warnings: List[str]) -> None:
    found = from_pgwatch(FILE)
    assert len(found) == 6 and len(warnings) == 8
    assert not collect_definitions(found)[2]


def test_metrics_may_stand_without_a_heading() -> None:
    assert from_pgwatch("m:\n  sqls: {13: select 1 as a}\n")[0]["metrics"] == [{"name": "a", "kind": "counter"}]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{14: select 1 as tag_}", 'its column "tag_" has no name'),
        ("{fourteen: select 1 as a}", 'found "fourteen" as a version, expected one such as 14'),
        ("select 1", "sqls is a text, expected a mapping"),
        ("{14: select 1 as tag_a}", "it has no column with a number, only labels"),
    ],
)
def test_a_wrong_metric_is_named(text: str, reason: str) -> None:
    (problem,) = from_pgwatch("metrics:\n  m:\n    sqls: {0}\n".format(text), on_problem="list")
    assert problem["reason"] == reason


def test_a_version_before_all_others_is_no_condition() -> None:
    (found,) = from_pgwatch("metrics:\n  m:\n    sqls: {8.4: 'select 1 as a'}\n")
    assert found["query"] == "select 1 as a"


def test_a_label_keeps_its_whole_name_beside_a_column_of_the_short_one() -> None:
    (found,) = from_pgwatch("metrics:\n  m:\n    sqls: {14: 'select 1 as a, 2 as tag_a'}\n")
    assert found["keys"][0]["name"] == "tag_a" and found["metrics"][0]["name"] == "a"


def test_a_label_has_one_name_in_all_versions() -> None:
    sqls = {11: "select tag_x, x from t", 14: "select x as tag_x, 1 as n from t"}
    (found,) = from_pgwatch(json.dumps({"metrics": {"m": {"sqls": sqls}}}))
    assert [key["name"] for key in found["keys"]] == ["tag_x"]
    assert [metric["name"] for metric in found["metrics"]] == ["n", "x"]
    assert "    q.tag_x,\n" in found["queries"][-1]["query"] and "    q.tag_x,\n" in found["queries"][0]["query"]


def of_newer_servers(query: str) -> List[Any]:
    """Return the definition of a metric that begins after the oldest supported server, and what there is to tell."""
    text = json.dumps({"metrics": {"m": {"sqls": {14: query}, "gauges": ["*"], "is_instance_level": True}}})
    (found,) = from_pgwatch(text)
    return [found, [each["reason"] for each in from_pgwatch(text, on_problem="list")]]


def test_what_newer_servers_return_keeps_its_values() -> None:
    found, problems = of_newer_servers(
        "SELECT relation::regclass, now() - query_start AS took, pg_current_wal_lsn() AS lsn, x IS NULL AS idle,"
        " client_addr, current_date - 1 AS day, backend_xmin, calls FROM pg_stat_activity"
    )
    assert not problems
    number, text = {"kind": "gauge", "type": "double precision"}, {"kind": "gauge", "type": "text"}
    assert found["metrics"] == [
        {"name": "relation", **text},
        {"name": "took", **number, "unit": "s"},
        {"name": "lsn", **number, "unit": "bytes"},
        {"name": "idle", **number},
        {"name": "client_addr", **text},
        {"name": "day", **number},
        {"name": "backend_xmin", **number},
        {"name": "calls", **number},
    ]
    for selected in (
        "q.relation::text AS relation",
        "extract(epoch FROM q.took)::double precision AS took",
        "(q.lsn - '0/0'::pg_lsn)::double precision AS lsn",
        "CASE q.idle::text WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE",
        "q.client_addr::text AS client_addr",
        "extract(epoch FROM q.day)::double precision AS day",
        "q.backend_xmin::text::bigint::double precision AS backend_xmin",
        "q.calls::double precision AS calls",
    ):
        assert "\n    " + selected in found["queries"][1]["query"]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ("f(1) AS x, count(*) AS n", '"x" becomes a number, and NULL where it is none: cast it in the query'),
        (
            "f(1) AS x, g::int[], count(*) AS n",
            '"x", "g" become numbers, and NULL where they are none: cast them in the query',
        ),
    ],
)
def test_what_may_be_lost_on_newer_servers_is_named(columns: str, sentence: str) -> None:
    found, problems = of_newer_servers("SELECT {0} FROM t".format(columns))
    assert problems == [sentence] and found["queries"][1]["query"].count("CASE q.") == columns.count(",")


def test_an_interval_is_in_seconds() -> None:
    query = "SELECT replay_lag, now() AS at FROM pg_stat_replication"
    (found,) = from_pgwatch(json.dumps({"metrics": {"m": {"sqls": {13: query}}}}))
    assert found["queries"][0]["query"] == query
    assert [metric.get("unit") for metric in found["metrics"]] == ["s", None]


def test_queries_for_old_versions_may_call_what_they_had(warnings: List[str]) -> None:
    text = """
metrics:
  wal:
    sqls:
      9.2: SELECT pg_xlog_location_diff(pg_current_xlog_location(), '0/0')::bigint AS b
      10: SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint AS b
"""
    (found,) = from_pgwatch(text)
    assert [each["min_version"] for each in found["queries"]] == [90200, 100000] and not warnings
    assert from_pgwatch(text.replace("      10:", "      19:")) == [] and "pg_xlog_location_diff" in warnings[0]
