# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PoWA 5: an "extension" with functions, and a row for each server that has it."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import (
    DatabaseModule,
    Grantees,
    RegisteredFunction,
    Registration,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.powa5 import Archivist5
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import LATER_POWA_5, POWA_5
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import literals

FUNCTIONS = tuple(RegisteredFunction(operation, "f_" + operation) for operation in POWA_5.operations)


def registration(**changes):
    parts = {"name": "locks", "functions": FUNCTIONS, "priority": 5, "enabled": None, "srvids": (1, 2)}
    return Registration(**dict(parts, **changes))


def config(archivist, **changes):
    rows = archivist.registry_rows(registration(**changes))
    return [row.values for row in rows if row.table == "powa_extension_config"]


def test_an_extension_its_functions_and_its_servers():
    rows = POWA_5.registry_rows(registration())
    assert rows[0].values == {"external": False, "added_manually": True}
    assert [row.key["operation"] for row in rows[1:5]] == list(POWA_5.operations)
    assert [row.key for row in rows[5:]] == [{"srvid": srvid, "extname": "locks"} for srvid in (1, 2)]


@pytest.mark.parametrize(
    ("archivist", "changes", "values"),
    [
        (POWA_5, {}, {"added_manually": True}),
        (POWA_5, {"enabled": False}, {"added_manually": True, "enabled": False}),
        (POWA_5, {"retention": "7 days"}, {"added_manually": True}),
        (LATER_POWA_5, {"retention": "7 days"}, {"added_manually": True, "retention": "7 days"}),
        (LATER_POWA_5, {}, {"added_manually": True, "retention": None}),
    ],
)
def test_what_is_written_for_a_server(archivist, changes, values):
    assert config(archivist, **changes) == [values, values]


def test_each_table_of_the_registry_is_read_by_the_names():
    tables = LATER_POWA_5.registry_tables(["a"])
    assert len(tables) == 7 and all(table.column in table.key and table.values == ("a",) for table in tables)


@pytest.mark.parametrize(
    ("enabled", "databases", "dbnames"),
    [(None, None, None), (True, ("app",), ["app"]), (False, ("app",), []), (False, None, [])],
)
def test_a_datasource_of_databases(enabled, databases, dbnames):
    module = DatabaseModule("powa.powa_locks_src_tmp", {150000: "SELECT 15", 0: "SELECT 0"}, databases)
    rows = LATER_POWA_5.database_module_rows(registration(enabled=enabled), module)
    assert rows[0].values["tmp_table"] == "powa.powa_locks_src_tmp"
    assert [row.values["function_name"] for row in rows[1:5]] == [function.name for function in FUNCTIONS]
    assert [(row.key["min_version"], row.values["query_source"]) for row in rows[5:7]] == [
        (0, "SELECT 0"),
        (150000, "SELECT 15"),
    ]
    assert [(row.srvid, row.values["dbnames"]) for row in rows[7:]] == [(1, dbnames), (2, dbnames)]
    assert all(row.of_databases for row in rows)


@pytest.mark.parametrize(("scope_database", "kind"), [(False, "extension"), (True, "db_module")])
def test_since_5_1_2_a_datasource_may_be_kept_longer(scope_database, kind):
    assert literals(LATER_POWA_5.retention("locks", scope_database)) == ["locks", kind]
    assert literals(POWA_5.retention("locks", scope_database)) == []


def test_the_collector_puts_the_schema_into_a_cleanup():
    assert POWA_5.cleanup_call("powa_locks_cleanup") == "SELECT {powa}.powa_locks_cleanup(0)"


def test_no_table_beside_the_registry_lists_extensions():
    assert POWA_5.extension_tables(["x"]) == [] and POWA_5.extension_rows("x", [1]) == []


ROLES = {name: "real_" + name for name in ("powa_admin", "powa_snapshot", "powa_read_all_data")}


def test_each_role_of_powa_gets_its_rights():
    found = Archivist5((5, 0, 2), "powa", "powa", 170000, ROLES).grantees("coll")
    assert found.history["real_powa_read_all_data"] == ("SELECT",)
    assert "TRUNCATE" in found.history["real_powa_snapshot"] and "REFERENCES" in found.history["real_powa_admin"]
    assert set(found.transient) == {"real_powa_admin", "real_powa_snapshot"}
    assert found.functions == ("real_powa_admin", "real_powa_snapshot")
    assert found.readers == ("real_powa_admin", "real_powa_snapshot", "real_powa_read_all_data")


def test_a_reader_reads_transient_tables_and_history_as_a_member():
    reads = {"reader": ("SELECT",)}
    with_role = Archivist5((5, 0, 2), "powa", "powa", 170000, {"powa_read_all_metrics": "metrics"})
    found = with_role.grantees(None, None, "reader")
    assert (found.history, found.transient, found.readers) == ({"metrics": ("SELECT",)}, reads, ("metrics",))
    without = Archivist5((5, 0, 2), "powa", "powa", 170000, {})
    assert without.grantees(None, None, "reader") == Grantees(reads, reads, (), ("reader",))
    assert without.grantees("coll", None, "reader").readers == ("reader", "coll")


def test_without_roles_of_powa_the_collector_has_the_rights():
    without = Archivist5((5, 0, 2), "powa", "powa", 170000, {})
    write = ("DELETE", "INSERT", "SELECT", "UPDATE")
    assert without.grantees("coll") == Grantees({"coll": write}, {"coll": write}, ("coll",), ("coll",))
    assert without.grantees(None) == Grantees({}, {}, (), ())
