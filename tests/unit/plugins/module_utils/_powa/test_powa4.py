# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PoWA 4: one table of functions, with rows for each server."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import (
    Grantees,
    RegisteredFunction,
    Registration,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.powa4 import Archivist4
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4

OLDER = Archivist4((4, 0, 1), "public", "public", 130000)
SNAPSHOT = RegisteredFunction("snapshot", "powa_locks_snapshot", "powa_locks_src", "SELECT 1")


def rows(**changes):
    registration = {"name": "locks", "functions": (SNAPSHOT,), "priority": 5, "enabled": None, "srvids": (1, 2)}
    return POWA_4.registry_rows(Registration(**dict(registration, **changes)))


def test_a_row_for_each_function_of_each_server():
    assert [(row.table, row.srvid, row.function) for row in rows()] == [
        ("powa_functions", 1, "powa_locks_snapshot"),
        ("powa_functions", 2, "powa_locks_snapshot"),
    ]
    assert rows()[0].values == {
        "query_source": "powa_locks_src",
        "query_cleanup": "SELECT 1",
        "added_manually": True,
        "priority": 5,
        "extname": None,
    }


@pytest.mark.parametrize("enabled", [True, False])
def test_only_what_is_given_is_enabled_or_disabled(enabled):
    assert rows(enabled=enabled)[0].values["enabled"] is enabled
    assert "enabled" not in rows()[0].values


def test_every_registry_table_is_read_by_the_names():
    (table,) = POWA_4.registry_tables(["a", "b"])
    assert (table.name, table.column, table.values) == ("powa_functions", "module", ("a", "b"))


def test_it_has_no_datasources_of_databases():
    assert not POWA_4.scope_database
    with pytest.raises(NotImplementedError):
        POWA_4.database_module_rows(None, None)


def test_a_cleanup_is_called_in_powas_schema():
    assert POWA_4.cleanup_call("powa_locks_cleanup") == "SELECT public.powa_locks_cleanup(0)"


def test_the_collector_writes_and_everybody_may_call_what_reads():
    write = ("DELETE", "INSERT", "SELECT", "UPDATE")
    assert POWA_4.grantees("coll") == Grantees({"coll": write}, {"coll": write}, ("coll",), ("",))
    assert POWA_4.grantees(None) == Grantees({}, {}, (), ("",))
    history = {"web": ("SELECT",), "coll": write}
    assert POWA_4.grantees("coll", "web") == Grantees(history, {"coll": write}, ("coll",), ("",))
    assert POWA_4.grantees("coll", "coll") == POWA_4.grantees("coll")
    reads = {"reader": ("SELECT",)}
    assert POWA_4.grantees(None, None, "reader") == Grantees(reads, reads, (), ("",))


def test_since_4_1_extensions_are_listed_for_each_server():
    assert OLDER.extension_tables(["x"]) == [] and OLDER.extension_rows("x", [1]) == []
    assert [row.key for row in POWA_4.extension_rows("x", [1, 2])] == [
        {"srvid": 1, "extname": "x"},
        {"srvid": 2, "extname": "x"},
    ]


def test_before_4_1_no_version_of_an_extension_is_known():
    assert "WHERE false" in OLDER.extension_versions and "powa_extensions" in POWA_4.extension_versions
