# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Definitions are parsed and checked without a database."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.names import MAX_NAME_LENGTH
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.stored import Stored, read_comments
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import POWA_NAMES

GOOD = {
    "name": "lock_modes",
    "query": "SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode",
    "keys": [{"name": "mode", "type": "text"}],
    "metrics": [{"name": "held", "type": "int8", "kind": "gauge"}],
}


def parsed(**changes):
    (definition,), removals, found = collect_definitions([dict(GOOD, **changes)])
    assert (removals, found) == ([], [])
    return definition


def problems(**changes):
    return collect_definitions([dict(GOOD, **changes)])[2]


def test_a_good_definition():
    definition = parsed()
    assert [(column.name, column.type.name, column.kind) for column in definition.columns] == [
        ("mode", "text", "key"),
        ("held", "bigint", "gauge"),
    ]
    assert (definition.priority, definition.enabled, definition.servers) == (10, None, None)


def test_what_is_stored_is_the_definition():
    definition = parsed(
        extension="x", servers=["a"], retention="1 day", query_cleanup="SELECT 1;", search_path=["s"], enabled=False
    )
    comment = Stored(definition).comment()
    assert read_comments(definition.name, "public", {"_src": comment}).definition == definition


def test_a_removal():
    assert collect_definitions([{"name": "a", "state": "absent", "history": "drop"}]) == ([], [Removal("a", True)], [])


@pytest.mark.parametrize("sql", ["SELECT 1", " SELECT 1 ;\n", "SELECT 1;;"])
def test_what_users_paste_after_a_query_is_taken_off(sql):
    assert parsed(query=sql).queries[0].sql == "SELECT 1"


def test_the_query_of_a_version():
    queries = [{"min_version": 170000, "query": "SELECT 17"}, {"min_version": 130000, "query": "SELECT 13"}]
    definition = parsed(query=None, queries=queries)
    assert definition.query_for(120000) is None
    assert definition.query_for(169999).sql == "SELECT 13"
    assert definition.query_for(170000).sql == "SELECT 17"


@pytest.mark.parametrize("name", ["", "A", "a-b", "1a", "a b", 'a"', "ä", "a" * (MAX_NAME_LENGTH + 1), "select", "a\n"])
def test_a_name_that_does_not_do(name):
    assert len(problems(name=name)) == 1


@pytest.mark.parametrize("name", sorted(POWA_NAMES))
def test_the_names_of_powa(name):
    assert "PoWA itself uses this name" in problems(name=name)[0]


@pytest.mark.parametrize("name", ["a", "_a", "a1", "a" * MAX_NAME_LENGTH])
def test_a_name_that_does(name):
    assert problems(name=name) == []


@pytest.mark.parametrize("name", ["srvid", "ts", "record", "records", "coalesce_range", "_srvid", "ctid", "x" * 64, ""])
def test_a_column_name_that_does_not_do(name):
    assert len(problems(metrics=[{"name": name, "type": "bigint"}])) == 1


@pytest.mark.parametrize("name", ["select", "A b", 'q"', "%s", "{0}", "ü" * 31])
def test_a_column_name_that_does(name):
    assert problems(metrics=[{"name": name, "type": "bigint"}]) == []


@pytest.mark.parametrize(
    ("written", "name"),
    [("INT", "integer"), ("timestamptz", "timestamp with time zone"), ("double  precision", "double precision")],
)
def test_a_type_by_another_name(written, name):
    assert parsed(metrics=[{"name": "m", "type": written}]).metrics[0].type.name == name


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": []},
        {"metrics": [{"name": "m", "type": ""}]},
        {"metrics": [{"name": "m", "renamed_from": ""}]},
        {"metrics": [{"name": "m", "renamed_from": "mode"}]},
        {"metrics": [{"name": "m", "renamed_from": "x"}, {"name": "n", "renamed_from": "x"}]},
        {"extension": "powa"},
        {"extension": ""},
        {"databases": ["a"]},
        {"scope": "database", "security_definer": True},
        {"scope": "database", "metrics": [{"name": "dbid", "type": "oid"}]},
        {"metrics": [{"name": "m", "type": "money"}]},
        {"metrics": [{"name": "mode", "type": "text"}]},
        {"keys": [{"name": "k", "type": "json"}]},
        {"query": None},
        {"query": " ; "},
        {"queries": [{"query": "SELECT 1"}]},
        {"query": None, "queries": []},
        {"query": None, "queries": [{"min_version": 15, "query": "SELECT 1"}]},
        {"query": None, "queries": [{"query": "SELECT 1"}, {"query": "SELECT 2"}]},
        {"servers": ["a", "a"]},
        {"history": "drop"},
    ],
)
def test_what_is_wrong_is_one_problem_that_names_the_datasource(changes):
    (problem,) = problems(**changes)
    assert problem.startswith('datasource "lock_modes", ')


def test_all_problems_at_once():
    wrong = [dict(GOOD, name="A"), GOOD, dict(GOOD, query=None, metrics=[]), GOOD]
    assert len(collect_definitions(wrong)[2]) == 5


def test_types_that_are_left_out():
    definition = parsed(metrics=[{"name": "m"}])
    assert [column.name for column in definition.undeclared()] == ["m"]
    types = {column.name: column.type for column in parsed().columns}
    assert definition.with_types({"m": types["held"]}).metrics[0].type.name == "bigint"


def test_a_sample_of_a_database_begins_with_the_database():
    definition = parsed(scope="database")
    assert [column.name for column in definition.stored_keys] == ["dbid", "mode"]
    assert [column.name for column in definition.columns] == ["mode", "held"]
