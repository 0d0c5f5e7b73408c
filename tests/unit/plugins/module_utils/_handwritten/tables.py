# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hand-written datasource, its transient table and tasks about it, for the tests."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import SRVID, FoundFunction, FoundTable
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables import TransientTablesTask
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables_state import (
    MARK,
    TransientTablesState,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Table, TableColumn
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_5
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, rendered

APP = {"query_source": "app_src"}
COLUMNS = (TableColumn("ts", "date"), TableColumn("n", "integer"))
NAME = ("PoWA", "app_src")
SOURCE = FoundFunction(COLUMNS, None, None)
WRITE = ("DELETE", "INSERT", "SELECT", "TRUNCATE", "UPDATE")
TABLE = Table("PoWA", "app_src_tmp", MARK.format(*NAME), (SRVID, *COLUMNS), unlogged=True, grants={"snap": WRITE})


def found(extension=None, is_table=True, **changes):
    return FoundTable(replace(TABLE, **changes), 7, is_table, extension)


def server(table=None, archivist=POWA_5, **changes):
    parts = {
        "archivist": archivist,
        "extensions": {"powa": "PoWA", "ext": "ext"},
        "functions": {NAME: SOURCE},
        "tables": {("PoWA", "app_src_tmp"): table} if table else {},
        "registered": [],
        "roles": ["coll"],
    }
    return TransientTablesState(**dict(parts, **changes))


def task(*tables, role=None):
    made = TransientTablesTask({"tables": tables or [APP], "collector_role": role})
    assert made.problems == []
    return made


def refused(there, **changes):
    return task(dict(APP, **changes)).check(Recorder(), there)


def planned(there, **changes):
    return task(dict(APP, **changes)).plan(None, there)


def statements(plan):
    return rendered(write for change in plan.changes for write in change.writes)
