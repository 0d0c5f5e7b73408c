# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and columns as the SQL of a datasource has them."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.layout import layout_of
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import TableColumn
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.parts import Parts, for_each, listed, typed
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_5, definition
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import render

LOCKS = definition()
LAYOUT = layout_of(LOCKS, Catalog())
PARTS = Parts(LOCKS, LAYOUT, LAYOUT.stored(LOCKS, ()), POWA_5, POWA_5.grantees("coll"), "pg_catalog", render)


def test_every_name_has_its_schema():
    assert render(PARTS.qualified("_history")) == '"PoWA"."powa_locks_history"'
    assert {name: render(table) for name, table in PARTS.tables.items()} == {
        "transient": '"PoWA"."powa_locks_src_tmp"',
        "current": '"PoWA"."powa_locks_history_current"',
        "history": '"PoWA"."powa_locks_history"',
    }


def test_every_object_bears_the_mark():
    assert PARTS.comment == "pgfleet.powa datasource locks"


def test_columns_in_sql():
    assert render(listed("t", LOCKS.columns)) == '"t"."mode", "t"."held"'
    assert render(for_each(LOCKS.columns, "c.{name}, ")) == 'c."mode", c."held", '
    assert typed(LOCKS.columns) == (TableColumn("mode", "text"), TableColumn("held", "bigint"))
