# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The running collector is asked over NOTIFY, and answers the same way."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._collector.channel import Answer, Collector, at_work
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals


class Listening(Recorder):
    """The driver's connection and its cursor, with a collector that has an answer to each message.

    :param answer: from a message to what is sent back, or None for nothing
    """

    def __init__(self, answer):
        super().__init__({"pg_backend_pid": [(17,)]})
        self.answer = answer
        self.notifies = []
        self.sessions = []

    def cursor(self):
        return self

    def rollback(self):
        self.sessions.append("rollback")

    def set_session(self, **session):
        self.sessions.append(session)

    def poll(self):
        """Nothing is to be fetched."""

    def execute(self, statement):
        super().execute(statement)
        if "pg_notify" in self.statements[-1]:
            answers = [self.answer(message) for message in literals(statement)[1]]
            self.notifies += [SimpleNamespace(payload=text) for text in answers if text is not None]


def collector(answer, timeout=60):
    return Collector(SimpleNamespace(raw=Listening(answer)), timeout)


def test_workers_that_have_not_ended():
    assert at_work({1: "running", 2: "stopped", 3: "unknown"}) == {1, 3}


def test_it_listens_on_a_channel_of_its_own():
    cursor = collector(lambda message: None).cursor
    assert cursor.statements[-1] == 'LISTEN "pgfleet_powa_17"'
    assert cursor.sessions == ["rollback", {"autocommit": True}]


def test_every_server_is_asked_for_by_its_number():
    def answer(message):
        command, channel, srvid = message.split()
        assert channel == "pgfleet_powa_17"
        return '{0} OK {{"{1}": "running"}}'.format(command, srvid) if srvid != "2" else "WORKERS_STATUS OK {}"

    asked = collector(answer)
    assert asked.workers([1, 2, 3]) == {1: "running", 3: "running"}
    assert len([text for text in asked.cursor.statements if "pg_notify" in text]) == 1


def test_a_reload():
    asked = collector(lambda message: "RELOAD OK")
    asked.reload()
    assert literals(asked.cursor.composed[-1]) == ["powa_collector", ["RELOAD pgfleet_powa_17"]]


def test_a_refusal():
    with pytest.raises(PowaError, match=r"powa-collector refused RELOAD \(ERROR not you\): log in as a superuser"):
        collector(lambda message: "RELOAD ERROR not you").reload()


def test_a_snapshot_may_be_refused():
    assert collector(lambda message: "FORCE_SNAPSHOT KO too soon").force_snapshot(1) == Answer("KO", "too soon")


def test_nobody_answers():
    with pytest.raises(PowaError, match="no powa-collector answered RELOAD within 0 s: check that its service runs"):
        collector(lambda message: None, timeout=0).reload()


def test_answers_to_other_commands_are_passed_over():
    asked = collector(lambda message: "RELOAD OK")
    asked.cursor.notifies.append(SimpleNamespace(payload="WORKERS_STATUS OK {}"))
    asked.cursor.notifies.append(SimpleNamespace(payload=""))
    asked.reload()
    assert asked.cursor.notifies == []


def test_waiting_ends_once_every_worker_runs_or_has_ended(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    statuses = iter(["{}", '{"1": "unknown"}', '{"1": "running"}'])
    asked = collector(lambda message: "WORKERS_STATUS OK " + next(statuses))
    assert asked.wait_for({1}, [1]) == {1: "running"}


def test_waiting_ends_with_the_time():
    asked = collector(lambda message: "WORKERS_STATUS OK {}", timeout=1)
    assert asked.wait_for({1}, [1]) == {} and asked.remaining > 0


def test_a_last_answer_that_is_late_does_not_count(monkeypatch):
    """A worker that never runs is reported as it was, and the collector has answered."""
    seconds = count(step=0.2)
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr("select.select", lambda *waiting: ([], [], []))
    statuses = iter(['WORKERS_STATUS OK {"1": "no connection to remote server"}'])
    asked = collector(lambda message: next(statuses, None), timeout=2)
    assert asked.wait_for({1}, [1]) == {1: "no connection to remote server"}


def test_a_collector_that_sleeps_is_woken(monkeypatch):
    monkeypatch.setattr("select.select", lambda *waiting: ([], [], []))
    answers = {"WORKERS_STATUS -": "RELOAD OK"}
    asked = collector(answers.get)
    asked.reload()
    assert [literals(sent)[1] for sent in asked.cursor.composed[-2:]] == [
        ["RELOAD pgfleet_powa_17"],
        ["WORKERS_STATUS -"],
    ]
