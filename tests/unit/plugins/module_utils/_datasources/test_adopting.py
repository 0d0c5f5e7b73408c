# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task of module datasources where it adopts, as far as it needs no server."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.adopting import AdoptingTask
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.reconcile import Resolved
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.handwritten_history import (
    HandwrittenTable,
    Histories,
    HistoryColumn,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Table
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    LOCKS,
    REPOSITORY,
    catalog_of,
    definition,
    state,
    wanted,
)

pytestmark = pytest.mark.usefixtures("offline_driver")

PARAMS = {
    "datasources": [dict(LOCKS, adopt=True, adopt_history="old")],
    "server_kind": ["repository"],
    "monitoring_role": None,
    "collector_role": "coll",
    "revoke_create": False,
    "web_role": None,
    "reader_role": None,
    "state": "present",
    "history": "keep",
    "remote_results": None,
    "ready_servers": None,
    "timeout": 60,
}
COLUMNS = (
    HistoryColumn("srvid", "integer", True, True),
    HistoryColumn("ts", "timestamp with time zone", True),
    HistoryColumn("mode", "text", True, True),
    HistoryColumn("held", "bigint", True),
)
OLD = HandwrittenTable("public", "old", True, 8192, None, None, False, COLUMNS)


def resolved(*tables, objects=()):
    histories = Histories({(table.schema, table.name): table for table in tables})
    declared = definition(adopt=True, adopt_history="old")
    return Resolved(state(histories=histories), [declared], [], [wanted(declared, REPOSITORY)], objects)


def test_what_is_in_the_way_is_renamed_first_and_history_is_taken_last():
    aside = catalog_of(wanted(definition())).get(Table, "powa_locks_history").object
    lines = AdoptingTask(PARAMS).plan(None, resolved(OLD, objects=[(aside, "powa_locks_byhand")])).summary()
    assert lines[0] == "change table public.powa_locks_history"
    assert lines[-1] == "change history of table public.old"


def test_a_history_that_is_not_there_is_refused():
    (problem,) = AdoptingTask(PARAMS).check(None, resolved())
    assert problem.startswith('datasource "locks", adopt_history: this database has no table public.old')
    assert AdoptingTask(PARAMS).check(None, resolved(OLD)) == []
