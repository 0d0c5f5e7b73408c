# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is collected before a server has loaded its libraries."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.plugin_utils._connected import unconnected
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_servers import servers_to_register
from ansible_collections.pgfleet.powa.plugins.plugin_utils._unloaded import collectable, unloaded_libraries
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import fleet, host, run, seen

SERVER = {"hostname": "10.0.0.1", "port": 5432, "frequency": 30, "extensions": ["pg_qualstats", "pg_track_settings"]}


def declare(loaded="", **registered):
    """A remote whose running server has loaded these libraries, or of which nobody knows."""
    hosts = {
        "hub": host(None, "10.0.0.9", ["powa_repositories", "powa_collectors"]),
        "a": host("hub", "10.0.0.1", ["powa_remotes"]),
    }
    found = seen()
    if loaded is not None:
        found["server"]["settings"] = {"shared_preload_libraries": {"value": loaded}}
    return run(fleet(hosts, [("hub", "hub", "10.0.0.9")]), {"a": found}, **registered)


def test_nothing_is_collected_without_pg_stat_statements():
    found = declare()
    assert unloaded_libraries(found, "a") == ["pg_stat_statements", "pg_qualstats"]
    server = {"hostname": "10.0.0.1", "port": 5432, "extensions": ["pg_track_settings"], "state": "disabled"}
    assert collectable(found, "a", SERVER) == server
    assert collectable(found, "a", {**SERVER, "state": "absent"})["state"] == "absent"
    assert servers_to_register(found, "hub")[0]["state"] == "disabled"


def test_one_extension_waits_for_its_library():
    expected = {**SERVER, "extensions": ["pg_track_settings"]}
    assert collectable(declare("$libdir/pg_stat_statements"), "a", SERVER) == expected


def test_all_is_collected_once_the_libraries_are_loaded():
    for found in (
        declare("pg_qualstats, pg_stat_statements"),
        declare(None),
        declare(a={"__archivist_answers": {"is_available": True}}),
    ):
        assert unloaded_libraries(found, "a") == [] and collectable(found, "a", SERVER) == SERVER


def test_a_server_that_waits_for_its_restart_needs_no_worker():
    asked = {"__collector_workers": {"workers": []}, "__repository_registered": {"servers": []}}
    assert unconnected(declare(hub=asked), "hub") == []
    assert len(unconnected(declare("pg_stat_statements,pg_qualstats", hub=asked), "hub")) == 1


def registered(frequency, **changed):
    """What the repository has registered at the address of the remote, or at another one."""
    servers = [{"alias": None, "hostname": "10.0.0.1", "port": 5432, "frequency": frequency, **changed}]
    return {"__common_seen": seen(repository={"servers": servers})}


def test_a_server_that_is_collected_stays_as_it_is():
    found = declare(hub=registered(60))
    expected = {"hostname": "10.0.0.1", "port": 5432, "frequency": 30, "extensions": ["pg_track_settings"]}
    assert collectable(found, "a", SERVER) == expected
    server = servers_to_register(found, "hub")[0]
    # Its frequency is not declared, so the registered one stays.
    assert "state" not in server and "frequency" not in server
    # One that waits since an earlier run, and another server, wait on.
    for other in (registered(-1), registered(60, port=5433)):
        assert collectable(declare(hub=other), "a", SERVER)["state"] == "disabled"
    moved = declare(hub=registered(60, hostname="old"))
    assert collectable(moved, "a", SERVER)["state"] == "disabled"
    moved.fleet["remotes"]["a"]["server"]["renamed_from"] = {"hostname": "old", "port": 5432}
    assert "state" not in collectable(moved, "a", SERVER)
