# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of datasources as the catalog of a server tells of them."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._objects import catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog, Found
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import (
    SERVER,
    SERVER_AND_RANGE,
    Function,
    Index,
    RecordType,
    Table,
    TableColumn,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    POWA_4,
    REMOTE,
    catalog_of,
    definition,
    visible,
    wanted,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals

TABLE = {
    "schema": "public",
    "relname": "powa_locks_history",
    "relkind": "r",
    "comment": "mark",
    "columns": [["srvid", "integer", True, "p"], ["mins_in_range", "r", True, "m"], ["note", "text", False, "m"]],
    "relpersistence": "p",
    "server_key": True,
    "reloptions": ["toast_tuple_target=128"],
    "grants": {"coll": ["SELECT"]},
}
FUNCTION = {
    "schema": "public",
    "proname": "powa_locks_src",
    "comment": None,
    "parameters": "23",
    "config": ["search_path=pg_catalog, pg_temp"],
    "out_columns": [["ts", "date"]],
    "proretset": True,
    "returns": "record",
    "prosrc": "BEGIN END",
    "provolatile": "s",
    "grants": ["mon", "coll"],
    "lanname": "plpgsql",
    "owner": "postgres",
    "prosecdef": True,
    "stranger": None,
}


def test_a_table():
    assert catalog.table_of(TABLE) == Table(
        "public",
        "powa_locks_history",
        "mark",
        (TableColumn("srvid", "integer", True), TableColumn("mins_in_range", "r", True), TableColumn("note", "text")),
        server_key=True,
        toast_target=True,
        main_columns=("mins_in_range",),
        grants={"coll": ("SELECT",)},
    )
    assert catalog.table_of(TABLE).is_plain
    assert not catalog.table_of(dict(TABLE, relkind="p")).is_plain


def test_a_table_without_columns_and_grants():
    bare = catalog.table_of(dict(TABLE, columns=None, grants=None, reloptions=None, relpersistence="u"))
    assert (bare.columns, bare.grants, bare.unlogged, bare.toast_target) == ((), {}, True, False)


def test_a_type():
    row = dict(TABLE, relname="powa_locks_history_record", columns=[["ts", "date", False, "p"]])
    assert catalog._record_type(row) == RecordType(
        "public", "powa_locks_history_record", "mark", (TableColumn("ts", "date"),)
    )


def test_an_index():
    row = dict(TABLE, relname="i", on_table="t", method="gist", columns=3)
    found = catalog._index(row)
    assert found == Index("public", "i", "mark", "t", "gist", 3)


def test_a_function():
    assert catalog._function(FUNCTION) == Function(
        "public",
        "powa_locks_src",
        None,
        (TableColumn("ts", "date"),),
        "SETOF record",
        "BEGIN END",
        "STABLE",
        "pg_catalog, pg_temp",
        ("coll", "mon"),
        SERVER,
        "plpgsql",
        True,
        "postgres",
    )


def test_a_reader_has_other_parameters():
    reader = dict(FUNCTION, proname="powa_locks_get", parameters="23 1184 1184", config=[])
    found = catalog._function(reader)
    assert (found.parameters, found.search_path) == (SERVER_AND_RANGE, None)


def test_a_function_with_other_parameters_is_another_function():
    assert catalog._function(dict(FUNCTION, parameters="25")) is None
    assert catalog._function(dict(FUNCTION, proname="powa_locks_rate")) is None


def test_further_settings_of_a_function_are_shown():
    found = catalog._function(dict(FUNCTION, config=["search_path=x", "work_mem=1GB"]))
    assert found.search_path == "search_path=x, work_mem=1GB"


def test_an_object_is_ours_by_its_mark():
    made = wanted(definition(), REMOTE).objects[0]
    assert Found(made, None).ours and not Found(made, "theirs").ours
    assert not Found(catalog.table_of(TABLE), None).ours
    assert not Found(made, None, "mallory").ours


def test_what_strangers_have_of_a_datasource():
    there = catalog_of(wanted(definition()))
    assert there.strangers("locks") == []
    theirs = Found(there.get(Table, "powa_locks_history").object, None, "mallory")
    there.found[Table]["powa_locks_history"] = theirs
    assert there.strangers("locks") == [theirs]


def test_objects_by_kind_and_name():
    there = catalog_of(wanted(definition()))
    table = there.get(Table, "powa_locks_history").object
    assert there.there(table) is table and there.get(Function, "powa_locks_history") is None
    assert len(there.of_datasource("locks")) == 15 and there.of_datasource("other") == []
    assert Catalog().there(table) is None


def test_the_functions_of_a_module():
    rows = [Row("powa_functions", {"srvid": srvid, "module": "locks", "function_name": "f"}, {}) for srvid in (1, 2)]
    assert catalog_of(registry=rows).registered_functions == {"locks": {"f"}}


def test_sizes_are_read_afterwards_in_one_statement():
    made = wanted(definition())
    before, cursor = catalog_of(made), Recorder({"pg_total_relation_size": [("powa_locks_history", 8192)]})
    found = catalog.with_sizes(cursor, POWA_4, before)
    tables = {name: entry.object.size for name, entry in found.found[Table].items()}
    assert tables == {**dict.fromkeys(tables, 0), "powa_locks_history": 8192} and len(tables) == 3
    sizes = {entry.object.table: entry.object.size for entry in found.found[Index].values()}
    assert sizes == {"powa_locks_history": 8192, "powa_locks_history_current": 0}
    assert literals(cursor.composed[0]) == ["public", sorted(tables)] and len(cursor.statements) == 1
    # All else is as it was.
    assert found == before


def test_a_reader_without_the_registry_reads_none_of_it():
    cursor, blind = Recorder({"pg_class": [], "pg_proc": []}), visible({"powa_functions": []}, usage=False)
    found = catalog.read_catalog(cursor, POWA_4, ["locks"], ["locks"], blind)
    assert found.registry == () and list(blind.gaps) == ["datasources[].drift"]
    # Without the right to use the schema, PostgreSQL looks up nothing in it.
    assert not any("public.powa_" in statement or '"public"."powa_' in statement for statement in cursor.statements)
