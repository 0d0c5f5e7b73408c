# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every task reads, checks and plans, and under the lock does all of that again before it writes."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core import pipeline
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, Session


class Example(pipeline.Task):
    """Notes its steps, and finds what it is told to find, each time the next.

    :param found: what the server has, each time that it is read
    """

    subject = "the examples"

    def __init__(self, found=("old", "old"), problems=(), resolved=(), checked=(), planned=()):
        super().__init__(problems)
        self.found = list(found)
        self.resolved, self.checked, self.refused = list(resolved), list(checked), list(planned)
        self.steps = []

    def read(self, cursor):
        self.steps.append("read")
        return self.found.pop(0)

    def resolve(self, cursor, found, locked):
        self.steps.append("resolve locked" if locked else "resolve")
        return found, self.resolved

    def check(self, cursor, wanted):
        self.steps.append("check")
        return self.checked

    def plan(self, cursor, wanted):
        self.steps.append("plan")
        plan = Plan()
        plan.add("example", wanted, "new", "make new of {0}".format(wanted))
        return plan

    def check_plan(self, cursor, wanted, plan, locked):
        self.steps.append("check plan locked" if locked else "check plan")
        return self.refused

    def result(self, connection, planned, written):
        return {"wanted": planned.wanted, "written": written}


FIRST = ["read", "resolve", "check", "plan", "check plan"]
LOCKED = ["read", "resolve locked", "check", "plan", "check plan locked"]


@pytest.fixture
def session(monkeypatch):
    session = Session(Recorder())

    @contextmanager
    def connected(params, read_only, subject, problems, checked_texts):
        session.opened = (read_only, subject, list(problems))
        yield session

    monkeypatch.setattr(pipeline, "connected", connected)
    return session


def test_the_steps_in_order_and_again_under_the_lock(session):
    task = Example()
    result = pipeline.reconcile(task, {}, False)
    assert task.steps == FIRST + LOCKED
    assert session.transactions == ["read", "write"]
    assert session.cursor.statements == ["make new of old"]
    assert (result["changed"], result["changes"], result["written"]) == (True, ["change example"], True)


def test_what_is_written_is_what_was_planned_under_the_lock(session):
    result = pipeline.reconcile(Example(found=("old", "other")), {}, False)
    assert session.cursor.statements == ["make new of other"]
    assert result["diff"]["before"] == "example\n    other\n" and result["wanted"] == "other"


def test_what_another_task_has_done_meanwhile_is_not_done_again(session):
    result = pipeline.reconcile(Example(found=("old", "new")), {}, False)
    assert session.cursor.statements == [] and result["changed"] is False


def test_check_mode_writes_nothing_and_returns_the_same_diff(session):
    task = Example()
    result = pipeline.reconcile(task, {}, True)
    assert task.steps == FIRST and task.check_mode
    assert session.opened[0] is True and session.transactions == ["read"]
    assert session.cursor.statements == []
    assert (result["changed"], result["written"]) == (True, False)
    assert result["diff"] == {"before": "example\n    old\n", "after": "example\n    new\n"}


def test_nothing_to_do_takes_no_lock(session):
    result = pipeline.reconcile(Example(found=("new",)), {}, False)
    assert session.transactions == ["read"]
    assert (result["changed"], result["diff"]) == (False, {"before": "", "after": ""})


def test_every_problem_at_once_and_before_anything_is_written(session):
    task = Example(problems=["a"], resolved=["b"], checked=["c"])
    with pytest.raises(ProblemsError) as caught:
        pipeline.reconcile(task, {}, False)
    assert caught.value.problems == ["a", "b", "c"]
    assert str(caught.value).startswith("3 problems in the examples:")
    assert task.steps == ["read", "resolve", "check"] and session.transactions == ["read"]


def test_a_plan_that_is_refused_is_not_written(session):
    with pytest.raises(ProblemsError, match="a view depends on it"):
        pipeline.reconcile(Example(planned=["a view depends on it"]), {}, False)
    assert session.transactions == ["read"] and session.cursor.statements == []


def test_what_is_refused_under_the_lock_is_not_written(session):
    class Late(Example):
        def check_plan(self, cursor, wanted, plan, locked):
            return ["too late"] if locked else []

    with pytest.raises(ProblemsError, match="too late"):
        pipeline.reconcile(Late(), {}, False)
    assert session.transactions == ["read", "write"] and session.cursor.statements == []


class Preparing(Example):
    """Has something to do before the lock."""

    def prepare(self, connection, planned):
        self.steps.append("prepare {0}".format(planned.wanted))
        connection.write(lambda cursor: cursor.execute("end what writes"))


def test_what_is_prepared_is_written_before_the_lock_and_stays(session):
    task = Preparing()
    pipeline.reconcile(task, {}, False)
    assert task.steps == [*FIRST, "prepare old", *LOCKED]
    assert session.transactions == ["read", "write", "write"]
    assert session.cursor.statements == ["end what writes", "make new of old"]


@pytest.mark.parametrize(("task", "check_mode"), [(Preparing(), True), (Preparing(found=("new",)), False)])
def test_nothing_is_prepared_that_is_not_written(session, task, check_mode):
    pipeline.reconcile(task, {}, check_mode)
    assert task.steps == FIRST and session.cursor.statements == []


def test_nothing_is_prepared_for_what_is_refused(session):
    task = Preparing(checked=["no"])
    with pytest.raises(ProblemsError):
        pipeline.reconcile(task, {}, False)
    assert session.cursor.statements == []


def test_problems_of_the_parameters_are_known_before_the_server_is(session):
    with pytest.raises(ProblemsError):
        pipeline.reconcile(Example(problems=["a"]), {}, False)
    assert session.opened == (False, "the examples", ["a"])


def test_a_task_without_checks_of_its_own_refuses_nothing(session):
    class Plain(Example):
        check = pipeline.Task.check
        check_plan = pipeline.Task.check_plan
        result = pipeline.Task.result

    assert sorted(pipeline.reconcile(Plain(), {}, False)) == ["changed", "changes", "diff"]
