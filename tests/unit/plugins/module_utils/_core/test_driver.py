# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL is composed of texts of ours, names and values."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, render


def test_names_are_quoted():
    assert render(driver.identifier("PoWA", 'a"b')) == '"PoWA"."a""b"'


def test_a_statement_is_filled_with_names_and_values():
    statement = driver.compose("SELECT {a} = {b}", a=driver.identifier("t", "x"), b=driver.literal("it's"))
    assert render(statement) == 'SELECT "t"."x" = "it\'s"'


def test_a_plain_string_is_never_part_of_a_statement():
    with pytest.raises(TypeError):
        driver.compose("SELECT {a}", a="1; DROP TABLE x")


def test_braces_and_percent_signs_of_users_stay():
    query = driver.user_sql("SELECT '{}' LIKE '%s'")
    assert render(driver.compose("({query})", query=query)) == "(SELECT '{}' LIKE '%s')"


def test_parts_are_joined():
    parts = [driver.raw("a"), driver.identifier("b")]
    assert render(driver.joined(parts)) == 'a, "b"'
    assert render(driver.joined(parts, " AND ")) == 'a AND "b"'
    assert render(driver.joined([])) == ""


def test_rows_by_the_names_of_their_columns():
    cursor = Recorder({"SELECT": [(1, "x"), (2, None)]}, columns=("id", "name"))
    cursor.execute("SELECT id, name")
    assert driver.dicts(cursor) == [{"id": 1, "name": "x"}, {"id": 2, "name": None}]
