# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots that the collector is to take now."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._collector import forced_snapshots
from ansible_collections.pgfleet.powa.plugins.module_utils._collector.channel import Answer
from ansible_collections.pgfleet.powa.plugins.module_utils._collector.forced_snapshots import (
    force_snapshots,
    servers_to_snapshot,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import ALPHA, BETA, POWA_5, server
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder

OFF = server(3, "gamma", frequency=-1)


class Asked:
    """A collector that promises or refuses, and the last snapshots of its servers at each look.

    :param answers: what it says to each request of a server, the last one again and again
    :param looks: time and errors of the last snapshot of each server, at each look
    :param seconds: how many looks there is time for
    """

    timeout = 60

    def __init__(self, answers, looks, seconds=10):
        self.answers = {srvid: list(said) for srvid, said in answers.items()}
        self.looks, self.left = list(looks), seconds
        self.asked = []
        self.cursor = self

    def execute(self, statement):
        self.rows = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def fetchall(self):
        return [(srvid, *row) for srvid, row in self.rows.items()]

    def force_snapshot(self, srvid):
        self.asked.append(srvid)
        said = self.answers[srvid]
        return said.pop(0) if len(said) > 1 else said[0]

    @property
    def remaining(self):
        self.left -= 1
        return self.left


OK, BUSY = Answer("OK", ""), Answer("KO", "too soon")


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch):
    monkeypatch.setattr(forced_snapshots.time, "sleep", lambda seconds: None)


def test_servers_by_their_names_and_each_once():
    assert servers_to_snapshot([ALPHA, BETA, OFF], ["beta", "first", "alpha"]) == [BETA, ALPHA]
    assert servers_to_snapshot([ALPHA], []) == []


def test_every_name_that_is_no_good():
    with pytest.raises(ProblemsError) as caught:
        servers_to_snapshot([ALPHA, OFF], ["omega", "gamma"])
    assert caught.value.problems[0].startswith('server "omega" is not registered here')
    assert caught.value.problems[1] == (
        'server "gamma:5432" is disabled (its frequency is -1), so the collector takes no snapshots of it:'
        " give it a frequency first"
    )


def test_a_snapshot_is_taken_once_its_time_has_changed():
    collector = Asked({1: [OK], 2: [OK]}, [{1: ("a", []), 2: ("a", ["old"])}, {1: ("b", []), 2: ("b", ["broken"])}])
    assert force_snapshots(collector, POWA_5, [BETA, ALPHA]) == [
        {"server": "beta:5432", "srvid": 2, "errors": ["broken"]},
        {"server": "first", "srvid": 1, "errors": []},
    ]
    assert sorted(collector.asked) == [1, 2]


def test_a_server_that_is_busy_is_asked_again():
    collector = Asked({1: [BUSY, OK]}, [{1: ("a", [])}, {1: ("b", [])}, {1: ("c", [])}])
    assert force_snapshots(collector, POWA_5, [ALPHA])[0]["errors"] == []
    assert collector.asked == [1, 1]


def test_an_old_collector_does_not_know_the_command():
    with pytest.raises(
        PowaError, match="does not know the command FORCE_SNAPSHOT, expected version 1.3 or later: update it"
    ):
        force_snapshots(Asked({1: [Answer("UNKNOWN", "")]}, [{1: ("a", [])}]), POWA_5, [ALPHA])


def test_what_did_not_come_in_time_is_named():
    collector = Asked({1: [OK], 2: [BUSY]}, [{1: ("a", ["no route"]), 2: ("a", [])}], seconds=3)
    with pytest.raises(PowaError) as caught:
        force_snapshots(collector, POWA_5, [ALPHA, BETA])
    assert str(caught.value) == (
        'within 60 s, powa-collector took no snapshot of server "first" (it agreed to take one, and the server\'s'
        ' errors are: no route), server "beta:5432" (it says "too soon"): give a longer timeout, or look at its log'
    )


def test_no_server_needs_no_answer():
    assert force_snapshots(Asked({}, [{}]), POWA_5, []) == [] and Recorder().statements == []
