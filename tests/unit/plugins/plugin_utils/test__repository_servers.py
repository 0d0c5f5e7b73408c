# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers that a repository registers."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.repository_servers import repository_servers
from ansible_collections.pgfleet.powa.plugins.plugin_utils._parts import NEEDS
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_servers import (
    address_of,
    collectors_of,
    deletions_wait,
    inventory_of,
    moved_from,
    remotes_of,
    servers_to_delete,
    servers_to_register,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import fleet, host, run

HUB = host(None, "10.0.0.9", ["powa_repositories"])


def declare(hosts, lost=(), only=None, **registered):
    return run(fleet({"hub": HUB, "other": HUB, **hosts}, run=only), lost=lost, **registered)


def registered(hostname, alias, **more):
    return {"hostname": hostname, "port": 5432, "alias": alias, "username": "powa_monitor", **more}


REMOTES = {"a": host("hub", "10.0.0.1"), "b": host("hub", "10.0.0.2"), "c": host("other", "10.0.0.3")}


def test_a_repository_registers_its_own_remotes():
    found = servers_to_register(declare(REMOTES), "hub")
    assert found == [
        registered("10.0.0.1", "a"),
        registered("10.0.0.2", "b"),
        {"hostname": "10.0.0.3", "port": 5432, "state": "absent"},
    ]
    declared = declare(REMOTES)
    assert repository_servers("hub", declared.fleet, declared.hostvars) == found


def test_only_remotes_of_this_run_that_it_has_not_lost():
    declared = declare(REMOTES, lost=["b"])
    assert list(inventory_of(declared, "hub")) == ["a", "b"] and list(remotes_of(declared, "hub")) == ["a"]
    assert list(remotes_of(declare(REMOTES, only=["b", "hub"]), "hub")) == ["b"]
    assert moved_from(declare(REMOTES, lost=["c"]), "hub") == []
    assert moved_from(declare(REMOTES, only=["a", "b"]), "hub") == []


def test_passwords_are_stored_only_if_that_is_wanted():
    passwords = {"a": {"powa_monitoring_password": 123}, "b": {"powa_monitoring_password": None}}
    hidden = servers_to_register(declare(REMOTES, **passwords), "hub")
    # An empty one clears what is stored; without a declared one, what is stored stays.
    assert hidden[0] == registered("10.0.0.1", "a", password="") and "password" not in hidden[1]
    stores = {"hub": host(None, "10.0.0.9", ["powa_repositories"], powa_store_passwords=True)}
    stored = servers_to_register(declare({**REMOTES, **stores}, **passwords), "hub")
    assert stored[0] == registered("10.0.0.1", "a", password="123") and "password" not in stored[1]


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1", "/var/run/postgresql"])
def test_an_address_that_each_machine_has_is_no_moved_remote(address):
    assert moved_from(declare({"c": host("other", address)}), "hub") == []


def test_an_address_of_its_own_is_no_moved_remote():
    assert moved_from(declare({"a": host("hub", "10.0.0.1"), "c": host("other", "10.0.0.1")}), "hub") == []
    port = {"a": host("hub", "10.0.0.1", powa_port=5433), "c": host("other", "10.0.0.1")}
    assert moved_from(declare(port), "hub") == [{"hostname": "10.0.0.1", "port": 5432, "state": "absent"}]
    # Nor is one of a remote that the run has lost.
    lost = {"a": host("hub", "10.0.0.1"), "c": host("other", "10.0.0.1")}
    assert moved_from(declare(lost, lost=["a"]), "hub") == []


def test_a_moved_remote_is_named_once_and_one_without_a_repository_never():
    hosts = {"c": host("other", "10.0.0.3"), "d": host("other", "10.0.0.3"), "e": host("", "10.0.0.4")}
    assert moved_from(declare(hosts), "hub") == [{"hostname": "10.0.0.3", "port": 5432, "state": "absent"}]


def test_the_collectors_of_a_repository():
    declared = run(fleet({"hub": HUB}, collectors=[("x", "hub", "x"), ("y", "other", "y")]))
    assert collectors_of(declared, "hub") == ["x"]


def test_a_server_is_named_by_its_address():
    assert address_of({"hostname": "db", "port": 5433}) == "db:5433"


def removed(*found, outside=(), **changes):
    """A remote that goes with its history, and one that stays; found are those that the repository has."""
    declared = fleet({"hub": HUB, **REMOTES}, outside=outside)
    declared["remotes"]["a"]["server"].update({"state": "absent", "history": "drop", **changes})
    return run(declared, hub={"__repository_registered": {"servers": [dict(server) for server in found]}})


def test_what_is_deleted_is_disabled_first():
    first = servers_to_register(removed(), "hub")[0]
    assert first["state"] == "absent" and "history" not in first
    there = {"hostname": "10.0.0.1", "port": 5432}
    gone = {**there, "state": "absent", "history": "drop"}
    assert servers_to_delete(removed(), "hub") == servers_to_delete(removed(dict(there, port=1)), "hub") == []
    assert servers_to_delete(removed(there), "hub") == [gone]
    assert servers_to_delete(removed(there, history="keep"), "hub") == servers_to_delete(removed(there), "other") == []
    # What a delegated task has found is not known by the name of the repository.
    assert servers_to_delete(removed(outside=["hub"]), "hub") == [gone]
    former = {"hostname": "old", "port": 5432}
    assert servers_to_delete(removed(former, renamed_from=former), "hub") == [{**gone, "renamed_from": former}]


ASKED = {"workers": [], "restart_required": False}
RESTARTED = {"workers": [], "restart_required": True}


@pytest.mark.parametrize(
    ("workers", "options", "waits"),
    [
        (ASKED, {}, False),
        (RESTARTED, {}, False),
        # Ansible may not restart it.
        (RESTARTED, {"manages": False}, True),
        # --tags left its parts out.
        ({}, {}, True),
        ({"skipped": True}, {}, True),
        (ASKED, {"lost": ["x"]}, True),
        (ASKED, {"only": ["hub", "a"]}, True),
        ({}, {"check_mode": True}, False),
    ],
)
def test_what_is_deleted_waits_for_every_collector(workers, options, waits):
    collector = host(None, "10.0.0.8", ["powa_collectors"], powa_manage_host=options.get("manages", True))
    declared = fleet({"hub": HUB, **REMOTES, "x": collector}, [("x", "hub", "10.0.0.8")], run=options.get("only"))
    declared["remotes"]["a"]["server"].update(state="absent", history="drop")
    found = run(
        declared,
        lost=options.get("lost", ()),
        check_mode=options.get("check_mode", False),
        hub={"__repository_registered": {"servers": [{"hostname": "10.0.0.1", "port": 5432}]}},
        x={"__collector_workers": workers},
    )
    sentences = deletions_wait(found, "hub")
    assert bool(sentences) == waits == NEEDS["delete_later"](found, "hub") != NEEDS["delete"](found, "hub")
    if waits:
        assert sentences[0].startswith("hub: 10.0.0.1:5432 and the history stay until a later run, since this one")
    assert deletions_wait(found, "other") == [] and not NEEDS["delete"](found, "other")
