# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The latest samples of datasources."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Table, TableColumn
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.recent import Recent, most_rows, read_recent
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    POWA_4,
    POWA_5,
    catalog_of,
    definition,
    state,
    wanted,
    with_objects,
    with_tables,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals


def test_those_of_all_datasources_in_one_statement():
    declared = [definition(), definition(name="waits")]
    cursor = Recorder({"powa_locks_history_current": [("locks", 1, 3, 8, 2, None, 300.04, 24, False)]})
    found = read_recent(cursor, POWA_4, state(catalog=catalog_of(*map(wanted, declared))), declared)
    assert found == {("locks", 1): Recent(3, 8, 2, None, 300.04, 24)} and len(cursor.statements) == 1
    assert "count(DISTINCT" not in cursor.statements[0]


def test_databases_are_counted_with_scope_database():
    declared = definition(scope="database")
    cursor = Recorder()
    read_recent(cursor, POWA_5, state(POWA_5, catalog_of(wanted(declared, archivist=POWA_5))), [declared])
    assert "count(DISTINCT r.k0)" in cursor.statements[0] and '"dbid" AS "k0"' in cursor.statements[0]


def test_a_key_that_the_definition_has_no_more_still_tells_old_samples_apart():
    catalog = catalog_of(wanted(definition()))
    current = catalog.found[Table]["powa_locks_history_current"].object
    kept = [TableColumn("former", "text"), TableColumn("shape", "point")]
    catalog = with_objects(catalog, replace(current, columns=(*current.columns, *kept)))
    cursor = Recorder()
    read_recent(cursor, POWA_4, state(catalog=catalog), [definition()])
    assert '"former" AS' in cursor.statements[0] and "shape" not in cursor.statements[0]


def test_keys_that_cannot_be_sorted_stand_beside_those_that_cannot_be_hashed():
    declared = definition(keys=[{"name": name, "type": name} for name in ("xid", "xid[]", "bit")])
    cursor = Recorder()
    read_recent(cursor, POWA_4, state(catalog=catalog_of(wanted(declared))), [declared])
    read = '"t"."xid"::pg_catalog.text AS "k0", "t"."xid[]"::pg_catalog.text AS "k1", "t"."bit" AS "k2" FROM'
    assert read in cursor.statements[0]


def test_no_more_than_some_rows_are_read():
    cursor = Recorder()
    read_recent(cursor, POWA_4, state(catalog=catalog_of(wanted(definition()))), [definition()])
    assert "LIMIT 10000)" in cursor.statements[0] and "< 10000 AS is_whole" in cursor.statements[0]


def many(cursor, catalog=None):
    """Read a datasource with scope database beside one without."""
    declared = [definition(name="sizes", scope="database"), definition()]
    catalog = catalog or catalog_of(*(wanted(entry, archivist=POWA_5) for entry in declared))
    return read_recent(cursor, POWA_5, state(POWA_5, catalog), declared)


def test_snapshots_of_more_databases_than_were_read_are_read_without_their_keys():
    cut = [("sizes", 1, 1, 90000, 3, 900, None, 100000, True), ("locks", 1, 1, 9000, 0, None, None, 10000, True)]
    # No row of the second server was among those that were read first.
    told = [("sizes", 1, 4, 34000.0, 40000.0, 1000, 270.0, False), ("sizes", 2, 4, 34000.0, 900.0, 1000, None, True)]
    cursor = Recorder({"WITH p AS": told, "AS is_whole": cut})
    assert many(cursor) == {
        ("sizes", 1): Recent(4, 34000.0, 3, 1000, 270.0, 100000),
        ("sizes", 2): Recent(4, 34000.0, 0, 1000, None, 0, True),
        ("locks", 1): Recent(1, 9000, 0, None, None, 10000, True),
    }
    _first, second = cursor.statements
    assert "powa_sizes_history_current" in second and "powa_locks" not in second


def test_a_snapshot_that_may_have_been_read_as_a_whole_counts_as_what_was_seen_of_it():
    cut = [("sizes", 1, 2, 40, 3, 1, None, 70, True), ("sizes", 2, 1, 9, 0, 1, None, 9, True)]
    told = [("sizes", srvid, 2, None, 30.0, 1, None, True) for srvid in (1, 2, 3)]
    found = many(Recorder({"WITH p AS": told, "AS is_whole": cut}))
    assert {srvid: sample.rows for (_name, srvid), sample in found.items()} == {1: 40, 2: 30.0, 3: 30.0}


def test_all_tables_together_have_so_many_pages_that_are_read():
    for datasources, pages in ((1, 16384), (4, 4096), (100, 1024)):
        declared = [definition(name="sizes_{0}".format(number), scope="database") for number in range(datasources)]
        catalog = catalog_of(*(wanted(entry, archivist=POWA_5) for entry in declared))
        cursor = Recorder({"AS is_whole": [(entry.name, 1, 1, 9, 0, 3, None, 9, True) for entry in declared]})
        read_recent(cursor, POWA_5, state(POWA_5, catalog), declared)
        assert literals(cursor.composed[1]).count(pages) == datasources


def test_with_scope_database_more_rows_are_read():
    assert (most_rows(definition()), most_rows(definition(scope="database"))) == (10_000, 100_000)


def test_what_was_read_as_a_whole_is_not_read_again():
    cursor = Recorder({"AS is_whole": [("sizes", 1, 1, 9, 0, 3, None, 9, False)]})
    assert many(cursor) == {("sizes", 1): Recent(1, 9, 0, 3, None, 9)} and len(cursor.statements) == 1


def test_a_view_in_place_of_the_table_has_no_pages():
    cursor = Recorder({"AS is_whole": [("sizes", 1, 1, 9, 0, 3, None, 9, True)]})
    catalog = catalog_of(*(wanted(definition(name="sizes", scope="database"), archivist=POWA_5),))
    catalog = with_tables(catalog, is_plain=False)
    assert many(cursor, catalog)[("sizes", 1)].sampled and len(cursor.statements) == 1


def test_a_table_without_the_keys_is_not_read():
    cursor = Recorder()
    for declared in (definition(), definition(keys=[])):
        assert read_recent(cursor, POWA_4, state(), [declared]) == {} and cursor.statements == []


def test_as_it_is_returned():
    assert Recent(3, 8, 2, None, 300.04).as_dict()["interval"] == 300.0
    assert Recent(1, 8, 2, 5, None).as_dict() == {
        "snapshots": 1,
        "rows": 8,
        "duplicates": 2,
        "databases": 5,
        "interval": None,
        "read": 0,
        "sampled": False,
    }
