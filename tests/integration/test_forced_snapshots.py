# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots that the real powa-collector is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from datasources import LOCK_MODES
from servers import Database, running_collector, wait_until

with_collector_1_3 = pytest.mark.parametrize("server", ["5"], ids=["powa5"], indirect=True, scope="session")
with_collector_1_2 = pytest.mark.parametrize("server", ["4"], ids=["powa4"], indirect=True, scope="session")


def register_itself(database: Database, **options: Any) -> int:
    """Register the database as a remote of itself, of which the collector hardly takes a snapshot unasked."""
    server = dict(
        {"hostname": "127.0.0.1", "alias": "itself", "username": "postgres", "dbname": database.name}, **options
    )
    return int(database.ok("servers", servers=[dict({"frequency": 3600}, **server)])["servers"][0]["srvid"])


def samples(database: Database, srvid: int) -> int:
    """Return how many snapshots the datasource has samples of."""
    return int(
        database.value(
            "SELECT count(DISTINCT (record).ts) FROM powa_lock_modes_history_current WHERE srvid = %s", (srvid,)
        )
    )


@with_collector_1_3
def test_the_collector_takes_a_snapshot_of_what_the_remote_has_now(database: Database) -> None:
    database.ok("datasources", server_kind=["repository", "remote"], monitoring_role="powa", datasources=[LOCK_MODES])
    srvid = register_itself(database)
    with running_collector(database):
        # Its own first snapshot is at a random time within the hour.
        database.ok("collector", timeout=60)
        assert database.ok("collector", check=True, snapshot=["itself"]).changed
        assert samples(database, srvid) == 0
        taken = database.ok("collector", snapshot=["itself"], timeout=60)
        assert taken.changed and taken["snapshots"] == [{"server": "itself", "srvid": srvid, "errors": []}]
        assert samples(database, srvid) == 1

        late = database.run("collector", snapshot=["itself"], timeout=2)
        assert late.failed
        assert 'within 2 s, powa-collector took no snapshot of server "itself"' in late["msg"]
        assert '(it says "Last snapshot was less than 10s. ago")' in late["msg"]
        # It may be asked again 10 s after the last.
        database.ok("collector", snapshot=["itself"], timeout=60)
        assert samples(database, srvid) == 2

        database.sql("ALTER TABLE powa_lock_modes_history_current RENAME TO hidden")
        broken = database.run("collector", snapshot=["127.0.0.1:5432"], timeout=60)
        assert broken.failed and 'the snapshot of server "itself" had errors' in broken["msg"]
        (snapshot,) = broken["snapshots"]
        assert "powa_lock_modes_history_current" in snapshot["errors"][0]
        allowed = database.ok("collector", snapshot=["itself"], timeout=60, fail_on_errors=False)
        assert allowed["snapshots"][0]["errors"]


@with_collector_1_3
def test_servers_that_it_can_not_take_one_of_are_refused_before_it_is_asked(database: Database) -> None:
    register_itself(database)
    register_itself(database, hostname="localhost", alias="idle", frequency=-1)
    with running_collector(database):
        asked = database.run("collector", snapshot=["idle", "nix", "itself"])
        assert asked.failed
        assert 'server "idle" is disabled (its frequency is -1)' in asked["msg"]
        assert 'server "nix" is not registered here' in asked["msg"]


@with_collector_1_3
def test_a_snapshot_of_a_remote_that_is_down_ends_with_its_error(database: Database) -> None:
    register_itself(database, hostname="db9.invalid", alias="gone")
    with running_collector(database):
        wait_until(
            lambda: database.value("SELECT errors FROM powa_snapshot_metas WHERE srvid > 0"), "the worker has failed"
        )
        late = database.run("collector", snapshot=["gone"], timeout=4)
        assert late.failed and 'within 4 s, powa-collector took no snapshot of server "gone"' in late["msg"]
        assert "db9.invalid" in late["msg"]


@with_collector_1_2
def test_an_old_collector_says_that_it_can_not(database: Database) -> None:
    register_itself(database)
    with running_collector(database):
        refused = database.run("collector", snapshot=["itself"], timeout=60)
        assert (
            refused.failed
            and "does not know the command FORCE_SNAPSHOT, expected version 1.3 or later: update it" in refused["msg"]
        )
