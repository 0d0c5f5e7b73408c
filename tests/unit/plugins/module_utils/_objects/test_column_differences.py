# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Columns that the server has are compared with the wanted ones, by their new names."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._objects.column_differences import (
    extra_columns,
    ordered_like,
    retyped,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import RecordType, TableColumn


def record(*texts):
    columns = [text.split(" ") for text in texts]
    return RecordType("powa", "powa_a_history_record", "mark", tuple(TableColumn(*column) for column in columns))


def test_columns_keep_the_order_that_the_server_has():
    wanted, found = record("a int", "b int", "c int"), record("c int", "x int")
    assert [column.name for column in ordered_like(wanted, found, {"x": "b"}).columns] == ["c", "b", "a"]


def test_what_changes_its_type():
    wanted, found = record("a text", "b int", "d int"), record("a int", "b int", "c int")
    assert retyped(wanted, found, {}) == [("a", "int", "text")]
    assert retyped(wanted, found, {"a": "z", "c": "a"}) == [("a", "int", "text")]


def test_what_nobody_declared():
    assert extra_columns(record("a int"), record("a int", "b int"), {}) == ["b"]
    assert extra_columns(record("a int"), record("b int"), {"b": "a"}) == []
