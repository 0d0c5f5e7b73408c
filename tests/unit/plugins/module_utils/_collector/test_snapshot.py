# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots that a task takes itself."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._collector import snapshot
from ansible_collections.pgfleet.powa.plugins.module_utils._collector.snapshot import Resolved, SnapshotTask
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4, POWA_5
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, Session
from psycopg2 import Error, ProgrammingError


class Busy(Error):
    """Another session holds the lock."""

    pgcode = "55P03"


class Slow(Error):
    """The statement took longer than it may."""

    pgcode = "57014"


def task(*names, timeout=60, fail_on_errors=True):
    return SnapshotTask({"servers": names, "timeout": timeout, "fail_on_errors": fail_on_errors})


TABLES = ("powa_a_src_tmp", "powa_a_history")


def read(*names, local_mode=False, strangers=(), without_databases=(), empty=(), tables=TABLES):
    answers = {
        "proargtypes": strangers,
        '"powa_databases"': [(srvid,) for srvid in without_databases],
        "indkey": [(table,) for table in tables],
        '"powa_a_src_tmp"': empty if isinstance(empty, Error) else [(srvid,) for srvid in empty],
        "pg_extension": [("4.1.4", "public", "public", 150000, "powa")],
        ".powa_servers": [
            ({"id": 1, "hostname": "alpha", "port": 5432, "alias": "first"},),
            ({"id": 2, "hostname": "beta", "port": 5432, "alias": None},),
        ],
        "": [(local_mode,)],
    }
    return task(*names).read(Recorder(answers))


def test_servers_in_the_order_of_the_task():
    assert read("beta", "local", "first").srvids == [2, 0, 1]


def test_a_name_that_is_not_one_servers():
    found = read("omega", "first")
    assert found.srvids == [] and 'server "omega" is not registered here' in found.problems[0]
    assert task().resolve(None, found, False) == (found, found.problems)


def test_servers_from_which_nothing_has_ever_arrived():
    assert read("beta", "first").empty == frozenset()
    assert read("beta", "first", without_databases=[1, 2], empty=[2]).empty == {2}


def test_something_may_have_arrived_where_no_table_can_be_read():
    assert read("first", without_databases=[1], tables=()).empty == frozenset()
    assert read("first", without_databases=[1], empty=Busy()).empty == frozenset()
    with pytest.raises(Slow):
        read("first", without_databases=[1], empty=Slow())


EMPTY = Resolved(POWA_5, [1, 2, 0], [], True, frozenset([2]))


def test_a_server_without_anything_is_refused():
    (problem,) = task("first", "beta", "local").check(None, EMPTY)
    assert problem.startswith('server "beta": nothing has ever arrived from it, so there is nothing to take a snapshot')


def test_a_server_without_anything_is_left_out_if_the_task_says_so():
    cursor = Recorder({"errors": [([],)]})
    made = task("first", "beta", "local", fail_on_errors=False)
    assert made.check(None, EMPTY) == []
    plan = made.plan(cursor, EMPTY)
    assert plan.summary() == ["create snapshot of server first", "create snapshot of server local"]
    assert [entry["server"] for entry in made.result(None, Planned(EMPTY, plan), False)["snapshots"]] == ["beta"]
    session = Session(cursor)
    made.write(session, Planned(EMPTY, plan))
    assert session.transactions == ["write", "write"]
    snapshots = made.result(None, Planned(EMPTY, plan), True)["snapshots"]
    assert [(entry["server"], len(entry["errors"])) for entry in snapshots] == [("first", 0), ("beta", 1), ("local", 0)]


def test_no_snapshot_runs_code_of_strangers():
    assert read("first", strangers=[("public.f(integer)", "mallory")]).problems == [
        "function public.f(integer): a snapshot would run it with the rights of login_user, but it belongs to role"
        ' "mallory", which is neither a superuser nor the owner of the extension powa: check what it does, and give it'
        " to a superuser (ALTER FUNCTION ... OWNER TO), or unregister it"
    ]


@pytest.mark.parametrize(
    ("name", "local_mode", "number"), [("local", False, 1), ("local", True, 0), ("first", False, 0)]
)
def test_without_local_mode_there_is_no_local_server(name, local_mode, number):
    problems = task(name).check(None, Resolved(POWA_4, [0], [], local_mode))
    assert len(problems) == number
    assert all(
        problem.startswith('server "local": PostgreSQL has not loaded PoWA\'s library here') for problem in problems
    )


def test_each_snapshot_is_a_change():
    assert task("first", "local").plan(None, Resolved(POWA_5, [1, 0], [], True)).summary() == [
        "create snapshot of server first",
        "create snapshot of server local",
    ]


def taken(archivist, name, srvid):
    cursor = Recorder({"errors": [(["broken"],)], "pg_class": [("powa", "powa_a_src_tmp")]})
    made = task(name)
    wanted = Resolved(archivist, [srvid], [], True)
    session = Session(cursor)
    made.write(session, Planned(wanted, made.plan(cursor, wanted)))
    return list(made.taken.values()), cursor.statements, session.transactions


def test_each_snapshot_has_a_transaction_of_its_own():
    found, _statements, transactions = taken(POWA_5, "first", 1)
    assert found == [{"server": "first", "srvid": 1, "errors": ["broken"]}] and transactions == ["write"]


def test_the_collector_waits_where_it_can():
    _found, statements, _transactions = taken(POWA_5, "first", 1)
    assert sum("LOCK TABLE" in statement for statement in statements) == 1
    _found, local, _transactions = taken(POWA_5, "local", 0)
    assert len(local) == len(statements) - 2


def test_errors_fail_unless_the_task_says_otherwise():
    result = {"snapshots": [{"server": "a", "errors": ["x", "y"]}, {"server": "b", "errors": []}]}
    with pytest.raises(PowaError) as caught:
        snapshot.check_errors(result, True)
    assert (
        str(caught.value)
        == 'the snapshot of server "a" had errors; PoWA kept the samples of all other datasources: x; y'
    )
    assert caught.value.result == result
    snapshot.check_errors(result, False)
    snapshot.check_errors({"snapshots": []}, True)


def failing(error, timeout, srvid=1):
    made = task("first", timeout=timeout)
    wanted = Resolved(POWA_5, [srvid], [], True)
    cursor = Recorder({"powa_take_snapshot": error})
    return lambda: made.write(Session(cursor), Planned(wanted, made.plan(cursor, wanted)))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            Busy("x"),
            'the snapshot of server "first" was not taken, since another one was',
        ),
        (
            Slow("x"),
            'the snapshot of server "first" took more than 1500 ms and was undone, since the collector',
        ),
    ],
)
def test_a_snapshot_that_can_not_be_taken(error, sentence):
    with pytest.raises(PowaError) as caught:
        failing(error, -1)()
    assert str(caught.value).startswith(sentence)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now, self.pauses = 0.0, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        self.pauses.append(seconds)


def test_a_snapshot_that_gave_way_waits_for_its_turn(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(snapshot, "time", clock)
    with pytest.raises(PowaError) as caught:
        failing(Slow("x"), 5)()
    assert clock.pauses == [2.0, 2.0, 1.0]
    assert "(attempts until the timeout: 4): give a longer timeout" in str(caught.value)


def test_it_is_taken_once_the_server_is_fast_enough(monkeypatch):
    monkeypatch.setattr(snapshot, "time", Clock())
    made = task("first")
    wanted = Resolved(POWA_5, [1], [], True)
    cursor = Recorder({"powa_take_snapshot": Slow("x"), "errors": [([],)]})
    clock = snapshot.time
    monkeypatch.setattr(clock, "sleep", lambda _seconds: cursor.answers.pop("powa_take_snapshot"))
    made.write(Session(cursor), Planned(wanted, made.plan(cursor, wanted)))
    assert list(made.taken.values()) == [{"server": "first", "srvid": 1, "errors": []}]


def test_a_local_snapshot_has_no_limit_so_somebody_else_canceled_it():
    with pytest.raises(Slow):
        failing(Slow("x"), 60, srvid=0)()


def test_any_other_error_is_not_ours():
    with pytest.raises(ProgrammingError):
        failing(ProgrammingError("x"), -1)()
