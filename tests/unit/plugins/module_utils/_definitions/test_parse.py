# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Definitions are parsed and checked without a database."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import MAX_NAME_LENGTH
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import Stored, read_comments
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import Typed, find_type
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


def test_history_of_others_is_not_part_of_what_is_stored():
    definition = parsed(adopt=True, adopt_history="old", adopt_history_without=["x"])
    assert (definition.adopt_history, definition.adopt_history_without) == ("old", ("x",))
    assert definition.as_dict() == parsed().as_dict()
    assert parsed(adopt_history="").adopt_history is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"adopt_history": "old"}, "adopt_history: it has no effect without adopt: give adopt: true, or leave it out"),
        ({"adopt_history_without": ["x"]}, "adopt_history_without: it has no effect without adopt_history: give that"),
    ],
)
def test_history_of_others_needs_adopt(changes, problem):
    assert problems(**changes)[0].startswith('datasource "lock_modes", ' + problem)


def test_a_removal():
    assert collect_definitions([{"name": "a", "state": "absent", "history": "drop"}]) == ([], [Removal("a", True)], [])
    unregister = Removal("a", False, unregister=True)
    assert collect_definitions([{"name": "a", "state": "paused"}]) == ([], [unregister], [])
    (problem,) = collect_definitions([{"name": "A", "state": "paused"}])[2]
    assert problem.startswith('datasource "A", name: found "A"')


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
        {"metrics": [{"name": "m", "type": "bigit"}]},
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
    assert definition.with_types({"m": Typed(find_type("bigint"))}).metrics[0].type.name == "bigint"


def test_a_type_of_the_query_is_what_the_column_is_cast_from():
    keys = [{"name": "a", "type": "regclass"}, {"name": "b", "type": "app.mood"}, {"name": "c", "type": "text"}]
    columns = parsed(keys=keys).keys
    assert [(column.type.name, column.cast_from) for column in columns] == [
        ("text", "regclass"),
        ("", "app.mood"),
        ("text", None),
    ]


def test_what_a_column_is_cast_from_comes_with_its_type():
    definition = parsed(keys=[{"name": "a"}, {"name": "b", "type": "app.Mood"}, {"name": "c", "type": "oid"}])
    mood = Typed(find_type("text"), "app.mood")
    known = definition.with_types({"a": mood, "b": Typed(find_type("text")), "c": mood, "held": mood})
    assert [(column.type.name, column.cast_from) for column in known.columns] == [
        ("text", "app.mood"),
        ("text", "app.Mood"),
        ("oid", None),
        ("bigint", None),
    ]
    text = parsed(keys=[{"name": "a", "type": "text"}]).with_types({"a": mood})
    assert text.keys[0].as_dict() == {"name": "a", "type": "text", "nullable": False, "cast_from": "app.mood"}


def test_a_sample_of_a_database_begins_with_the_database():
    definition = parsed(scope="database")
    assert [column.name for column in definition.stored_keys] == ["dbid", "mode"]
    assert [column.name for column in definition.columns] == ["mode", "held"]


HELD = {"name": "held", "type": "bigint"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "name: it is empty: give a plain lower-case name, such as lock_modes"),
        ({"name": "A b"}, 'name: found "A b", expected lower-case letters, digits and underscores'),
        ({"name": "n" * 60}, "name: it has 60 characters, and powa_"),
        ({"name": "table"}, "name: it is a reserved word of SQL, and would need quoting: choose another"),
        ({"name": "statements"}, "name: PoWA itself uses this name: choose another"),
        ({"history": "drop"}, 'history: found "drop" with state "present": only state "absent" can drop history'),
        ({"history": "drop", "state": "paused"}, 'history: found "drop" with state "paused"'),
        ({"metrics": None}, "metrics: found none, and a datasource without metrics has no history"),
        ({"description": "a\0b"}, "description: found 'a\\x00b', but PostgreSQL can store neither a zero byte nor"),
        ({"servers": ["\ud800"]}, "servers[0]: found '\\ud800', but PostgreSQL can store neither a zero byte nor"),
        ({"keys": [{"name": "\0"}]}, "keys[0].name: found '\\x00'"),
        ({"servers": ["a", "b", "a", "b"]}, 'servers: found "a", "b" more than once: give each once'),
        ({"search_path": [""]}, "search_path: found an empty name: remove it"),
        ({"extension": "e" * 64}, 'extension: found "{0}", expected the name of an extension'.format("e" * 64)),
        ({"extension": "pg_qualstats"}, 'extension: PoWA itself has datasources for "pg_qualstats": leave it out'),
        ({"databases": []}, 'databases: it works only with scope "database": set that scope, or leave it out'),
        (
            {"query": "SELECT 'm' AS mode, {x}.f() AS held"},
            'query: it names an extension as {x}, which works only with scope "database": set that scope, or leave {x}.'
            " out, and give search_path",
        ),
        (
            {"scope": "database", "query": "SELECT 'm' AS mode, 1 OPERATOR({x}.+) 2 AS held"},
            "query: found {x} without a name behind it, expected {x}.NAME for something of that extension: write its"
            " name, or leave {x} out",
        ),
        (
            {"scope": "database", "extension": "x"},
            'extension: scope "database" installs nothing on the remote that could use it',
        ),
        ({"scope": "database", "query_cleanup": "SELECT 1"}, 'query_cleanup: scope "database" installs nothing'),
        ({"scope": "database", "search_path": ["x"]}, 'search_path: scope "database" installs nothing'),
        (
            {"scope": "database", "keys": [{"name": "dbid", "type": "oid"}]},
            'keys[0].name: with scope "database", the collector itself adds a column "dbid": leave it out',
        ),
        (
            {"scope": "database", "metrics": [dict(HELD, renamed_from="dbid")]},
            'metrics[0].renamed_from: with scope "database", "dbid" is the collector\'s own column: leave it out',
        ),
        ({"query": ";"}, "query: it is empty: give a SELECT"),
        ({"query": "UPDATE x"}, 'query: it begins with "UPDATE", expected a query that returns rows'),
        ({"queries": []}, "query: found both query and queries: give one of the two"),
        ({"query": None}, "query: found neither query nor queries"),
        ({"query": None, "queries": [{"query": ""}]}, "queries[0].query: it is empty: give a SELECT"),
        (
            {"query": None, "queries": [{"query": "SELECT 1", "min_version": 17}]},
            "queries[0].min_version: found 17, expected a server_version_num such as 150000 for PostgreSQL 15",
        ),
        (
            {"query": None, "queries": [{"query": "SELECT 1", "min_version": 150000}] * 2},
            "queries[1].min_version: found 150000 twice: give each query its own",
        ),
        ({"metrics": [dict(HELD, name="")]}, "metrics[0].name: it is empty: give the name of a column of the query"),
        ({"metrics": [dict(HELD, name="ü" * 32)]}, 'metrics[0].name: "{0}" has 64 bytes'.format("ü" * 32)),
        ({"metrics": [dict(HELD, name="ts")]}, 'metrics[0].name: "ts" is a column of PoWA\'s tables or of PostgreSQL'),
        ({"metrics": [dict(HELD, name="$1")]}, 'metrics[0].name: "$1" is what PL/pgSQL calls a parameter'),
        ({"metrics": [dict(HELD, type="bigit")]}, 'metrics[0].type: found "bigit", expected one of "char", bigint, '),
        ({"keys": [{"name": "k", "type": "json"}]}, "keys[0].type: found json, which GROUP BY cannot use: use jsonb"),
        (
            {"keys": [{"name": "k{0}".format(number)} for number in range(31)]},
            "keys: found 31, expected at most 30, which is what an index of PostgreSQL has room for: make metrics of",
        ),
        (
            {"keys": [{"name": "k{0}".format(number)} for number in range(30)], "scope": "database"},
            "keys: found 31 with dbid, expected at most 30",
        ),
        (
            {"metrics": [dict(HELD, renamed_from="srvid")]},
            'metrics[0].renamed_from: "srvid" is a column of PoWA\'s tables or of PostgreSQL itself, and was never',
        ),
        (
            {"metrics": [dict(HELD, name="mode")]},
            'metrics[0].name: "mode" is also keys[0]: give each column once',
        ),
        (
            {"metrics": [HELD, {"name": "n", "renamed_from": "held"}]},
            'metrics[1].renamed_from: a column "held" is declared, too (metrics[0]): remove renamed_from once',
        ),
        (
            {"metrics": [{"name": "m", "renamed_from": "x"}, {"name": "n", "renamed_from": "x"}]},
            'metrics[1].renamed_from: metrics[0] has the same "x": give it once',
        ),
    ],
)
def test_every_sentence(changes, sentence):
    (problem,) = problems(**changes)
    name = changes.get("name", "lock_modes") or "number 1 of the list"
    assert problem.startswith('datasource "{0}", {1}'.format(name, sentence))


def test_a_column_was_not_renamed_from_its_own_name():
    found = problems(metrics=[dict(HELD, renamed_from="held")])
    assert 'metrics[0].renamed_from: found "held", expected its former name: correct it' in found[0]


def test_two_datasources_of_one_name():
    assert collect_definitions([GOOD, GOOD])[2] == [
        'datasource "lock_modes", name: number 1 of the list has the same name: give each its own'
    ]


def test_a_datasource_may_not_be_declared_and_removed():
    definitions, removals, found = collect_definitions([GOOD, {"name": "lock_modes", "state": "absent"}])
    assert len(definitions) == len(found) == 1 and removals == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "select 1",
        "WITH x AS (SELECT 1) TABLE x",
        "VALUES (1)",
        "TABLE pg_locks",
        "(SELECT 1) UNION SELECT 2",
        "-- why\nSELECT 1",
        "/* why\n not */ SELECT 1",
        "\n\t((/* a */ -- b\n SELECT 1))",
        "'no word'",
    ],
)
def test_a_query_begins_with_what_returns_rows(query):
    assert problems(query=query) == []


@pytest.mark.parametrize(
    "query", ["INSERT INTO x", "-- SELECT\nDELETE FROM x", "/* SELECT */ do $$ $$", "EXPLAIN SELECT 1", "selects 1"]
)
def test_anything_else_is_no_query(query):
    assert "expected a query that returns rows" in problems(query=query)[0]


def test_what_is_paused_is_told_apart():
    assert parsed(state="paused").pause and not parsed(state="present").pause and not parsed().pause


def test_white_space_around_texts_is_taken_off():
    definition = parsed(description=" a\n", title=" ", query_cleanup=" ; ")
    assert (definition.description, definition.title, definition.query_cleanup) == ("a", None, None)


@pytest.mark.parametrize("priority", [2**31, -(2**31) - 1])
def test_a_priority_that_no_integer_holds(priority):
    assert problems(priority=priority) == [
        'datasource "lock_modes", priority: found {0}, expected -2147483648 to 2147483647'.format(priority)
    ]


def test_priority_zero_is_a_priority():
    assert parsed(priority=0).priority == 0
