# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of PoWA's own tables."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row, RowTable
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder

FUNCTION = Row("powa_functions", {"srvid": 3, "module": "locks", "operation": "purge"}, {"enabled": True})
DATABASES = Row("powa_db_module_config", {"srvid": 1, "db_module": "sizes"}, {"enabled": True})


def test_each_server_of_a_row_is_a_row():
    table = RowTable("powa_extension_config", ("srvid", "extname"), "extname", ("locks",))
    cursor = Recorder({"SELECT": [({"extname": "locks", "enabled": True}, [1, 4])]})
    assert table.read(cursor, "powa") == [
        Row("powa_extension_config", {"srvid": srvid, "extname": "locks"}, {"enabled": True}) for srvid in (1, 4)
    ]
    assert len(cursor.statements) == 1 and 'FROM "powa"."powa_extension_config" AS t' in cursor.statements[0]


def test_a_row_about_no_server_has_no_server():
    table = RowTable("powa_extensions", ("extname",), "extname", ("locks",))
    (row,) = table.read(Recorder({"SELECT": [({"extname": "locks", "external": False}, [None])]}), "powa")
    assert row == Row("powa_extensions", {"extname": "locks"}, {"external": False}) and row.srvid is None


def test_the_place_is_the_table_and_the_key_in_any_order():
    turned = Row("powa_functions", dict(reversed(list(FUNCTION.key.items()))), {})
    assert FUNCTION.place == turned.place == ("powa_functions", "locks", "purge", 3)
    assert FUNCTION.place_of_any_server == ("powa_functions", "locks", "purge")


@pytest.mark.parametrize("column", ["module", "extname", "db_module"])
def test_the_registry_names_modules_in_three_ways(column):
    row = Row("t", {column: "locks"}, {})
    assert row.module == "locks" and row.of_databases == (column == "db_module")


@pytest.mark.parametrize(
    ("key", "values", "function"),
    [({"function_name": "f"}, {}, "f"), ({}, {"function_name": "g"}, "g"), ({"extname": "x"}, {}, None)],
)
def test_the_function_of_a_row(key, values, function):
    assert Row("t", key, values).function == function


@pytest.mark.parametrize(
    ("row", "active", "databases", "values"),
    [
        (FUNCTION, True, None, {"enabled": True}),
        (FUNCTION, False, ["app"], {"enabled": False}),
        (DATABASES, True, None, {"enabled": True, "dbnames": None}),
        (DATABASES, True, ("app",), {"enabled": True, "dbnames": ["app"]}),
        (DATABASES, False, ("app",), {"enabled": False, "dbnames": []}),
    ],
)
def test_a_datasource_of_databases_is_switched_off_by_its_databases(row, active, databases, values):
    activated = row.activated(active, databases)
    assert activated.values == values and activated.place == row.place


@pytest.mark.parametrize(
    ("srvids", "shown"), [([3], "3"), ([3, 1, 2], "1-3"), ([7, 1, 2, 9], "1-2,7,9"), ([0, 5], "0,5")]
)
def test_servers_are_shown_as_ranges(srvids, shown):
    assert FUNCTION.identity(srvids) == ("row powa_functions (module=locks, operation=purge, srvid={0})".format(shown))


def test_a_row_about_no_server_names_none():
    assert Row("powa_extensions", {"extname": "locks"}, {}).identity([None]) == "row powa_extensions (extname=locks)"


def test_only_the_columns_that_matter_are_described():
    row = Row("t", {}, {"priority": 10, "enabled": True, "version": "1"})
    assert row.describe({"priority": 0, "enabled": 0, "retention": 0}) == "enabled: True\npriority: 10\nretention: None"


@pytest.mark.parametrize(
    ("wanted", "differs"), [({}, False), ({"enabled": True}, False), ({"enabled": False}, True), ({"other": 1}, True)]
)
def test_values_that_nobody_wants_make_no_difference(wanted, differs):
    assert FUNCTION.differs(Row("powa_functions", FUNCTION.key, wanted)) is differs
