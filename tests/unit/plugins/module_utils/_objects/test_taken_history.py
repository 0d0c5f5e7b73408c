# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a server remembers which history was taken, and which has yet to be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Table
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.taken_history import (
    comment_of_history,
    history_to_take,
    qualified_name,
    taken_histories,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    POWA_4,
    POWA_5,
    catalog_of,
    definition,
    wanted,
    with_objects,
)

MARK = "pgfleet.powa datasource locks"
FROM_OLD = definition(adopt=True, adopt_history="old")


def with_comment(comment):
    catalog = catalog_of(wanted(definition()))
    history = catalog.get(Table, "powa_locks_history").object
    return with_objects(catalog, replace(history, comment=comment))


@pytest.mark.parametrize("taken", [(), ("public.old",), ('a."b', "public.ö: x")])
def test_the_comment_of_history_says_what_was_taken(taken):
    assert taken_histories("locks", with_comment(comment_of_history(MARK, taken))) == taken


@pytest.mark.parametrize("text", ["", "{", "{}", "null", "[" * 100000, r'["half \ud800", "\u0000"]'], ids=range(6))
def test_a_damaged_comment_says_nothing(text):
    assert taken_histories("locks", with_comment(MARK + ": with the history of " + text)) == ()
    assert taken_histories("locks", Catalog()) == ()


def test_what_has_yet_to_be_taken():
    assert history_to_take(definition(), POWA_5, Catalog()) is None
    assert history_to_take(FROM_OLD, POWA_5, Catalog()) == ("PoWA", "old")
    assert history_to_take(FROM_OLD, POWA_4, with_comment(comment_of_history(MARK, ["public.old"]))) is None
    assert history_to_take(FROM_OLD, POWA_4, with_comment(comment_of_history(MARK, ["other.old"]))) == ("public", "old")


def test_a_table_of_the_same_name_is_adopted_as_it_is():
    for name in ("powa_locks_history", "public.powa_locks_history_current"):
        assert history_to_take(definition(adopt=True, adopt_history=name), POWA_4, Catalog()) is None


def test_a_name_with_and_without_a_schema():
    assert qualified_name("old", POWA_5) == ("PoWA", "old")
    assert qualified_name("a.b.c", POWA_5) == ("a", "b.c")
