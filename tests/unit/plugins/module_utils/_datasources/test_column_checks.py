# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the columns that a server has."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.column_checks import (
    refusals_of_columns,
    values_that_do_not_fit,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Table, TableColumn
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    REMOTE,
    REPOSITORY,
    catalog_of,
    definition,
    state,
    unmarked,
    wanted,
    with_objects,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder
from psycopg2 import DataError

HELD = {"name": "held", "type": "bigint"}
WAITS = {"name": "waits", "type": "bigint"}


def refused(after, catalog, side=REPOSITORY, cursor=None):
    entry = wanted(definition(**after), side, catalog=catalog)
    return refusals_of_columns(cursor or Recorder(), [entry], side, state(catalog=catalog))


def made(**before):
    return catalog_of(wanted(definition(**before)))


def test_columns_as_declared():
    cursor = Recorder()
    assert refused({}, made(), cursor=cursor) == [] and cursor.statements == []


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (
            {"metrics": [HELD, WAITS]},
            {"metrics": [dict(HELD, renamed_from="waits")]},
            'renamed_from: both "waits" and "held" have values already, so neither can become the other:'
            " leave renamed_from out",
        ),
        (
            {"metrics": [HELD, {"name": "x", "type": "text"}]},
            {"keys": [{"name": "x", "type": "text"}]},
            'keys: "x" was a metric before, and its values stay in the history under that name:'
            " give the key another name",
        ),
        (
            {"keys": [{"name": "k{0}".format(number), "type": "text"} for number in range(29)]},
            {"keys": [{"name": "x", "type": "text"}, {"name": "y", "type": "text"}]},
            "keys: its history has 31 with those that are no longer declared ({0}), expected at most 30, which is what"
            " an index of PostgreSQL has room for: declare fewer new ones, or give the datasource another name".format(
                ", ".join(sorted("k{0}".format(number) for number in range(29)))
            ),
        ),
        (
            {"keys": [{"name": "x", "type": "text"}]},
            {"keys": [], "metrics": [{"name": "x", "type": "text"}]},
            'metrics: "x" was a key before, and its values stay in the history under that name:'
            " give the metric another name",
        ),
    ],
)
def test_values_that_would_be_hidden(before, after, problem):
    assert refused(after, made(**before)) == ['datasource "locks", ' + problem]
    assert refused(after, made(**before), REMOTE) == []


def with_note():
    table = made().get(Table, "powa_locks_history").object
    return with_objects(made(), replace(table, columns=(*table.columns, TableColumn("note", "text"))))


def test_a_column_that_somebody_added_is_not_dropped_with_its_values():
    cursor = Recorder({"SELECT EXISTS": [(True,)]})
    assert refused({}, with_note(), cursor=cursor) == [
        'datasource "locks", keys: column "note" of table public.powa_locks_history was not made by this collection'
        " and holds values: declare it as a key, or drop it by hand"
    ]
    assert cursor.statements == [
        'SELECT EXISTS (SELECT FROM "public"."powa_locks_history" AS t WHERE t."note" IS NOT NULL)'
    ]


def test_a_column_without_values_may_go():
    assert refused({}, with_note(), cursor=Recorder({"SELECT EXISTS": [(False,)]})) == []


def fitting(after, before=None, side=REPOSITORY, error=None):
    catalog = made(**(before or {}))
    entry = wanted(definition(**after), side, catalog=catalog)
    cursor = Recorder({"count(": error or [(0,)]})
    return values_that_do_not_fit(cursor, [entry], side, state(catalog=catalog)), cursor.statements


OUT_OF_RANGE = DataError("integer out of range\nCONTEXT: x")


def test_all_of_history_is_cast_to_another_type():
    problems, statements = fitting({"metrics": [dict(HELD, type="integer")]})
    assert problems == []
    assert [text for text in statements if text != "SAVEPOINT casts"] == [
        'SELECT pg_catalog.count((t.record)."held"::integer) FROM "public"."powa_locks_history_current" AS t',
        'SELECT pg_catalog.count(r."held"::integer) FROM "public"."powa_locks_history" AS t'
        " CROSS JOIN LATERAL pg_catalog.unnest(t.records) AS r",
    ]


def test_values_that_do_not_become_another_type_are_told_once():
    problems, statements = fitting({"metrics": [dict(HELD, type="integer")]}, error=OUT_OF_RANGE)
    assert problems == [
        'datasource "locks", metrics: the history has values of "held" that cannot become integer'
        " (integer out of range): declare a type that holds them, or give the column another name"
    ]
    assert statements.count("ROLLBACK TO SAVEPOINT casts") == 2


def test_keys_of_another_type_are_cast_by_their_old_name():
    after = {"keys": [{"name": "lock", "type": "name", "renamed_from": "mode"}]}
    problems, statements = fitting(after, error=OUT_OF_RANGE)
    assert 'keys: the history has values of "lock" that cannot become name' in problems[0]
    assert 'count(t."mode"::name)' in statements[1]


def test_where_no_type_changes_no_history_is_read():
    assert fitting({"metrics": [HELD, WAITS]}) == ([], [])
    assert fitting({"metrics": [dict(HELD, type="integer")]}, side=REMOTE) == ([], [])


def adopted(changes, extension=None, side=REPOSITORY, cursor=None):
    catalog = unmarked(made(**changes), extension)
    return refused({"adopt": True}, catalog, side, cursor)


def test_objects_with_the_same_columns_are_taken_over(offline_driver):
    assert adopted({}) == []


def test_objects_with_other_columns_are_not(offline_driver):
    problems = adopted({"metrics": [dict(HELD, type="integer")]})
    assert [problem.split(" has ")[0] for problem in problems] == [
        'datasource "locks", adopt: ' + name
        for name in (
            "type public.powa_locks_history_record",
            "type public.powa_locks_history_record_minmax",
            "table public.powa_locks_src_tmp",
        )
    ]
    assert problems[0].endswith(
        "has the columns (ts timestamp with time zone, held integer),"
        " expected (ts timestamp with time zone, held bigint): change it, or choose another name"
    )


def test_objects_of_an_extension_are_not(offline_driver):
    assert adopted({}, extension="theirs")[0] == (
        'datasource "locks", adopt: type public.powa_locks_history_record belongs to the extension theirs:'
        " choose another name"
    )


def test_a_view_in_the_place_of_a_table_is_not(offline_driver):
    cursor = Recorder({"c.relkind <> 'r'": [("powa_locks_history",)]})
    assert adopted({}, cursor=cursor) == [
        'datasource "locks", adopt: table public.powa_locks_history is not a plain table, and reading a view runs code'
        " of its owner: rename or drop it, or choose another name"
    ]


@pytest.mark.parametrize("adopt", [True, False])
def test_what_others_made_is_not_read(offline_driver, adopt):
    cursor = Recorder()
    refused({"adopt": adopt}, unmarked(with_note()), cursor=cursor)
    assert not [text for text in cursor.statements if "SELECT EXISTS" in text]
