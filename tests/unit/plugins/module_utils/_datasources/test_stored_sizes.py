# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much history there is."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import Stored
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.objects import RecordType
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.stored_sizes import read_stored
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    catalog_of,
    definition,
    state,
    wanted,
    with_sizes,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder


def test_that_of_all_datasources_in_one_statement():
    cursor = Recorder({"reltuples": [("locks", 500.0, 7)]})
    declared = [definition(), definition(name="waits")]
    found = read_stored(cursor, state(catalog=with_sizes(catalog_of(*map(wanted, declared)))), declared)
    assert found == {"locks": Stored(40, 500.0, 7)} and len(cursor.statements) == 1


def test_without_datasources_nothing_is_read():
    assert read_stored(Recorder(), state(), []) == {}


def test_no_table_is_read_that_is_gone_or_a_strangers():
    assert read_stored(Recorder(), state(), [definition()]) == {}
    catalog, name = with_sizes(catalog_of(wanted(definition()))), "powa_locks_history_record"
    catalog.found[RecordType][name] = replace(catalog.found[RecordType][name], stranger="mallory")
    cursor = Recorder()
    assert read_stored(cursor, state(catalog=catalog), [definition()]) == {} and cursor.statements == []


def test_what_is_no_table_with_pages_of_its_own_is_not_read():
    cursor = Recorder()
    catalog = with_sizes(catalog_of(wanted(definition())), 0)
    assert read_stored(cursor, state(catalog=catalog), [definition()]) == {} and cursor.statements == []


def test_only_some_pages_are_read_which_may_be_any():
    cursor = Recorder()
    read_stored(cursor, state(catalog=with_sizes(catalog_of(wanted(definition())))), [definition()])
    assert "TABLESAMPLE SYSTEM" in cursor.statements[0] and "LIMIT 500" in cursor.statements[0]
