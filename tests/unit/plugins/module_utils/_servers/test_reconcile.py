# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task of module servers, as far as it needs no server."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import Damaged
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import NEVER
from ansible_collections.pgfleet.powa.plugins.module_utils._servers import reconcile
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.reconcile import Resolved, ServersTask
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._servers.repository import repository
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import ALPHA as ALPHA_SERVER
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import BETA, server
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


def at_frequency(registered, frequency):
    return registered._replace(values={**registered.values, "frequency": frequency})


def written(history="drop", frequency=60, **answers):
    """Delete server alpha, and return the task, its plan and the statements."""

    class Answering(Recorder):
        def execute(self, statement):
            super().execute(statement)
            if "pg_stat_activity" in self.statements[-1]:
                self._rows = [(bool(answers),)]

    alpha = at_frequency(ALPHA_SERVER, frequency)
    session, found = Session(Answering()), task(dict(ALPHA, state="absent", history=history))
    wanted = Resolved(repository(servers=[alpha]), {})
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
    assert found.stopped == {1: 60} and found.changes.collector_action == "restart"


def test_a_disabled_server_needs_no_restart_when_it_is_deleted():
    found, session = written(frequency=NEVER)
    assert session.transactions == ["read", "read", "write"] and found.changes.collector_action == "none"


def test_where_nothing_is_deleted_nothing_is_waited_for():
    _found, session = written(history="keep")
    assert session.transactions == ["write"]


GAMMA, NEW_BETA = server(3, "gamma"), server(4, "beta")
DISABLED = at_frequency(BETA, NEVER)


@pytest.fixture
def exact(monkeypatch):
    """Return a task that deletes all servers but alpha, after what it has stopped, and what others then leave."""

    def passes(before, after, declared=(1, 2, 3, 4)):
        session, found = Session(Recorder({"pg_stat_activity": [(False,)]})), task(ALPHA, state="exact", history="drop")
        for servers, locked in ((before, False), (after, True)):
            state = repository(servers=servers, declared=frozenset(declared))
            monkeypatch.setattr(reconcile, "read_state", lambda _cursor, state=state: state)
            planned = found.planned(session.cursor, locked)
            if not locked:
                found.prepare(session, planned)
        return found, planned

    return passes


@pytest.mark.parametrize(
    ("after", "name"),
    [
        ([DISABLED, GAMMA], "gamma:5432"),
        # Nobody has looked whether it has a worker.
        ([DISABLED, at_frequency(GAMMA, NEVER)], "gamma:5432"),
        # Another task has removed the one that was stopped, and has registered it anew.
        ([NEW_BETA], "beta:5432"),
        # Another task collects from it again.
        ([at_frequency(BETA, 60)], "beta:5432"),
    ],
    ids=["registered", "registered and disabled", "registered anew", "enabled"],
)
def test_a_server_that_was_not_stopped_is_not_deleted(exact, after, name):
    with pytest.raises(ProblemsError) as refused:
        exact([ALPHA_SERVER, at_frequency(BETA, 60)], [ALPHA_SERVER, *after])
    assert refused.value.problems == [
        'server "{0}": this task would delete it and has not stopped it, since somebody registered, declared or enabled'
        " it meanwhile, so no server is deleted yet: run the task again".format(name)
    ]


def _by_address(servers):
    return repository(servers=servers).servers


@pytest.mark.parametrize("others_go_on", [False, True])
def test_what_others_enable_meanwhile_is_stopped_too(monkeypatch, others_go_on):
    session, found = Session(Recorder({"pg_stat_activity": [(False,)]})), task(ALPHA, state="exact", history="drop")
    enabled, disabled = ([ALPHA_SERVER, at_frequency(BETA, each)] for each in (60, NEVER))
    # After the first pass it is enabled again, once or each time.
    found_there = iter([enabled, enabled, *([enabled] * 3 if others_go_on else [disabled])])
    state = repository(declared=frozenset((1, 2, 3, 4)))
    monkeypatch.setattr(reconcile, "read_state", lambda _cursor: replace(state, servers=_by_address(next(found_there))))
    found._apply = lambda cursor: found.planned(cursor, locked=True)
    planned = found.planned(session.cursor, locked=False)
    found.prepare(session, planned)
    if others_go_on:
        with pytest.raises(ProblemsError, match="has not stopped it"):
            found.write(session, planned)
        return
    assert [server.srvid for server in found.write(session, planned) and found.changes.deleted] == [BETA.srvid]


def test_another_refusal_is_not_taken_for_a_server_to_stop(monkeypatch):
    session, found = Session(Recorder({"pg_stat_activity": [(False,)]})), task(ALPHA, state="exact", history="drop")
    state = repository(servers=[ALPHA_SERVER, at_frequency(BETA, 60)], declared=frozenset((1, 2)))
    monkeypatch.setattr(reconcile, "read_state", lambda _cursor: state)
    planned = found.planned(session.cursor, locked=False)
    found.active, stopped = [BETA], []
    monkeypatch.setattr(found, "_stop", lambda *args: stopped.append(args))

    def refused(_cursor):
        raise ProblemsError("the servers", ["too many"])

    found._apply = refused
    with pytest.raises(ProblemsError, match="too many"):
        found.write(session, planned)
    assert stopped == []


def test_a_server_is_registered_while_none_is_to_be_deleted(exact):
    with pytest.raises(ProblemsError, match='server "gamma:5432"'):
        exact([ALPHA_SERVER], [ALPHA_SERVER, GAMMA])
    # What no task has declared stays.
    assert exact([ALPHA_SERVER], [ALPHA_SERVER, GAMMA], declared=[1])[0].changes.others == ["gamma:5432"]


@pytest.mark.parametrize("frequency", [60, NEVER])
def test_a_server_that_is_at_rest_is_deleted_and_shown_as_before(exact, frequency):
    found, planned = exact([ALPHA_SERVER, at_frequency(BETA, frequency)], [ALPHA_SERVER, DISABLED])
    assert [gone.values["frequency"] for gone in found.changes.deleted] == [frequency]
    assert planned.plan.changed and found.changes.collector_action == ("none" if frequency == NEVER else "restart")


def test_a_server_that_somebody_else_has_deleted_is_not_deleted_again(exact):
    found, _planned = exact([ALPHA_SERVER, at_frequency(BETA, 60)], [ALPHA_SERVER])
    assert found.changes.deleted == []
