# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Definitions from files of other tools: what all formats have in common."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.take import READERS, importer

from_queries = importer("postgres_exporter")

TWO = """
locks:
  query: SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode
  metrics:
    - mode: {usage: LABEL}
    - held: {usage: GAUGE}
only_labels:
  query: SELECT mode FROM pg_locks
  metrics:
    - mode: {usage: LABEL}
"""


def entry(sql: str, columns: str, more: str = "") -> str:
    return "m:\n  query: {0}\n  metrics: [{1}]\n{2}".format(sql, columns, more)


@pytest.fixture(autouse=True)
def warnings(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    found: List[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, text, *_more, **_options: found.append(text))
    return found


def test_what_is_skipped_is_warned_of(warnings: List[str]) -> None:
    assert [each["name"] for each in from_queries(TWO)] == ["locks"]
    assert warnings == ["from_postgres_exporter: only_labels: skipped: it has no column with a number, only labels"]


def test_what_is_skipped_can_fail_or_be_listed(warnings: List[str]) -> None:
    with pytest.raises(AnsibleFilterError, match="only_labels: skipped: it has no .*on_problem='skip'"):
        from_queries(TWO, on_problem="fail")
    assert from_queries(TWO, names="locks", on_problem="fail")[0]["name"] == "locks"
    assert not warnings
    in_part = TWO.replace("  metrics", "  ttl: 9\n  metrics", 1).replace(
        "    - held", "    - x: {usage: GAUGE}\n    - held"
    )
    assert from_queries(in_part, names="locks", on_problem="fail")[0]["name"] == "locks"
    assert [": locks: taken over in part: " in each for each in warnings] == [True, True]
    warnings.clear()
    reason = "it has no column with a number, only labels"
    assert from_queries(TWO, on_problem="list") == [{"name": "only_labels", "reason": reason, "skipped": True}]
    assert not warnings


def test_what_several_metrics_lack_is_one_warning(warnings: List[str]) -> None:
    text = "".join(
        "m{0}: {{query: SELECT 1 AS a, metrics: [{{a: {{usage: GAUGE}}}}], ttl: {0}}}\n".format(number)
        for number in range(1, 51)
    )
    names = ["m{0}".format(number) for number in range(1, 51)]
    reason = "ttl has no counterpart in PoWA, so the query runs at every snapshot"
    assert [each["name"] for each in from_queries(text)] == names
    assert warnings == [
        "from_postgres_exporter: {0}: taken over in part: {1}".format(", ".join(names), reason),
    ]
    assert from_queries(text, on_problem="list") == [
        {"name": name, "reason": reason, "skipped": False} for name in names
    ]
    warnings.clear()
    from_queries(text, names=["m1", "m3"])
    assert warnings == ["from_postgres_exporter: m1, m3: taken over in part: " + reason]


def test_ansible_may_have_marked_the_text() -> None:
    class Marked(str):
        def __str__(self) -> str:
            return str.__str__(self)

    assert from_queries(Marked(TWO), names=["locks"])[0]["name"] == "locks"


def test_names_choose_and_prefixes_rename() -> None:
    (definition,) = from_queries(TWO, names=["lo*"], prefix="Their-")
    assert definition["name"] == "their_locks"
    with pytest.raises(AnsibleFilterError, match='names has "nix", .*: choose from locks, only_labels'):
        from_queries(TWO, names=["nix"])
    with pytest.raises(AnsibleFilterError, match="names is 5, expected a list"):
        from_queries(TWO, names=5)


def test_a_result_can_be_changed_without_changing_the_next() -> None:
    from_queries(TWO, names=["locks"])[0]["keys"].clear()
    assert from_queries(TWO, names=["locks"])[0]["keys"]


@pytest.mark.parametrize("tool", READERS)
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "found an empty text, expected "),
        (" \n", "found an empty text, expected "),
        ("# nothing\n", "found no content, expected "),
        ("a: [", "the text is no YAML in line 2 ("),
        ("a: b: c", "the text is no YAML in line 1 ("),
        ("just text", "found a text, expected "),
        ("- a\n", "found a list, expected "),
        ("a: 2026-13-45\n", "found no "),
        ("a: !!map [b]", "the text is no YAML in line 1 (expected a mapping node"),
        ("a: !!python/object:os.system x\n", "the text is no YAML in line 1 ("),
        ("a: b\n", "found no "),
        (None, "found empty, expected "),
        (5, "found a number, expected "),
        ("global: {}\njobs: [{name: x}]\n", "found no "),
    ],
)
def test_a_wrong_file_is_one_sentence(tool: str, text: Any, found: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        importer(tool)(text)
    message = str(caught.value)
    assert message.startswith("from_{0}: {1}".format(tool, found)) and "\n" not in message


def test_a_wrong_option_names_the_choices() -> None:
    with pytest.raises(AnsibleFilterError, match='scope is "all", expected one of cluster, database'):
        from_queries(TWO, scope="all")
    with pytest.raises(AnsibleFilterError, match='on_problem is "x", expected one of skip, fail, list'):
        from_queries(TWO, on_problem="x")


@pytest.mark.parametrize(
    ("name", "datasource"),
    [
        ("pg_stat_bgwriter", "postgres_exporter_pg_stat_bgwriter"),
        ("User", "postgres_exporter_user"),
        ("a-b.c", "a_b_c"),
        ("1st", "_1st"),
        ("x" * 40, "x" * 29),
    ],
)
def test_a_name_becomes_one_that_the_module_takes(name: str, datasource: str) -> None:
    (definition,) = from_queries(TWO.replace("locks:\n", name + ":\n", 1), names=[name])
    assert definition["name"][:29] == datasource[:29] and len(definition["name"]) <= 36
    assert not collect_definitions([definition])[2]


def test_two_metrics_of_one_name_are_named(warnings: List[str]) -> None:
    found = from_queries(TWO + TWO[: TWO.index("only")].replace("locks:", "LOCKS:", 1), names="locks,LOCKS")
    assert len(found) == 1
    assert warnings == [
        'from_postgres_exporter: LOCKS: skipped: another metric becomes the datasource "locks", too:'
        " choose this one with names, and give it another name with prefix"
    ]


@pytest.mark.parametrize("name", ["pg_last_xlog_receive_location", "pg_xlog_location_diff", '"pg_xlogfile_name"'])
def test_functions_that_no_supported_version_has_are_named(name: str) -> None:
    text = entry("'SELECT {0}(x) AS n FROM t'".format(name), "{n: {usage: GAUGE}}")
    (problem,) = from_queries(text, on_problem="list")
    assert problem["skipped"] and problem["reason"] == (
        "its query calls {0}, which has another name since PostgreSQL 10: correct it in the file".format(
            name.strip('"')
        )
    )
    assert from_queries(text.replace("(x) AS n", " AS n"))


def test_names_that_powa_needs_itself_get_an_ending() -> None:
    columns = "{ts: {usage: LABEL}}, {xmin: {usage: GAUGE}}, {dbid: {usage: GAUGE}}, {select: {usage: GAUGE}}"
    text = entry("SELECT * FROM t", columns)
    (definition,) = from_queries(text, scope="database")
    assert [each["name"] for each in definition["keys"]] == ["ts_value"]
    assert [each["name"] for each in definition["metrics"]] == ["xmin_value", "dbid_value", "select"]
    assert definition["query"] == (
        "SELECT\n    q.ts AS ts_value,\n    q.xmin AS xmin_value,\n    q.dbid AS dbid_value,\n"
        '    q."select"\nFROM (\nSELECT * FROM public.t\n) AS q'
    )
    assert definition["scope"] == "database"
    assert from_queries(text)[0]["metrics"][1]["name"] == "dbid"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (entry("SET a = 1; SELECT 1 AS a", "{a: {usage: GAUGE}}"), "its query has more than one statement"),
        (entry("SHOW POOLS", "{a: {usage: GAUGE}}"), 'its query begins with "show", expected a SELECT'),
        (entry("(UPDATE t SET a = 1)", "{a: {usage: GAUGE}}"), 'begins with "update"'),
        (entry("''", "{a: {usage: GAUGE}}"), "it has no query"),
        (entry("';'", "{a: {usage: GAUGE}}"), "it has no SQL"),
        (entry("SELECT 1", "5"), "an entry of metrics is a number, expected a mapping"),
        (entry("SELECT 1", "{a: 5}"), 'column "a" is a number, expected a mapping'),
    ],
)
def test_what_no_datasource_can_do_is_skipped(text: str, reason: str) -> None:
    (problem,) = from_queries(text, on_problem="list")
    assert problem["skipped"] and reason in problem["reason"]


def by_version(definition: Dict[str, Any]) -> Dict[int, str]:
    return {each["min_version"]: each["query"] for each in definition["queries"]}


def test_a_column_that_some_versions_lack_has_one_type_in_all() -> None:
    text = """
metrics:
  w:
    is_instance_level: true
    sqls:
      13: SELECT a AS tag_a, b FROM pg_stat_t
      17: SELECT b, c, d AS tag_d FROM pg_stat_t
"""
    (definition,) = importer("pgwatch")(text)
    assert definition["keys"] == [
        {"name": "d", "nullable": True, "type": "text"},
        {"name": "a", "nullable": True, "type": "text"},
    ]
    assert [(each["name"], each.get("type")) for each in definition["metrics"]] == [
        ("b", None),
        ("c", "double precision"),
    ]
    assert by_version(definition) == {
        130000: "SELECT\n    q.b,\n    NULL::double precision AS c,\n    NULL::text AS d,\n    q.tag_a::text AS a\n"
        "FROM (\nSELECT a AS tag_a, b FROM pg_stat_t\n) AS q",
        170000: "SELECT\n    q.b,\n    q.c::double precision AS c,\n    q.tag_d::text AS d,\n    NULL::text AS a\n"
        "FROM (\nSELECT b, c, d AS tag_d FROM pg_stat_t\n) AS q",
    }


def test_a_metric_that_the_file_has_twice_is_named() -> None:
    entry = "m: {query: SELECT 1 AS a, metrics: [{a: {usage: GAUGE}}]}\n"
    (found,) = importer("postgres_exporter")(entry + entry.replace("1", "2"))
    assert found["query"] == "SELECT 2 AS a"
    (problem,) = importer("postgres_exporter")(entry + entry, on_problem="list")
    assert problem["reason"] == "the file has it more than once, of which the last one is taken"
    (problem,) = importer("pgwatch")(
        "metrics: {m: {sqls: {14: ''}}, m: {sqls: {14: SELECT 1 AS a}}}", on_problem="list"
    )
    assert problem["name"] == "m" and not problem["skipped"]


def test_a_value_that_some_versions_lack_is_a_number_whatever_its_type_is() -> None:
    text = """
m_13: {name: m, query: "SELECT n FROM pg_t", max_version: 170000, tags: [cluster], metrics: [{n: {usage: GAUGE}}]}
m_17:
  name: m
  query: "SELECT n, active, stats_reset, x::text FROM pg_t"
  min_version: 170000
  tags: [cluster]
  metrics: [{n: {usage: GAUGE}}, {active: {usage: GAUGE}}, {stats_reset: {usage: GAUGE}}, {x: {usage: GAUGE}}]
"""
    (found,) = importer("postgres_exporter")(text)
    old, new = (each["query"] for each in found["queries"])
    assert old.count("NULL::double precision") == 3
    assert "    CASE q.active::text WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE " in new
    assert "    (extract(epoch FROM q.stats_reset)::double precision)::double precision AS stats_reset" in new
    assert "    (substring(q.x::text FROM '" in new


def test_a_file_may_be_in_a_configmap() -> None:
    queries = "m: {query: SELECT 1 AS a, metrics: [{a: {usage: GAUGE}}]}"
    text = "kind: ConfigMap\ndata:\n  queries: |\n    " + queries
    assert importer("postgres_exporter")(text) == importer("postgres_exporter")(queries)
    for data, number in (("{}", 0), ("{a: x, b: y}", 2), ("a", 0)):
        with pytest.raises(AnsibleFilterError, match="found a ConfigMap with {0} files, expected".format(number)):
            importer("postgres_exporter")("kind: ConfigMap\ndata: " + data)


def test_a_text_of_pgwatch_that_some_versions_lack_stays_a_text() -> None:
    text = "metrics: {m: {is_instance_level: true, sqls: {14: SELECT n FROM pg_t, 17: 'SELECT n, state FROM pg_t'}}}"
    (found,) = importer("pgwatch")(text)
    assert "    NULL::text AS state" in by_version(found)[140000]
    assert "    q.state::text" in by_version(found)[170000]
