# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Definitions are parsed and checked without a database."""

from __future__ import annotations

import json

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._archivist import POWA_NAMES
from ansible_collections.pgfleet.powa.plugins.module_utils._definition import (
    MAX_NAME_LENGTH,
    Removal,
    collect_definitions,
    parse_definitions,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._errors import ProblemsError

GOOD = {
    "name": "lock_modes",
    "query": "SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode",
    "keys": [{"name": "mode", "type": "text"}],
    "metrics": [{"name": "held", "type": "int8", "kind": "gauge"}],
}


def problems(**changes):
    return collect_definitions([dict(GOOD, **changes)])[2]


def test_a_good_definition():
    (definition,), removals = parse_definitions([GOOD])
    assert removals == []
    assert [(column.name, column.type.name, column.kind) for column in definition.columns] == [
        ("mode", "text", "key"),
        ("held", "bigint", "gauge"),
    ]
    assert (definition.priority, definition.enabled, definition.servers) == (10, None, None)
    assert json.loads(definition.as_json()) == definition.as_dict()


def test_a_removal():
    assert parse_definitions([{"name": "a", "state": "absent", "history": "drop"}]) == ([], [Removal("a", True)])


@pytest.mark.parametrize("sql", ["SELECT 1", " SELECT 1 ;\n", "SELECT 1;;"])
def test_what_users_paste_after_a_query_is_taken_off(sql):
    (definition,), _removals = parse_definitions([dict(GOOD, query=sql)])
    assert definition.queries[0].sql == "SELECT 1"


def test_the_query_of_a_version():
    queries = [{"min_version": 170000, "query": "new"}, {"min_version": 130000, "query": "old"}]
    (definition,), _removals = parse_definitions([dict(GOOD, query=None, queries=queries)])
    assert definition.query_for(120000) is None
    assert definition.query_for(169999).sql == "old"
    assert definition.query_for(170000).sql == "new"


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
    (definition,), _removals = parse_definitions([dict(GOOD, metrics=[{"name": "m", "type": written}])])
    assert definition.metrics[0].type.name == name


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": []},
        {"metrics": [{"name": "m"}]},
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
    with pytest.raises(ProblemsError) as caught:
        parse_definitions([dict(GOOD, name="A"), GOOD, dict(GOOD, query=None, metrics=[]), GOOD])
    assert len(caught.value.problems) == 5
    assert str(caught.value).startswith("5 problems in the datasources:\n- ")
