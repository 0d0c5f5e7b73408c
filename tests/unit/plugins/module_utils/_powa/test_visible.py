# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role of a session may read of PoWA and of the server."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import Table, read_visible
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import visible
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder


@pytest.mark.parametrize(
    ("table", "lacking"),
    [
        (Table("open"), []),
        (Table("closed"), ['SELECT on "PoWA".closed']),
        (Table("half"), ['SELECT on "PoWA".half']),
        (Table("half", ("id", "name")), ['SELECT (name) on "PoWA".half']),
        (Table("half", ("id",)), []),
    ],
)
def test_a_table_or_some_of_its_columns(table, lacking):
    seen = visible({"closed": [], "half": ["id"]})
    assert seen.lacking([table]) == lacking
    assert seen.sees(["part"], [table]) is (not lacking)
    assert seen.returned() == ([{"part": "part", "lacks": lacking}] if lacking else [])


def test_no_right_counts_without_the_schema():
    assert visible(usage=False).lacking([Table("open")]) == ['USAGE on schema "PoWA"']


def test_a_right_that_several_parts_need_is_named_once_for_each():
    seen = visible({"closed": []})
    for parts in (["a"], ["a", "b"]):
        seen.sees(parts, [Table("open"), Table("closed")])
    right = 'SELECT on "PoWA".closed'
    assert seen.gaps == {"a": [right], "b": [right]}
    assert seen.hides("b", "c") and not seen.hides("c")


@pytest.mark.parametrize(
    ("lacking", "parts"),
    [
        ("settings", ["libraries.configured", "libraries.loaded", "pending_restart", "settings"]),
        ("files", ["libraries.configured"]),
        ("size", ["size"]),
    ],
)
def test_what_the_server_hides(lacking, parts):
    seen = visible(**{lacking: False})
    seen.sees_server()
    assert sorted(seen.gaps) == parts


def test_one_statement_tells():
    row = ('"PoWA"', True, {"powa_servers": ["id"], "closed": []}, True, False, True)
    cursor = Recorder({"has_schema_privilege": [row]})
    seen = read_visible(cursor)
    assert len(cursor.statements) == 1 and seen.hidden == {"powa_servers": {"id"}, "closed": set()}
    assert (seen.schema, seen.settings, seen.files, seen.size) == ('"PoWA"', True, False, True)


def test_without_powa_nothing_of_it_is_hidden():
    seen = read_visible(Recorder({"has_schema_privilege": [(None, None, None, True, True, True)]}))
    assert seen.usage and not seen.hidden
