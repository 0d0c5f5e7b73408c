# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of the history of hand-written datasources, and how a server remembers what was taken."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.handwritten_history import (
    Histories,
    read_histories,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    POWA_4,
    definition,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals

MARK = "pgfleet.powa datasource locks"
FROM_OLD = definition(adopt=True, adopt_history="old")
COLUMNS = (
    "schema",
    "name",
    "plain",
    "size",
    "stranger",
    "stranger_of_schema",
    "runs_functions",
    "row_security",
    "columns",
)
RECORD = [["ts", "timestamp with time zone", True, False, None, None], ["held", "integer", True, False, None, None]]


def read(columns, stranger=None, declared=FROM_OLD, catalog=None, mentioned=(), unsafe=False):
    row = ("public", "old", True, 8192, stranger, None, unsafe, False, columns)
    cursor = Recorder({"relhassubclass": [row], "pg_cast": [("integer", "bigint")], "prosrc": mentioned}, COLUMNS)
    return read_histories(cursor, POWA_4, [declared], catalog or Catalog()), cursor


def test_a_plain_table():
    histories, cursor = read(
        [["srvid", "integer", True, True, None, None], ["held", "integer", True, False, None, None]]
    )
    (table,) = histories.of(("public", "old"))
    assert (table.samples, table.many, table.identity) == (None, False, "table public.old")
    assert table.column("srvid").not_null and not table.column("held").in_record and table.column("nix") is None
    assert histories.casts == {("integer", "bigint")}
    assert '"old_current"' in literals(cursor.composed[0])[0]


@pytest.mark.parametrize(("unsafe", "number"), [(False, 1), (True, 0)])
def test_what_may_be_read_is_held_and_looked_at_again(unsafe, number):
    columns = [["srvid", "integer", True, True, "loose", None]]
    histories, cursor = read(columns, unsafe=unsafe)
    locks = [text for text in cursor.statements if text.startswith("LOCK TABLE")]
    assert locks == ['LOCK TABLE ONLY "public"."old" IN ACCESS SHARE MODE'] * number
    (table,) = histories.tables.values()
    assert table.runs_functions is unsafe and table.column("srvid").collation == "loose"


@pytest.mark.parametrize(("name", "many"), [("records", True), ("record", False)])
def test_a_table_of_powas_form(name, many):
    histories, _cursor = read(
        [
            ["srvid", "integer", True, True, None, None],
            ["coalesce_range", "tstzrange", True, True, None, None],
            [name, "r", False, True, None, [many, None, RECORD]],
            ["mins_in_range", "r", False, True, None, [False, None, RECORD]],
        ]
    )
    (table,) = histories.of(("public", "old"))
    assert (table.samples, table.many, table.stranger) == (name, many, None)
    assert [(column.name, column.in_record) for column in table.columns] == [
        ("srvid", False),
        ("ts", True),
        ("held", True),
    ]


@pytest.mark.parametrize(("of_table", "of_type", "stranger"), [(None, "m", "m"), ("t", "m", "t"), (None, None, None)])
def test_a_stranger_owns_the_table_or_the_type_of_its_samples(of_table, of_type, stranger):
    histories, _cursor = read([["records", "r[]", False, True, None, [True, of_type, RECORD]]], of_table)
    assert histories.tables["public", "old"].stranger == stranger


def test_a_composite_type_of_another_name_holds_no_samples():
    histories, _cursor = read([["records", "r", False, True, None, [False, None, RECORD]]])
    assert histories.tables["public", "old"].samples is None


def test_nothing_is_read_where_nothing_is_adopted():
    histories, cursor = read([], declared=definition())
    assert histories == Histories() and cursor.composed == []


THEIRS = {"srvid": 1, "module": "locks", "operation": "snapshot", "function_name": "their_snapshot"}


def test_tables_that_the_replaced_functions_mention():
    catalog = Catalog(registry=[Row("powa_functions", THEIRS, {})])
    mentioned = [("public", "their_history"), ("public", "powa_locks_history")]
    histories, cursor = read([], declared=definition(adopt=True), catalog=catalog, mentioned=mentioned)
    assert histories.mentioned == {"locks": ["public.their_history"]}
    assert literals(cursor.composed[0])[0] == ["their_snapshot"]
    assert read([], declared=definition(), catalog=catalog, mentioned=mentioned)[0].mentioned == {}
