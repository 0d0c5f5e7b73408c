# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much history there is."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import Stored
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.stored_sizes import read_stored
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import RecordType, TableColumn
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    catalog_of,
    definition,
    state,
    wanted,
    with_tables,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder


def test_that_of_all_datasources_in_one_statement():
    cursor = Recorder({"reltuples": [("locks", 500.0, 44.5, 7), ("waits", 0.0, None, 0)]})
    declared = [definition(), definition(name="waits")]
    found = read_stored(cursor, state(catalog=catalog_of(*map(wanted, declared))), declared)
    # Without any sample the types have to tell how wide one is.
    assert found == {"locks": Stored(44.5, 500.0, 7), "waits": Stored(40, 0, 0)} and len(cursor.statements) == 1


def test_without_datasources_nothing_is_read():
    assert read_stored(Recorder(), state(), []) == {}


def test_no_table_is_read_that_is_gone_or_a_strangers():
    assert read_stored(Recorder(), state(), [definition()]) == {}
    catalog, name = catalog_of(wanted(definition())), "powa_locks_history_record"
    catalog.found[RecordType][name] = replace(catalog.found[RecordType][name], stranger="mallory")
    cursor = Recorder()
    assert read_stored(cursor, state(catalog=catalog), [definition()]) == {} and cursor.statements == []


def test_what_is_no_table_with_pages_and_records_is_not_read():
    cursor = Recorder()
    made = catalog_of(wanted(definition()))
    others = (TableColumn("records", "jsonb"),), (TableColumn("record", "jsonb"),), ()
    changed = [{"is_plain": False}, *({"columns": columns} for columns in others)]
    for catalog in (with_tables(made, **changes) for changes in changed):
        assert read_stored(cursor, state(catalog=catalog), [definition()]) == {} and cursor.statements == []


def test_only_some_pages_are_read_which_may_be_any():
    cursor = Recorder()
    read_stored(cursor, state(catalog=catalog_of(wanted(definition()))), [definition()])
    (statement,) = cursor.statements
    assert 'FROM ONLY "public"."powa_locks_history" AS t TABLESAMPLE SYSTEM' in statement
    assert "LIMIT 500" in statement and "LIMIT 200" in statement
