# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The comment that holds a definition is read back, and a damaged one is a problem that names its function."""

from __future__ import annotations

import json

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Column, Kind
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import (
    Damaged,
    Stored,
    mark,
    read_comments,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import UNDECLARED, Typed, find_type
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import definition
from hypothesis import given, settings
from hypothesis import strategies as st

FULL = definition(
    title="Locks",
    set="Sessions",
    may_be_empty=True,
    description="Locks held, by mode",
    query=None,
    queries=[{"query": "SELECT 1"}, {"min_version": 170000, "query": "SELECT '{\"ä\": 1}'"}],
    keys=[{"name": "mode", "type": "text", "nullable": True}],
    metrics=[{"name": "held", "type": "bigint", "kind": "gauge", "title": "Held", "unit": "locks", "overview": True}],
    extension="locks_of_ours",
    servers=["alpha"],
    enabled=False,
    priority=3,
    retention="7 days",
    query_cleanup="SELECT 2",
    security_definer=True,
    search_path=["app"],
)
FIELDS = json.loads(Stored(definition()).comment().partition(": ")[2])


def read(comment, suffix="_src", name="locks"):
    return read_comments(name, "powa", {suffix: comment})


def read_text(text):
    return read("{0}: {1}".format(mark("locks"), text))


def read_fields(**changes):
    return read_text(json.dumps(dict(FIELDS, **changes)))


@pytest.mark.parametrize("declared", [definition(), FULL], ids=["short", "full"])
def test_what_is_stored_is_read_back(declared):
    kept = Column("gone", find_type("integer"), Kind.GAUGE, True, shown=(("unit", "s"),))
    key = Column("old", find_type("oid"), Kind.KEY, True)
    stored = Stored(declared, (key,), (kept,), frozenset([3, 1]))
    found = read(stored.comment())
    assert (found.definition, found.kept_keys, found.kept_metrics) == (declared, (key,), (kept,))
    assert found.paused == {1, 3} and found.comment() == stored.comment()


def test_the_snapshot_function_holds_the_definition_of_a_datasource_of_databases():
    declared = definition(scope="database", databases=["app"])
    assert read(Stored(declared).comment(), "_snapshot").definition == declared


def test_no_datasource_is_of_databases_where_powa_has_no_such_scope():
    comments = {"_snapshot": Stored(definition(scope="database")).comment()}
    damaged = read_comments("locks", "powa", comments, scope_database=False)
    assert damaged.found == 'the scope "database" in it, which this PoWA does not have'


def test_letters_of_any_language_stay_readable():
    assert "Größe" in Stored(definition(description="Größe")).comment()


@pytest.mark.parametrize("comment", [None, "", "mine", "pgfleet.powa", "PGFLEET.POWA DATASOURCE locks: {}"])
def test_a_comment_without_our_mark_says_nothing(comment):
    assert read(comment) is None


def test_no_function_has_a_comment():
    assert read_comments("locks", "powa", {}) is None


def test_with_scope_cluster_the_snapshot_function_has_a_plain_mark():
    assert read(mark("locks"), "_snapshot") is None


def test_the_other_function_may_hold_what_one_has_lost():
    good = Stored(definition()).comment()
    found = read_comments("locks", "powa", {"_src": mark("locks") + ": {", "_snapshot": good})
    assert found.definition == definition()


def test_of_two_damaged_comments_the_first_is_told():
    comments = {"_src": mark("locks"), "_snapshot": mark("locks") + ": []"}
    assert read_comments("locks", "powa", comments).object == "function powa.powa_locks_src"


def test_the_sentence_about_a_damaged_comment():
    assert read(mark("locks")).problem == (
        'datasource "locks": the comment of function powa.powa_locks_src should hold its definition, found none:'
        " declare the datasource again, which repairs the comment"
    )
    assert read(mark("locks")).left_alone == (
        'datasource "locks": the comment of function powa.powa_locks_src should hold its definition, found none, so'
        ' state "exact" leaves it alone: declare the datasource again, which repairs the comment, or list it with'
        " state absent to remove it"
    )
    assert "function powa.powa_locks_snapshot should hold" in read(mark("locks") + ": x", "_snapshot").problem


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "text that is not JSON (Expecting value: line 1 column 1 (char 0))"),
        ("{", "text that is not JSON (Expecting property name"),
        ("{'name': 'locks'}", "text that is not JSON (Expecting property name"),
        ("[" * 100000, "text that is not JSON ("),
        ('{"priority": ' + "9" * 5000 + "}", "text that is not JSON ("),
        ("null", "JSON that is not an object"),
        ("[]", "JSON that is not an object"),
        ("7", "JSON that is not an object"),
        ('"locks"', "JSON that is not an object"),
        ("NaN", "JSON that is not an object"),
        ("{}", 'no field "name" in it'),
        ('{"name": "other"}', 'the name "other" in it'),
        ('{"name": "locks"}', 'no field "description" in it'),
    ],
)
def test_a_text_that_is_no_definition(text, found):
    damaged = read_text(text)
    assert isinstance(damaged, Damaged) and damaged.found.startswith(found)


@pytest.mark.parametrize(
    ("comment", "found"),
    [
        ("", 'that of a datasource ""'),
        ("locks", "none"),
        ("locks:{}", 'that of a datasource "locks:{}"'),
        ("other: {}", 'that of a datasource "other"'),
        ("lo\ncks", 'that of a datasource "lo?cks"'),
        ("\udfff", 'that of a datasource "?"'),
        ("o" * 100, 'that of a datasource "' + 57 * "o" + '..."'),
    ],
)
def test_a_mark_of_something_else(comment, found):
    assert read(mark("") + comment).found == found


@pytest.mark.parametrize(
    "field", ["name", "description", "queries", "keys", "metrics", "servers", "enabled", "priority"]
)
def test_a_field_that_every_definition_has(field):
    fields = {name: value for name, value in FIELDS.items() if name != field}
    assert read_text(json.dumps(fields)).found == 'no field "{0}" in it'.format(field)


@pytest.mark.parametrize(
    "field",
    "databases extension kept paused query_cleanup retention scope search_path security_definer".split(),
)
def test_a_field_that_may_be_missing(field):
    fields = {name: value for name, value in FIELDS.items() if name != field}
    assert read_text(json.dumps(fields)).definition == definition()


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", [None, 1, ["locks"], "locks\0", "\ud800"]),
        ("description", [None, 1, [], {}, "a\0b", "\udc00"]),
        ("extension", [1, ["x"], False, "x\0"]),
        ("scope", ["", "fleet", None, 1, ["cluster"], {}]),
        ("servers", ["alpha", 1, {}, [1], [None], [["alpha"]], ["\0"]]),
        ("databases", ["app", 1, {}, [1], [None]]),
        ("enabled", [0, 1, "yes", []]),
        ("priority", [None, "10", 1.5, True, [], 2**31, -(2**31) - 1, float("nan"), float("inf")]),
        ("retention", [1, [], {}, "\0"]),
        ("query_cleanup", [1, [], True]),
        ("security_definer", [None, 0, "no"]),
        ("search_path", [None, "app", [1], {}]),
        ("title", [1, [], "\0"]),
        ("set", [1, [], "\0"]),
        ("may_be_empty", [None, 0, "no"]),
        ("paused", [None, 1, "1", ["1"], [1.0], [True], [2**31], {}]),
        ("queries", [None, "SELECT 1", 1, {}]),
        ("keys", [None, "mode", 1, {}]),
        ("metrics", [None, "held", 1, {}]),
    ],
)
def test_a_value_of_another_kind(field, values):
    for value in values:
        damaged = read_fields(**{field: value})
        assert damaged.found.endswith(' as field "{0}" in it'.format(field)), value


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("queries", [1], '1 in field "queries" that is not an object'),
        ("queries", [{}], 'no field "queries.min_version" in it'),
        ("queries", [{"min_version": 0}], 'no field "queries.query" in it'),
        ("queries", [{"min_version": "0", "query": ""}], '"0" as field "queries.min_version" in it'),
        ("queries", [{"min_version": 0, "query": ["x"]}], '["x"] as field "queries.query" in it'),
        ("queries", [], "no query in it"),
        ("keys", ["mode"], '"mode" in field "keys" that is not an object'),
        ("keys", [{"type": "text"}], 'no field "keys.name" in it'),
        ("keys", [{"name": "mode"}], 'no field "keys.type" in it'),
        ("keys", [{"name": "mode", "type": 25}], '25 as field "keys.type" in it'),
        ("keys", [{"name": "mode", "type": "text", "nullable": 1}], '1 as field "keys.nullable" in it'),
        ("metrics", [None], 'null in field "metrics" that is not an object'),
        ("metrics", [{"name": "held", "type": "text", "kind": "key"}], '"key" as field "metrics.kind" in it'),
        ("metrics", [{"name": "held", "type": "text", "kind": []}], '[] as field "metrics.kind" in it'),
        ("metrics", [{"name": "held", "type": "text", "unit": 1}], '1 as field "metrics.unit" in it'),
        ("metrics", [], "no metrics in it"),
        ("keys", [{"name": "mode", "type": "text", "cast_from": "a; b"}], '"a; b" as field "keys.cast_from" in it'),
        ("metrics", [{"name": "held", "type": "text", "cast_from": ""}], '"" as field "metrics.cast_from" in it'),
        ("kept", None, 'null in field "kept" that is not an object'),
        ("kept", [], '[] in field "kept" that is not an object'),
        ("kept", {"keys": 1}, '1 as field "kept.keys" in it'),
        ("kept", {"metrics": [1]}, '1 in field "metrics" that is not an object'),
        ("priority", ["x" * 99], '["{0}... as field "priority" in it'.format("x" * 55)),
    ],
)
def test_what_is_wrong_inside(field, value, found):
    assert read_fields(**{field: value}).found == found


@pytest.mark.parametrize(
    "name",
    [
        "money",
        "character",
        '"char"',
        "timestamp with time zone[]",
        "app.price",
        "app.price[]",
        'größe."My ""own"" type.$"[]',
        '"{0}".{1}'.format("x" * 63, "y" * 63),
    ],
)
def test_the_type_that_a_query_returns_is_read_as_a_server_writes_it(name):
    keys = [{"name": "mode", "type": "text", "cast_from": name}]
    assert read_fields(keys=keys).definition.keys[0].cast_from == name


@pytest.mark.parametrize("name", ["x'\"; DROP", "a\nb", "x" * 64, "app.", ".price", "a.b.c", "price[][]", '"x', "1x"])
def test_what_no_server_writes_as_a_type_is_damage(name):
    metrics = [{"name": "held", "type": "bigint", "cast_from": name}]
    assert isinstance(read_fields(metrics=metrics), Damaged)


def test_a_type_that_only_a_later_version_knows():
    found = read_fields(metrics=[{"name": "held", "type": "tdigest"}])
    assert found.definition.metrics[0].type is UNDECLARED


@pytest.mark.parametrize("value", ["red", [[["red"]]], {"a": {"b": ["red"]}}], ids=repr)
def test_a_field_that_only_a_later_version_knows_is_kept(value):
    assert read_fields(colour=value).fields["colour"] == value


@pytest.mark.parametrize("levels", [20, 300, 900, *range(960, 1000, 3)])
@pytest.mark.parametrize("field", ["colour", "queries", "kept", "description"])
def test_nothing_can_return_hundreds_of_levels(field, levels):
    text = json.dumps(dict(FIELDS, **{field: "@"})).replace('"@"', "[" * levels + "]" * levels)
    found = read_text(text)
    assert isinstance(found, Damaged) and found.found.startswith(
        ("JSON of more than 20 levels", "text that is not JSON")
    )


def test_the_fields_are_those_of_the_definition():
    assert set(FIELDS) - set(read_fields().fields) == {"kept", "paused"}


@pytest.mark.parametrize(
    ("changes", "covers"),
    [
        ({}, True),
        ({"description": "other", "priority": 1, "enabled": False, "servers": ["a"], "retention": "1 day"}, True),
        ({"metrics": [{"name": "held"}]}, True),
        ({"metrics": [{"name": "held", "type": "numeric"}]}, False),
        ({"metrics": [{"name": "held", "type": "bigint", "kind": "gauge"}]}, False),
        ({"keys": []}, False),
        ({"keys": [{"name": "mode", "type": "text", "nullable": True}]}, False),
        ({"query": "SELECT 1"}, False),
        ({"query_cleanup": "SELECT 1"}, False),
        ({"search_path": ["app"]}, False),
        ({"security_definer": True}, False),
        ({"scope": "database"}, False),
        ({"extension": "x"}, False),
    ],
)
def test_what_a_server_has_seen_need_not_be_described_again(changes, covers):
    assert Stored(definition()).covers(definition(**changes)) is covers


def test_the_types_of_the_declared_columns():
    assert Stored(definition()).types() == {"mode": Typed(find_type("text")), "held": Typed(find_type("bigint"))}
    mood = Stored(definition(keys=[{"name": "mode", "type": "regclass"}]))
    assert mood.types()["mode"] == Typed(find_type("text"), "regclass")
    assert read(mood.comment()).types() == mood.types()


@pytest.mark.parametrize(
    ("stored", "declared", "covers"),
    [
        ("regclass", "regclass", True),
        ("regclass", "text", True),
        ("regclass", None, True),
        ("regclass", "regtype", False),
        ("text", "regclass", False),
        ("text", "app.mood", False),
    ],
)
def test_a_declared_type_is_covered_by_what_the_column_is_cast_from(stored, declared, covers):
    before, after = (definition(keys=[{"name": "mode", "type": name}]) for name in (stored, declared))
    assert Stored(before).covers(after) is covers


def test_history_has_the_kept_columns_too():
    kept = Column("gone", find_type("integer"), Kind.GAUGE, True)
    stored = Stored(definition(scope="database"), (kept,), (kept,))
    assert [column.name for column in stored.keys] == ["dbid", "mode", "gone"]
    assert [column.name for column in stored.metrics] == ["held", "gone"]


GOOD = Stored(FULL).comment()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def paths(value, path=()):
    """Return the way to each value inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(way for key, entry in inner for way in paths(entry, (*path, key)))]


def replaced(value, path, new):
    """Return a JSON value with another one at the end of the way."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy


def check(comment):
    """Read a comment in any function: it is none, one of ours, or damaged, and nothing else is raised."""
    for suffix in ("_src", "_snapshot"):
        found = read(comment, suffix)
        if isinstance(found, Damaged):
            assert "function powa.powa_locks" + suffix in found.problem and found.problem.isprintable()
        elif found is not None:
            assert found.definition.metrics and read(found.comment(), suffix).definition == found.definition


@settings(max_examples=200, deadline=None, database=None)
@given(st.sampled_from(paths(json.loads(GOOD.partition(": ")[2]))), JSON)
def test_any_value_in_any_place(path, new):
    fields = replaced(json.loads(GOOD.partition(": ")[2]), path, new)
    check("{0}: {1}".format(mark("locks"), json.dumps(fields)))


@settings(max_examples=200, deadline=None, database=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 5), st.text(st.characters(codec=None), max_size=5))
def test_any_letters_in_any_place(position, length, text):
    check(GOOD[:position] + text + GOOD[position + length :])


@settings(max_examples=50, deadline=None, database=None)
@given(st.sampled_from(["description", "kept", "queries", "metrics", "priority"]), st.integers(1, 3000))
def test_lists_of_any_depth(field, depth):
    text = json.dumps(dict(FIELDS, **{field: "HERE"}))
    check("{0}: {1}".format(mark("locks"), text.replace('"HERE"', "[" * depth + "]" * depth)))
