# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A statement that takes too long is asked to stop, then its session is ended, then its connection."""

from __future__ import annotations

import socket
import threading

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.time_limit import TimeLimit
from psycopg2 import OperationalError


class Raw:
    """A connection that notes what is done to it, and says so once a step was taken."""

    def __init__(self, cancel_fails=False):
        self.ours, self.theirs = socket.socketpair()
        self.steps = []
        self.cancel_fails = cancel_fails
        self.stepped = threading.Semaphore(0)

    def get_backend_pid(self):
        return 7

    def fileno(self):
        return self.ours.fileno()

    def cancel(self):
        self.note("cancel")
        if self.cancel_fails:
            raise OperationalError("gone")

    def note(self, step):
        self.steps.append(step)
        self.stepped.release()

    def limit(self, seconds, grace_seconds):
        return TimeLimit(self, seconds, self.note, grace_seconds)

    def close(self):
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def raw():
    made = Raw()
    yield made
    made.close()


def test_what_ends_in_time_is_left_alone(raw):
    with raw.limit(60, 60) as limit:
        pass
    assert not limit.exceeded and raw.steps == []


@pytest.mark.parametrize("cancel_fails", [False, True])
def test_a_statement_is_asked_to_stop_first(raw, cancel_fails):
    raw.cancel_fails = cancel_fails
    with raw.limit(0, 60) as limit:
        raw.stepped.acquire(timeout=10)
    assert limit.exceeded and raw.steps == ["cancel"]


def test_its_session_is_ended_next(raw):
    with raw.limit(0, 0.01):
        assert raw.theirs.recv(1) == b"", "in the end the connection is hung up"
    assert raw.steps == ["cancel", 7]


def test_a_connection_that_is_gone_already(raw):
    raw.ours.shutdown(socket.SHUT_RDWR)
    raw.theirs.close()
    with raw.limit(0, 0) as limit:
        for _step in range(2):
            raw.stepped.acquire(timeout=10)
    assert limit.exceeded and raw.steps == ["cancel", 7]
