# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Definitions in files: what is read of them, and the file and line of what is wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, List

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._datasource_files import read_files
from ansible_collections.pgfleet.powa.plugins.plugin_utils._declared import add_declared
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.file import definitions_file
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import read_variables

GOOD = """---
# Ours.
- name: orders
  query: |
    SELECT state,
      count(*) AS orders FROM app.orders
    GROUP BY state
  keys: [{name: state, type: text}]
  metrics:
    - {name: orders, type: bigint, kind: gauge}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problems(text: str) -> List[str]:
    Path("d.yml").write_text(text)
    return read_files(["d.yml"]).problems


def names(*patterns: str) -> List[str]:
    found = read_files(patterns)
    assert not found.problems
    return [each.definition["name"] for each in found.definitions]


@pytest.mark.parametrize("text", [GOOD, GOOD.replace("---\n# Ours.\n", "powa_datasources:\n")])
def test_a_list_and_a_file_of_variables(text: str) -> None:
    Path("d.yml").write_text(text)
    ((definition, where, place),) = read_files(["d.yml"]).definitions
    assert definition["keys"] == [{"name": "state", "type": "text"}] and "\nGROUP BY state\n" in definition["query"]
    assert where == "d.yml:3" if text == GOOD else where == "d.yml:2"
    assert place("") == where and place("metrics[0].kind") == ("d.yml:10" if text == GOOD else "d.yml:9")


def test_files_are_chosen_by_wildcards_and_read_once(folder: Path) -> None:
    for name in ("b", "a"):
        Path(name + ".yml").write_text(GOOD.replace("orders", name))
    Path("deep/er").mkdir(parents=True)
    Path("deep/er/c.yml").write_text(GOOD.replace("orders", "c"))
    assert names("*.yml") == ["a", "b"] == names("a.yml", "*.yml", str(folder / "b.yml"))
    assert names("**/c.yml", "b.yml") == ["c", "b"]
    assert names() == []
    Path("inv[prod]").mkdir()
    Path("inv[prod]/d.yml").write_text(GOOD)
    assert names("inv[prod]/d.yml") == ["orders"]


def test_merge_keys_give_what_is_not_given() -> None:
    Path("d.yml").write_text(
        GOOD.replace("- name: orders\n", "- &o\n  name: orders\n") + "- {<<: *o, name: more, title: More}\n"
    )
    first, second = (each.definition for each in read_files(["d.yml"]).definitions)
    assert second == {**first, "name": "more", "title": "More"} and first["name"] == "orders"
    assert problems("- {<<: {name: a}, name: b, name: c}\n")[0] == "d.yml:1: name is given twice: remove one"


def test_what_the_playbook_import_writes_is_read() -> None:
    text = definitions_file(
        "x", [{"name": "t", "query": "SELECT '{{ x }}' AS a,\n1 AS n", "metrics": [{"name": "n"}]}], []
    )
    Path("d.yml").write_text(text)
    ((definition, _where, _place),) = read_files(["d.yml"]).definitions
    assert definition["query"] == "SELECT '{{ x }}' AS a,\n1 AS n"


def test_a_file_that_changes_is_read_again() -> None:
    assert problems("- {name: a, query: SELECT 1 AS n}")
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            GOOD.replace("type: bigint", "type: bigit"),
            'd.yml:10: datasource "orders", metrics[0].type: found "bigit", expected one of "char", bigint',
        ),
        (GOOD.replace("kind: gauge", "kind: gauges"), 'd.yml:3: datasource "orders": value of kind must be one of: '),
        (
            GOOD.replace("query: |", "query: |\n    INSERT"),
            'd.yml:4: datasource "orders", query: it begins with "INSERT"',
        ),
        (
            GOOD.replace("  keys:", "  key:"),
            'd.yml:8: datasource "orders", key: there is no such field, expected one of ',
        ),
        (GOOD.replace("kind:", "knd:"), 'd.yml:10: datasource "orders", metrics[0].knd: there is no such field'),
        (GOOD.replace("{name: orders,", "{"), 'd.yml:10: datasource "orders", metrics[0].name: it is missing: give it'),
        (GOOD.replace("[{name: state, type: text}]", "state"), 'keys: found "state", expected a list'),
        (
            GOOD.replace("[{name: state, type: text}]", "[state]"),
            'd.yml:8: datasource "orders", keys[0]: found "state"',
        ),
        (GOOD.replace("  keys:", "  title: [a]\n  keys:"), 'd.yml:8: datasource "orders", title: found a list'),
        (GOOD.replace("  keys:", "  name: b\n  keys:"), "d.yml:8: name is given twice: remove one"),
        (GOOD.replace("- name: orders\n", "- title: orders\n"), "d.yml:3: a datasource has no name"),
        (
            GOOD.replace("name: orders\n", "name: statements\n"),
            'd.yml:3: datasource "statements", name: PoWA itself uses',
        ),
        (GOOD + "- orders\n", 'd.yml:11: found "orders", expected a datasource with its fields'),
        (GOOD + GOOD[4:], 'd.yml:12: datasource "orders" is in d.yml:3, too: give each its own name'),
        (GOOD + "  - x: [\n", "d.yml:"),
        ("a: &a [*a]\n", "it is not YAML"),
        ("- name: !other x\n", "d.yml:1: it is not YAML (could not determine a constructor for the tag '!other')"),
        (GOOD + GOOD, "d.yml:11: it is not YAML (expected a single document in the stream but found another document)"),
        (
            GOOD.replace("query: |", "title: !vault |\n    $ANSIBLE_VAULT;1.1;AES256\n    6162\n  query: |"),
            "d.yml:4: the value is encrypted: decrypt it with ansible-vault, ",
        ),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n6364\n", "d.yml: it is encrypted: decrypt it with ansible-vault, "),
        (
            "powa_port: 1\npowa_datasources: []\n",
            "d.yml:1: found the keys powa_port, powa_datasources, expected a list",
        ),
        ("powa_datasources:\n", "d.yml:1: found nothing, expected a list of datasources, or powa_datasources with one"),
        ("", "d.yml:1: found nothing, expected a list of datasources"),
        ("hello", 'd.yml:1: found "hello", expected a list of datasources'),
        ("hello\n" * 20, 'd.yml:1: found "{0}...", expected a list of'.format("hello " * 10)),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, expected: str) -> None:
    (problem,) = problems(text)
    assert expected in problem


def test_files_that_are_not_there_or_not_readable(folder: Path) -> None:
    Path("latin.yml").write_bytes("- name: ä".encode("latin-1"))
    Path("folder").mkdir()
    found = read_files(["no/*.yml", "folder", "latin.yml"])
    assert found.definitions == []
    assert found.problems == [
        "no/*.yml: there is no such file where Ansible runs: correct the path, which starts at {0} if it is"
        " relative".format(os.getcwd()),
        "folder: it is a folder: name its files, as with folder/*.yml",
        "latin.yml: it is not UTF-8: save it as such",
    ]


def test_a_name_in_two_files() -> None:
    Path("a.yml").write_text(GOOD)
    Path("b.yml").write_text("---\n" + GOOD[4:])
    assert read_files(["*.yml"]).problems == ['b.yml:3: datasource "orders" is in a.yml:3, too: give each its own name']


def declared(**variables: Any) -> List[Dict[str, Any]]:
    found = read_variables({"powa_datasource_files": ["d.yml"], **variables})
    add_declared(found)
    assert not found.problems
    return list(found.values["powa_datasources"])


def test_files_win_over_sets_and_variables_over_files() -> None:
    other = GOOD.replace("name: orders\n", "name: lock_waits\n")
    Path("d.yml").write_text(GOOD + other[12:] + "- {name: lock_counts, retention: 90 days}\n")
    found = {each["name"]: each for each in declared(powa_datasource_sets=["locks"])}
    assert sorted(found) == ["blocking_sessions", "lock_counts", "lock_waits", "orders"]
    assert "app.orders" in found["lock_waits"]["query"]
    assert found["lock_counts"]["retention"] == "90 days" and "pg_locks" in found["lock_counts"]["query"]
    own = [{"name": "orders", "servers": ["east"]}, {"name": "lock_waits", "state": "absent"}]
    found = {each["name"]: each for each in declared(powa_datasource_sets=["locks"], powa_datasources=own)}
    assert found["orders"]["servers"] == ["east"] and "app.orders" in found["orders"]["query"]
    assert found["lock_waits"] == own[1]


def test_problems_of_files_are_one_of_the_host() -> None:
    Path("d.yml").write_text("- 5\n" * 23)
    found = read_variables({"powa_datasource_files": "d.yml, e.yml"})
    add_declared(found)
    (problem,) = found.problems.values()
    assert problem.startswith("powa_datasource_files: e.yml: there is no such file") and problem.endswith(
        "; and 4 more"
    )


def test_one_without_a_query_needs_a_set_that_has_it() -> None:
    Path("d.yml").write_text("- {name: lock_waits, priority: 3}\n- {name: gone, state: absent}\n")
    assert len(declared(powa_datasource_sets=["locks"])) == 4
    found = read_variables({"powa_datasource_files": "d.yml"})
    add_declared(found)
    assert list(found.problems.values()) == [
        'powa_datasource_files: d.yml:1: datasource "lock_waits" has neither query nor queries, and no set of'
        " powa_datasource_sets has it: give the SELECT that returns the samples"
    ]
    assert declared(powa_datasources=[{"name": "lock_waits", "state": "absent"}])[1]["state"] == "absent"


def test_one_without_a_query_is_checked_with_that_of_its_set() -> None:
    text = """
- name: connections
  metrics:
    - {name: connections, type: bigint, kind: gauge}
    - {name: %s, type: double precision, kind: gauge}
"""
    Path("d.yml").write_text(text % "longest")
    (found,) = (each for each in declared(powa_datasource_sets=["connections"]) if each["name"] == "connections")
    assert "pg_stat_activity" in found["query"] and len(found["metrics"]) == 2 and "title" not in found["metrics"][0]
    Path("d.yml").write_text(text % "state")
    wrong = read_variables({"powa_datasource_files": ["d.yml"], "powa_datasource_sets": ["connections"]})
    add_declared(wrong)
    (problem,) = wrong.problems.values()
    assert problem.startswith('powa_datasource_files: d.yml:5: datasource "connections", metrics[1].name: '), problem
