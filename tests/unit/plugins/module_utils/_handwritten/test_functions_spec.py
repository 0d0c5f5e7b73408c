# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Registrations of hand-written datasources are parsed and checked without a database."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions_spec import parse_datasources

SNAPSHOT = {"operation": "snapshot", "function_name": "app_snapshot", "query_source": "app_src"}
PURGE = {"operation": "purge", "function_name": "app_purge"}
GOOD = {"name": "app", "functions": [SNAPSHOT, PURGE]}


def parsed(**changes):
    (spec,), problems = parse_datasources([dict(GOOD, **changes)])
    assert problems == []
    return spec


def test_what_is_not_given():
    spec = parsed()
    assert (spec.priority, spec.enabled, spec.external, spec.servers, spec.local) == (None,) * 5
    assert [function.name for function in spec.functions] == ["app_snapshot", "app_purge"]


@pytest.mark.parametrize(
    ("servers", "remotes", "local", "collected"),
    [
        (None, None, None, True),
        (["a"], ("a",), False, True),
        (["local"], (), True, False),
        (["local", "a"], ("a",), True, True),
    ],
)
def test_the_local_server_is_none_of_the_remotes(servers, remotes, local, collected):
    spec = parsed(servers=servers)
    assert (spec.servers, spec.local, spec.collected) == (remotes, local, collected)


def test_the_functions_of_a_removal_say_nothing():
    spec = parsed(state="absent")
    assert spec.absent and spec.functions == () and spec.sources == []


def test_priority_zero_is_a_priority():
    assert parsed(priority=0).priority == 0


def test_the_functions_whose_rows_are_copied():
    assert parsed().sources == ["app_src"]


def test_an_empty_text_removes_what_is_registered():
    functions = [dict(SNAPSHOT, query_source="", query_cleanup="")]
    assert (parsed(functions=functions).functions[0].query_source, parsed(functions=functions).sources) == ("", [])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "a\0"}, "name: it is empty or contains an unprintable character"),
        ({"servers": []}, "servers: it is empty: name at least one server, or leave it out for all"),
        ({"servers": ["b", "a", "b"]}, 'servers: found "b" more than once: name each server once'),
        ({"tables": ["a", ""]}, "tables[1]: it is empty or contains a zero byte: give a table's name, or its schema"),
        ({"tables": ["a."]}, "tables[0]: it is empty or contains a zero byte"),
        ({"tables": ["a\0"]}, "tables[0]: it is empty or contains a zero byte"),
        ({"functions": []}, "functions: found none that takes a snapshot or does anything else with history"),
        (
            {"functions": [{"operation": "unregister", "function_name": "f"}]},
            "functions: found none that takes a snapshot",
        ),
        ({"functions": [PURGE, PURGE]}, "functions[1].function_name: the list has purge app_purge already: give it"),
        (
            {"functions": [dict(PURGE, function_name=" ")]},
            "functions[0].function_name: it is empty or contains an unprintable character",
        ),
        (
            {"functions": [dict(PURGE, query_source="x")]},
            'functions[0].query_source: found it for the operation "purge", but only a snapshot has one: leave it out',
        ),
        (
            {"functions": [dict(PURGE, query_cleanup="x")]},
            'functions[0].query_cleanup: found it for the operation "purge", but only a snapshot has one: leave it out',
        ),
        (
            {"functions": [dict(SNAPSHOT, query_source="A")]},
            'functions[0].query_source: found "A", expected lower-case',
        ),
        (
            {"functions": [dict(SNAPSHOT, query_cleanup=" ")]},
            "functions[0].query_cleanup: it is empty or contains a zero byte: give SQL, or leave it out",
        ),
        (
            {"functions": [dict(SNAPSHOT, query_source=None, query_cleanup="SELECT 1")]},
            "functions[0].query_cleanup: the collector never runs it without a query_source: give both",
        ),
    ],
)
def test_every_sentence(changes, sentence):
    specs, (problem,) = parse_datasources([dict(GOOD, **changes)])
    assert specs == []
    name = changes.get("name", "app").replace("\0", "?")
    assert problem.startswith('datasource "{0}", {1}'.format(name, sentence))


def test_a_datasource_without_a_name_goes_by_its_number():
    assert parse_datasources([dict(GOOD, name="")])[1][0].startswith('datasource "number 1 of the list", name: ')


def test_each_name_and_each_source_once():
    assert parse_datasources([GOOD, dict(GOOD, functions=[PURGE]), dict(GOOD, name="other")])[1] == [
        'datasource "app", name: number 1 of the list has the same name: give it once',
        'datasource "other", functions: "app" has the query_source "app_src", too, so the collector would copy'
        " each of its rows twice: give it once",
    ]


def test_a_source_may_move_to_another_datasource():
    assert parse_datasources([dict(GOOD, state="absent"), dict(GOOD, name="other")])[1] == []


def test_tables_may_have_a_schema():
    assert parsed(tables=["history", "My S.t.x"]).tables == ((None, "history"), ("My S", "t.x"))
    assert parsed().tables == parsed(tables=["history"], state="absent").tables == ()
