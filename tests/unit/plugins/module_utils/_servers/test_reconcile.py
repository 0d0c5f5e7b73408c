# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task of module servers, as far as it needs no server."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.stored import Damaged
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.reconcile import Resolved, ServersTask
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._servers.repository import repository
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, Session

ALPHA = {"hostname": "alpha", "port": 5432}


def task(*servers, **changes):
    return ServersTask(dict({"servers": servers, "state": "present", "history": "keep"}, **changes))


def test_the_parameters_of_a_task():
    found = task(ALPHA, state="exact", history="drop")
    assert (found.exact, found.drop_history, found.problems) == (True, True, [])


def test_history_is_dropped_only_of_what_goes():
    assert task(ALPHA, history="drop").problems == [
        'history: found "drop" with state "present", which removes nothing: use it with state "exact",'
        " or on a server of the list whose state is absent"
    ]


def test_what_the_module_returns():
    damaged = Damaged("broken", "function f", "none")
    wanted = Resolved(repository(damaged={"broken": damaged}, declared=frozenset([1])), {})
    found = task(ALPHA)
    plan = found.plan(None, wanted)
    assert found.result(Session(Recorder()), Planned(wanted, plan), False) == {
        "collector_action": "none",
        "servers": [{"srvid": 1, "hostname": "alpha", "port": 5432, "alias": "first"}],
        "others": ["beta:5432"],
        "powa_version": "5.0.2",
        "warnings": [damaged.problem],
    }


def test_servers_are_read_again_once_they_are_written():
    wanted = Resolved(repository(), {})
    row = {"id": 9, "hostname": "alpha", "port": 5432, "alias": None}
    found = task(ALPHA)
    result = found.result(
        Session(Recorder({"powa_servers": [(row,)]})), Planned(wanted, found.plan(None, wanted)), True
    )
    assert [server["srvid"] for server in result["servers"]] == [9]


def test_what_a_task_refuses():
    found = task(dict(ALPHA, extensions=["x"]))
    (problem,) = found.check(None, Resolved(repository(), {}))
    assert "found x, which this repository does not know" in problem
