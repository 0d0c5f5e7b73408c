# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where samples are stored: types, tables and indexes."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Index, RecordType, Table
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    POWA_5,
    catalog_of,
    definition,
    wanted,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import render


def made(kind, archivist=POWA_5, catalog=None, **changes):
    entry = wanted(definition(**changes), archivist=archivist, catalog=catalog)
    return {found.name[len("powa_locks_") :]: found for found in entry.objects if isinstance(found, kind)}


def columns(entry):
    return [column.describe() for column in entry.columns]


def test_a_sample_is_a_record_and_so_are_its_extremes():
    found = made(RecordType)
    assert list(found) == ["history_record", "history_record_minmax"]
    assert columns(found["history_record"]) == ["ts timestamp with time zone", "held bigint"]


def test_the_columns_of_the_tables():
    found = made(Table, keys=[{"name": "k", "type": "oid"}, {"name": "n", "type": "text", "nullable": True}])
    assert columns(found["src_tmp"]) == [
        "srvid integer not null",
        "ts timestamp with time zone not null",
        "k oid not null",
        "n text",
        "held bigint",
    ]
    assert columns(found["history_current"]) == [
        "srvid integer not null",
        "k oid not null",
        "n text",
        'record "PoWA".powa_locks_history_record not null',
    ]
    assert columns(found["history"])[3:] == [
        "coalesce_range tstzrange not null",
        'records "PoWA".powa_locks_history_record[] not null',
        'mins_in_range "PoWA".powa_locks_history_record_minmax not null',
        'maxs_in_range "PoWA".powa_locks_history_record_minmax not null',
    ]


def test_what_a_table_is_like():
    found = made(Table)
    assert {name: (table.unlogged, table.server_key, table.toast_target) for name, table in found.items()} == {
        "src_tmp": (True, False, False),
        "history_current": (False, True, False),
        "history": (False, True, True),
    }


def test_a_kept_key_is_in_history_only():
    before = catalog_of(wanted(definition(), archivist=POWA_5))
    found = made(Table, catalog=before, keys=[])
    assert "mode text" in columns(found["history"]) and "mode text" in columns(found["history_current"])
    assert "mode text not null" not in columns(found["src_tmp"]) and "mode text" not in columns(found["src_tmp"])


@pytest.mark.parametrize(
    ("keys", "comment", "indexed"),
    [
        ([], "keys ()", '"srvid", "coalesce_range"'),
        ([{"name": "k", "type": "oid"}], "keys (oid)", '"srvid", "k", "coalesce_range"'),
        (
            [{"name": "k", "type": "jsonb"}, {"name": "d", "type": "date"}],
            "keys (hash of jsonb, date)",
            '"srvid", pg_catalog.jsonb_hash("k"), "d", "coalesce_range"',
        ),
    ],
)
def test_the_comment_of_an_index_says_what_it_is_on(keys, comment, indexed):
    index = made(Index, keys=keys)["history_ts"]
    assert index.comment == "pgfleet.powa datasource locks: " + comment
    assert (render(index.columns), index.width) == (indexed, len(keys) + 2)
