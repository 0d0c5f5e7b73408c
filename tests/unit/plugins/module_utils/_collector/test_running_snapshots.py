# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running snapshots are waited for, and a running collector is asked for its workers."""

from __future__ import annotations

import json

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._collector import running_snapshots
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._collector.test_channel import Listening
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4, POWA_5
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, Session, literals


def wait(still_running, timeout=60, idle=()):
    """Wait for the readers of the registry; each further look has the next answer.

    :param idle: the workers of the collector from which nothing comes
    """

    class Looks(Recorder):
        def execute(self, statement):
            super().execute(statement)
            if "idle in transaction" in self.statements[-1]:
                self._rows = [(name,) for name in idle]
            elif "virtualxid" in self.statements[-1]:
                self._rows = still_running.pop(0)

    cursor = Looks({"l.relation = ANY": [("3/1",), ("3/2",)]})
    running_snapshots.wait_for_snapshots(Session(cursor), POWA_5, timeout, "nothing changes yet")
    return cursor


def test_snapshots_that_began_before_are_waited_for(monkeypatch):
    monkeypatch.setattr(running_snapshots.time, "sleep", lambda _seconds: None)
    cursor = wait([[("3/2",)], []])
    assert literals(cursor.composed[0]) == [['"PoWA".powa_extension_config', '"PoWA".powa_db_module_config']]
    assert [literals(statement)[0] for statement in cursor.composed[1:]] == [["3/1", "3/2"], ["3/2"]]


def test_a_snapshot_that_runs_too_long():
    with pytest.raises(
        PowaError, match="1 snapshot that began before this task still runs after -1 s, so nothing changes yet: run"
    ):
        wait([[("3/2",)]], timeout=-1)


def test_a_worker_of_the_collector_that_has_ended():
    worker = "PoWA collector - repo_conn for worker db1:5432"
    with pytest.raises(
        PowaError, match='nothing has come from "{0}" meanwhile.* restart powa-collector'.format(worker)
    ):
        wait([[("3/2",)]], timeout=-1, idle=[worker])


def test_no_snapshot_runs():
    cursor = Recorder()
    running_snapshots.wait_for_snapshots(Session(cursor), POWA_4, 0, "")
    assert len(cursor.statements) == 1


def asked(runs):
    """Return the servers with a worker of which the second has ended, and the connection."""

    def answer(message):
        _command, _channel, srvid = message.split()
        workers = {"1": {"1": "running"}, "2": {"2": "stopped"}}.get(srvid, {})
        return "WORKERS_STATUS OK " + json.dumps(workers)

    raw = Listening(answer)
    raw.answers["pg_stat_activity"] = [(runs,)]
    session = Session(raw)
    session.raw = raw
    return running_snapshots.with_worker(session, [1, 2, 3], 60), raw


def test_a_running_collector_is_asked_for_the_workers_of_servers():
    working, raw = asked(True)
    assert working == {1}
    # The task goes on with transactions.
    assert raw.sessions[-1] == {"autocommit": False}


def test_no_collector_is_asked_where_none_runs():
    working, raw = asked(False)
    assert working == set() and len(raw.statements) == 1
