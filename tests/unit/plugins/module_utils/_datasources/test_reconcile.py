# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task of module datasources, as far as it needs no server."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources import reconcile
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.local_mode import LocalMode
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.reconcile import (
    DatasourcesTask,
    Resolved,
    plan_datasources,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.creators import Creator
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    LOCKS,
    REMOTE,
    REPOSITORY,
    catalog_of,
    definition,
    state,
    wanted,
)

PARAMS = {
    "datasources": [LOCKS],
    "server_kind": ["remote"],
    "monitoring_role": "mon",
    "collector_role": None,
    "revoke_create": False,
    "web_role": None,
    "reader_role": None,
    "state": "present",
    "history": "keep",
    "remote_results": None,
    "ready_servers": None,
    "timeout": 60,
}


def task(**changes):
    return DatasourcesTask(dict(PARAMS, **changes))


def test_the_parameters_of_a_task():
    found = task(datasources=[LOCKS, {"name": "old", "state": "absent"}], state="exact", history="drop")
    assert found.definitions == [definition()] and found.removals == [Removal("old", False)]
    assert (found.side, found.exact, found.drop_history, found.problems) == (REMOTE, True, True, [])


def test_only_local_mode_has_a_monitoring_role_by_default():
    for kinds, role in ((["local"], "powa_monitor"), (["local", "remote"], "powa_monitor"), (["remote"], None)):
        assert task(server_kind=kinds, monitoring_role=None).side.monitoring_role == role
    assert task(server_kind=["local"]).side.monitoring_role == "mon"
    assert not task().side.revoke_create and task(revoke_create=True).side.revoke_create


def test_local_mode_begins_with_its_roles():
    side = Side(("local",), "mon", None, revoke_create=True)
    own = LocalMode({}, [Creator("public", "", False, False, "postgres")], "powa")
    found = state(own_queries=own)
    made = [wanted(definition(), side)]
    lines = plan_datasources(None, Resolved(found, [definition()], [], made), side).summary()
    assert lines[:3] == ["create role mon", "create role powa_queries", "change schema public"]
    assert "create function public.powa_locks_run" in lines
    assert plan_datasources(None, Resolved(found, [], [], []), side).summary() == []


def test_history_is_dropped_only_of_what_goes():
    assert task(history="drop").problems == [
        'history: found "drop" with state "present", which removes nothing: use it with state "exact",'
        " or on a datasource of the list whose state is absent"
    ]


def test_a_task_names_a_kind_of_server():
    with pytest.raises(PowaError, match="server_kind: found an empty list, expected remote, repository or local"):
        task(server_kind=[])


def planned(definitions, removals=(), side=REPOSITORY, catalog=None):
    found = state(catalog=catalog or catalog_of())
    made = [wanted(entry, side, catalog=found.catalog) for entry in definitions if not entry.pause]
    return plan_datasources(None, Resolved(found, definitions, removals, made), side).summary()


def test_removals_come_first_and_the_registry_last():
    there = catalog_of(wanted(definition(name="old")))
    lines = planned([definition()], [Removal("old", False)], catalog=there)
    removed = [number for number, line in enumerate(lines) if line.startswith("remove")]
    rows = [number for number, line in enumerate(lines) if " row " in line]
    assert removed == list(range(len(removed))) and rows == list(range(rows[0], len(lines)))


def test_a_remote_has_no_registry():
    assert planned([definition()], side=REMOTE) == ["create function public.powa_locks_src"]


def test_a_paused_datasource_is_not_made():
    assert planned([definition(state="paused")]) == []


def test_a_datasource_that_is_held_back_names_the_servers():
    held = wanted(definition())._replace(held_back=frozenset([2]))
    found = Resolved(state(), [definition()], [], [held, wanted(definition(name="other"))])
    assert reconcile._waiting(found, REPOSITORY) == {"locks": ["first", "beta:5432"], "other": []}
    assert reconcile._held_back(found) == {"locks": ["beta:5432"]}
