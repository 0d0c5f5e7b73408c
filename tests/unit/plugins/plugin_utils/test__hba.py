# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of pg_hba.conf: who needs one, and whether it is there."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._hba import (
    collector_addresses,
    missing_rules,
    network,
    quoted,
    rules,
    web_addresses,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import fleet, host, line, run

LOOPBACK = ["127.0.0.1/32", "::1/128"]


def addresses(*collectors, of="one", **variables):
    declared = fleet({"one": host("hub", **variables), "hub": host("hub", "10.0.0.9")}, collectors=collectors)
    return collector_addresses(run(declared), "hub", of)


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("10.0.0.2", ["10.0.0.2/32"]),
        ("fd00::2", ["fd00::2/128"]),
        ("collector.example.com", ["collector.example.com"]),
        ("127.0.0.1", ["127.0.0.1/32"]),
        ("localhost", []),
        ("/var/run/postgresql", []),
    ],
)
def test_the_collector_connects_from_its_address(address, written):
    assert addresses(("c", "hub", address)) == written


def test_a_collector_on_the_host_itself_also_uses_the_loopback_addresses():
    assert addresses(("one", "hub", "10.0.0.1")) == ["10.0.0.1/32", *LOOPBACK]
    assert addresses(("one", "hub", "127.0.0.1")) == LOOPBACK
    assert addresses(("one", "hub", "localhost")) == LOOPBACK


def test_only_the_collector_of_the_repository_counts():
    assert addresses(("c", "other", "10.0.0.2")) == []
    assert addresses(("c", "hub", "10.0.0.2"), ("d", "other", "10.0.0.3")) == ["10.0.0.2/32"]


def test_declared_addresses_take_the_place_of_the_collectors():
    declared = ["10.1.0.5/24", "10.2.0.1", "samenet", "10.2.0.1/32"]
    assert addresses(("c", "hub", "10.0.0.2"), powa_collector_addresses=declared) == [
        "10.1.0.0/24",
        "10.2.0.1/32",
        "samenet",
    ]
    assert addresses(("c", "hub", "10.0.0.2"), powa_collector_addresses=[]) == []


def web(of, to_remotes, *hosts, **variables):
    declared = fleet(
        {"one": host("hub", **variables), "hub": host(None, "10.0.0.9", ["powa_repositories"], **variables)}, web=hosts
    )
    return web_addresses(run(declared), "hub", of, to_remotes)


def test_powa_web_connects_to_repositories_and_with_remote_access_to_remotes():
    hosts = [("w", ["hub"], "10.0.0.3", True), ("v", ["hub", "other"], "10.0.0.4", False), ("u", ["other"], "x", True)]
    assert web("hub", False, *hosts) == ["10.0.0.3/32", "10.0.0.4/32"]
    assert web("one", True, *hosts) == ["10.0.0.3/32"]
    assert web("hub", False, ("hub", ["hub"], "10.0.0.9", True)) == ["10.0.0.9/32", *LOOPBACK]
    assert web("hub", False, *hosts, powa_web_addresses=["192.0.2.1"]) == ["192.0.2.1/32"]
    assert web("one", True, *hosts, powa_web_addresses=["192.0.2.1"]) == ["192.0.2.1/32"]


def test_a_rule_for_each_address():
    assert rules(None, "powa_monitor", ["10.0.0.2/32", "db"], "md5") == [
        {"contype": "host", "databases": "all", "users": "powa_monitor", "address": "10.0.0.2/32", "method": "md5"},
        {"contype": "host", "databases": "all", "users": "powa_monitor", "address": "db", "method": "md5"},
    ]
    assert rules("all", "All Seeing", ["db"], "md5")[0]["databases"] == '"all"'
    assert rules("all", "All Seeing", ["db"], "md5")[0]["users"] == '"All Seeing"'


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("powa", "powa"),
        ("Powa-1.x_y", "Powa-1.x_y"),
        ("replication", '"replication"'),
        ("+group", '"+group"'),
        ("/regex", '"/regex"'),
        ("a,b", '"a,b"'),
        ('a"b', '"a""b"'),
        ("", '""'),
    ],
)
def test_a_name_is_quoted_where_it_would_mean_something_else(name, written):
    assert quoted(name) == written


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("10.0.0.1", "10.0.0.1/32"),
        ("10.0.0.1/8", "10.0.0.0/8"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("FD00::1", "fd00::1/128"),
        ("db.example.com", "db.example.com"),
        ("samehost", "samehost"),
    ],
)
def test_an_address_has_a_prefix(address, written):
    assert network(address) == written


def lacks(address, *lines, database="powa", user="powa_monitor"):
    return bool(missing_rules(rules(database, user, [address], "scram-sha-256"), lines))


@pytest.mark.parametrize(
    ("address", "shown", "netmask"),
    [
        ("10.0.0.0/24", "10.0.0.0", "255.255.255.0"),
        ("10.0.0.1/32", "10.0.0.1", "255.255.255.255"),
        ("10.0.0.0/24", "10.0.0.7", "255.255.255.0"),
        ("0.0.0.0/0", "0.0.0.0", "0.0.0.0"),
        ("::1/128", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fd00::/64", "fd00:0::", "ffff:ffff:ffff:ffff::"),
        ("db.example.com", "DB.example.com", None),
        ("samenet", "samenet", None),
    ],
)
def test_a_line_that_says_the_same_is_enough(address, shown, netmask):
    assert not lacks(address, line("powa_monitor", shown, netmask))


def test_a_quoted_name_is_shown_without_its_quotes():
    shown = line('all "seeing"', "db", database="a,b")
    assert not lacks("db", shown, database="a,b", user='all "seeing"')
    assert not lacks("db", line("powa_monitor", "db", database="all"), database=None)


def test_a_default_that_the_server_shows_as_an_option_is_none():
    wanted = rules("powa", "powa_monitor", ["db"], "gss")
    assert not missing_rules(wanted, [line("powa_monitor", "db", method="gss", options=["include_realm=true"])])
    other = ["include_realm=true", "krb_realm=X"]
    assert missing_rules(wanted, [line("powa_monitor", "db", method="gss", options=other)]) == wanted


@pytest.mark.parametrize(
    "shown",
    [
        line("powa_monitor", "10.0.0.0", "255.255.255.0"),
        line("powa_monitor", "10.0.0.1", "255.255.255.255", database="all"),
        line("powa_web", "10.0.0.1", "255.255.255.255"),
        line("powa_monitor", "10.0.0.1", "255.255.255.255", method="reject"),
        line("powa_monitor", "10.0.0.1", "255.255.255.255", type="hostssl"),
        line("powa_monitor", "10.0.0.1", "255.255.255.255", options=["map=x"]),
        line("powa_monitor", "10.0.0.1", "255.255.255.255", error="invalid"),
        line("powa_monitor", "10.0.0.1", "255.255.255.255", databases=["powa", "postgres"]),
        line("powa_monitor", None, type="local"),
        line(None, None, type=None, databases=None, users=None, error="end-of-line before role"),
    ],
)
def test_another_line_is_not_enough(shown):
    assert lacks("10.0.0.1/32", shown)
    assert not lacks("10.0.0.1/32", shown, line("powa_monitor", "10.0.0.1", "255.255.255.255"))
