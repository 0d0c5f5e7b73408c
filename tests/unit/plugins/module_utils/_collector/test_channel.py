# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The running collector is asked over NOTIFY, and answers the same way."""

from __future__ import annotations

import re
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
        self.sent = []
        self.listened = []

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
        self.listened += re.findall('LISTEN "(.*)"', self.statements[-1])
        if "pg_notify" in self.statements[-1]:
            messages = literals(statement)[1]
            self.sent.append(messages)
            answers = [self.answer(message) for message in messages]
            self.notifies += [notify(text, self.listened[-1]) for text in answers if text is not None]


def notify(payload, channel):
    return SimpleNamespace(payload=payload, channel=channel)


def collector(answer, timeout=60):
    return Collector(SimpleNamespace(raw=Listening(answer)), timeout)


def test_workers_that_have_not_ended():
    assert at_work({1: "running", 2: "stopped", 3: "unknown"}) == {1, 3}


def test_it_listens_on_a_channel_of_its_own():
    asked = collector(lambda message: "RELOAD OK")
    asked.reload()
    asked.reload()
    assert asked.cursor.listened == ["pgfleet_powa_17_1", "pgfleet_powa_17_2"]
    assert asked.cursor.sessions == ["rollback", {"autocommit": True}]


def test_every_server_is_asked_for_by_its_number():
    def answer(message):
        command, channel, srvid = message.split()
        assert channel == "pgfleet_powa_17_1"
        return '{0} OK {{"{1}": "running"}}'.format(command, srvid) if srvid != "2" else "WORKERS_STATUS OK {}"

    asked = collector(answer)
    assert asked.workers([1, 2, 3]) == {1: "running", 3: "running"}
    assert len([text for text in asked.cursor.statements if "pg_notify" in text]) == 1


def test_a_reload():
    asked = collector(lambda message: "RELOAD OK")
    asked.reload()
    assert literals(asked.cursor.composed[-1]) == ["powa_collector", ["RELOAD pgfleet_powa_17_1"]]


def test_a_refusal():
    with pytest.raises(PowaError, match=r"powa-collector refused RELOAD \(ERROR not you\): log in as a superuser"):
        collector(lambda message: "RELOAD ERROR not you").reload()


def test_a_snapshot_may_be_refused():
    assert collector(lambda message: "FORCE_SNAPSHOT KO too soon").force_snapshot(1) == Answer("KO", "too soon")


def test_nobody_answers():
    with pytest.raises(PowaError, match="no powa-collector answered RELOAD within 0 s: check that its service runs"):
        collector(lambda message: None, timeout=0).reload()


def test_answers_to_other_questions_are_passed_over():
    asked = collector(lambda message: "RELOAD OK")
    asked.cursor.notifies.append(notify("RELOAD KO", "pgfleet_powa_17_0"))
    asked.cursor.notifies.append(notify("", "another"))
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


def silent(monkeypatch):
    """Nothing comes while one waits, and each look at the clock takes half a second."""
    monkeypatch.setattr("select.select", lambda *waiting: ([], [], []))
    seconds = count(step=0.5)
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))


def test_a_collector_that_sleeps_is_woken(monkeypatch):
    silent(monkeypatch)
    asked = collector({"WORKERS_STATUS -": "RELOAD OK"}.get)
    asked.reload()
    assert asked.cursor.sent == [["RELOAD pgfleet_powa_17_1"], ["WORKERS_STATUS -"]]


def test_a_collector_that_was_not_there_yet_is_asked_again(monkeypatch):
    silent(monkeypatch)
    question = "WORKERS_STATUS pgfleet_powa_17_1 1"
    heard = iter([None, None, None, 'WORKERS_STATUS OK {"1": "running"}'])
    asked = collector(lambda message: next(heard) if message == question else None)
    assert asked.workers([1]) == {1: "running"}
    asked_at = [number for number, messages in enumerate(asked.cursor.sent) if messages == [question]]
    pauses = [later - earlier for earlier, later in zip(asked_at, asked_at[1:])]
    assert len(pauses) == 3 and pauses == sorted(pauses) and pauses[2] > pauses[0]


def test_what_changes_something_is_asked_once(monkeypatch):
    silent(monkeypatch)
    asked = collector(lambda message: None, timeout=30)
    with pytest.raises(PowaError, match="no powa-collector answered RELOAD within 30 s"):
        asked.reload()
    assert asked.cursor.sent.count(["RELOAD pgfleet_powa_17_1"]) == 1
