# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks need to know that change the password of a remote."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.filter.rotating import rotating as filtered
from ansible_collections.pgfleet.powa.plugins.module_utils._sql.rotation import DUE
from ansible_collections.pgfleet.powa.plugins.plugin_utils._kept_passwords import kept_remotes
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rotation import OUTSIDE
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rotation_steps import rotating
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.test__rotation import declare

SERVER = {"hostname": "10.0.0.1", "port": 5433, "alias": "a", "username": "powa_monitor"}
STANDBY = {"hostname": "10.0.0.2", "port": 5432, "alias": "b", "username": "powa_monitor"}
COLLECTOR = {"host": "c", "path": "/etc/powa-collector.pgpass", "user": "powa"}
WEB = {"host": "w", "path": "/etc/powa-web/pgpass", "user": ""}


def test_a_remote_and_what_follows_it():
    found = declare()
    remote = {
        "host": "a",
        "repository": "hub",
        "hostname": "10.0.0.1",
        "port": 5433,
        "role": "powa_monitor",
        "due": DUE,
        "sessions": "\n".join(
            "PoWA collector - repo_conn for worker " + name for name in ("10.0.0.1:5433", "a", "10.0.0.2:5432", "b")
        ),
        "search_path": ["pg_catalog", "public", "pg_temp"],
        "files": [COLLECTOR, WEB],
        "servers": [SERVER, STANDBY],
        "stores": False,
    }
    assert rotating(found, "c") == filtered("c", found.fleet, found.hostvars) == [remote]
    assert "new" not in str(remote) and rotating(found, OUTSIDE) == []


def test_a_password_that_the_repository_stores_is_in_no_file_of_the_collector():
    (remote,) = rotating(declare(stores=True), "c")
    assert remote["stores"] and remote["files"] == [WEB]


def test_nothing_is_written_on_a_host_of_powa_web_that_may_not_change():
    (remote,) = rotating(declare(manage_web=False), "c")
    assert remote["files"] == [COLLECTOR]


def test_collectors_outside_a_limit():
    found = declare(only=["a"], outside=["hub"])
    (remote,) = rotating(found, OUTSIDE)
    # powa-web's host is not in the run, nor is the standby.
    assert remote["files"] == [COLLECTOR] and remote["servers"] == [SERVER] and rotating(found, "c") == []


def test_what_has_changed_and_what_is_lost():
    assert rotating(declare(facts={"__remote_rotated": {"changed": True}}), "c") == rotating(declare(lost=["a"]), "c")
    assert rotating(declare(lost=["c"]), "c") == []


def test_a_standby_follows_its_own_primary_only():
    found = declare()
    for name, system in (("a", "1"), ("b", "2")):
        found.hostvars[name]["__common_seen"]["server"]["system_identifier"] = system
    (remote,) = rotating(found, "c")
    # It keeps its line, and nothing waits for its snapshots.
    assert remote["servers"] == [SERVER] and "10.0.0.2" not in remote["sessions"]
    rotated = declare(facts={"__remote_rotated": {"changed": True}})
    assert kept_remotes(rotated) == []
    rotated.hostvars["a"]["__common_seen"]["server"]["system_identifier"] = "1"
    assert kept_remotes(rotated) == ["b"]
    rotated.hostvars["b"]["__common_seen"]["server"]["system_identifier"] = "1"
    assert kept_remotes(rotated) == []


def test_postgresql_cuts_names_of_sessions_by_bytes():
    found = declare()
    found.fleet["remotes"]["a"]["server"]["alias"] = "a" * 22 + "éé"
    sessions = rotating(found, "c")[0]["sessions"].splitlines()
    assert sessions[1] == "PoWA collector - repo_conn for worker " + "a" * 22 + "é"
    assert len(sessions[1].encode()) == 62


def test_a_session_that_waits_idle_is_no_running_snapshot():
    assert "a.xact_start IS NOT NULL" in DUE
