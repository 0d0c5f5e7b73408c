# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions that others made, and their transient tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten import found
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import FoundTable
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Table, TableColumn
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder

COLUMNS = (TableColumn("ts", "date"), TableColumn("n", "integer"))


@pytest.mark.parametrize("name", ["a", "_a", "a$1", "n" * 59])
def test_a_name_that_the_collector_can_use(name):
    assert found.check_plain_name(name) is None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "it is empty: give the name of a function"),
        ("A", 'found "A", expected lower-case letters, digits and underscores, not beginning with a digit'),
        ("1a", 'found "1a", expected'),
        ("a\n", 'found "a?", expected'),
        ("a b", 'found "a b", expected'),
        ("n" * 60, "with _tmp at its end it has 64 characters, and PostgreSQL allows 63: rename the function"),
    ],
)
def test_a_name_that_it_can_not(name, sentence):
    assert found.check_plain_name(name).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "shown"), [("a\0b", "a?b"), ("ä", "ä"), ("x" * 80, "x" * 80), ("x" * 81, 77 * "x" + "...")]
)
def test_texts_fit_into_a_sentence(text, shown):
    assert found.printable(text) == shown


@pytest.mark.parametrize(
    ("comment", "declared"), [(None, False), ("mine", False), ("pgfleet.powa datasource locks", True)]
)
def test_what_the_module_datasources_made(comment, declared):
    assert found.is_declared(comment) is declared


def test_columns_are_the_same_whether_or_not_they_may_be_null():
    assert found.same_columns(COLUMNS, (TableColumn("ts", "date", True), COLUMNS[1]))
    assert not found.same_columns(COLUMNS, COLUMNS[::-1]) and not found.same_columns(COLUMNS, COLUMNS[:1])
    assert found.column_list(COLUMNS) == "ts date, n integer"


@pytest.mark.parametrize(
    ("columns", "is_table", "fits"),
    [
        ((found.SRVID, *COLUMNS), True, True),
        ((found.SRVID, *COLUMNS), False, False),
        (COLUMNS, True, False),
        ((*COLUMNS, found.SRVID), True, False),
    ],
)
def test_whether_a_result_fits_into_a_table(columns, is_table, fits):
    assert FoundTable(Table("s", "t", None, columns), 1, is_table, None).fits(COLUMNS) is fits


def read(returns, columns, comment=None, stranger=None):
    row = ("app", "f", returns, comment, columns, stranger)
    return found.read_functions(Recorder({"pg_proc": [row]}), ["f"])[("app", "f")]


def test_a_function_that_returns_columns():
    function = read("record", [["ts", "date", False], ["n", "integer", False]])
    assert (function.columns, function.problem, function.declared) == (COLUMNS, None, False)


def test_a_mark_counts_only_with_its_owner():
    mark = "pgfleet.powa datasource app"
    assert read("void", [], mark).declared and not read("void", [], mark, "mallory").declared
    table = FoundTable(Table("s", "t", mark, COLUMNS), 1, True, None)
    assert table.declared and not replace(table, stranger="mallory").declared


@pytest.mark.parametrize(
    ("returns", "columns", "problem"),
    [
        ("record", None, "returns record, which has no columns: declare them as OUT parameters, as RETURNS TABLE, or"),
        ("record", [["x", "anyelement", True]], "returns the column x anyelement, whose type no table can have"),
        ("record", [["srvid", "integer", False]], 'returns a column "srvid", which is the first column of'),
        (
            "record",
            [["n", "integer", False], ["ctid", "tid", False]],
            'returns a column "ctid", which is a column of',
        ),
    ],
)
def test_a_result_that_can_not_be_copied(returns, columns, problem):
    assert read(returns, columns).problem.startswith(problem)
