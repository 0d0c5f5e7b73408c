# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task of module servers, as far as it needs no server."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.stored import Damaged
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import NEVER
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.reconcile import Resolved, ServersTask
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._servers.repository import repository
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import ALPHA as ALPHA_SERVER
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, Session, literals

ALPHA = {"hostname": "alpha", "port": 5432}


def task(*servers, **changes):
    return ServersTask(
        {
            "servers": servers,
            "state": "present",
            "history": "keep",
            "register_datasources": True,
            "timeout": 60,
            "exact_max": None,
            **changes,
        }
    )


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


def written(history="drop", frequency=60, **answers):
    """Delete server alpha, and return the task, its plan and the statements."""

    class Answering(Recorder):
        def execute(self, statement):
            super().execute(statement)
            if "pg_stat_activity" in self.statements[-1]:
                self._rows = [(bool(answers),)]

    server = replace(ALPHA_SERVER, values={**ALPHA_SERVER.values, "frequency": frequency})
    session, found = Session(Answering()), task(dict(ALPHA, state="absent", history=history))
    wanted = Resolved(repository(servers=[server]), {})
    planned = Planned(wanted, found.plan(None, wanted))
    found._apply = lambda cursor: planned
    found.prepare(session, planned)
    found.write(session, planned)
    return found, session


def test_a_server_is_disabled_before_it_is_deleted():
    found, session = written()
    assert session.transactions == ["write", "read", "read", "write"]
    assert "SET username" in session.cursor.statements[0] and "-1" in str(literals(session.cursor.composed[0]))
    # What it was before is what the task shows.
    (before,) = found.stopped.values()
    assert before.values["frequency"] == 60 and found.changes.collector_action == "restart"


def test_a_disabled_server_needs_no_restart_when_it_is_deleted():
    found, session = written(frequency=NEVER)
    assert session.transactions == ["read", "read", "write"] and found.changes.collector_action == "none"


def test_where_nothing_is_deleted_nothing_is_waited_for():
    _found, session = written(history="keep")
    assert session.transactions == ["write"]
