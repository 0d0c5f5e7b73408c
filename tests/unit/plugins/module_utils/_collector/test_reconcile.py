# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What module collector plans and returns, as far as it needs no server."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._collector import reconcile
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import ALPHA, BETA, POWA_5
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder

SERVERS = [ALPHA, BETA]


def test_a_reload_is_a_change():
    plan = reconcile._plan({2: "running", 1: "running"}, SERVERS, True, [])
    assert plan.diff() == {
        "before": "powa-collector\n    worker of server first\n    worker of server beta:5432\n",
        "after": "powa-collector\n    worker of server first\n    worker of server beta:5432\n    reloaded\n",
    }


def test_without_a_reload_nothing_changes():
    assert not reconcile._plan({1: "running"}, SERVERS, False, []).changed


def test_each_snapshot_is_a_change():
    assert reconcile._plan({}, SERVERS, False, SERVERS).summary() == [
        "create snapshot of server first",
        "create snapshot of server beta:5432",
    ]


def test_a_worker_may_be_that_of_a_removed_server():
    removed = {"srvid": 9, "server": "removed", "status": "running", "errors": []}
    assert reconcile._returned(9, "running", SERVERS, {}) == removed
    assert reconcile._returned(1, "stopped", SERVERS, {})["server"] == "first"


def test_a_worker_has_the_errors_of_its_server():
    errors = reconcile._read_errors(Recorder({"powa_snapshot_metas": [(1, None, ["no entry"])]}), POWA_5, [1, 2])
    assert reconcile._returned(1, "stopped", SERVERS, errors)["errors"] == ["no entry"]
    assert reconcile._returned(2, "stopped", SERVERS, errors)["errors"] == []


def test_the_highest_number_that_a_server_ever_had():
    assert reconcile.read_last_srvid(Recorder({"powa_servers_id_seq": [(12,)]}), POWA_5) == 12
