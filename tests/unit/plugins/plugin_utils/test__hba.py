# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has to be let in by pg_hba.conf, and whether it does."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._hba import (
    clients_of,
    collector_addresses,
    hba_problems,
    hba_todo,
    stricter_lines,
    wanted,
    web_addresses,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import (
    bare,
    fleet,
    host,
    line,
    run,
    seen,
)

LOOPBACK = ["127.0.0.1/32", "::1/128"]


def addresses(*collectors, of="one", to_remotes=True, **variables):
    declared = fleet({"one": host("hub", **variables), "hub": host("hub", "10.0.0.9")}, collectors=collectors)
    return collector_addresses(run(declared), "hub", of, to_remotes)


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
    assert addresses(("one", "hub", "one")) == ["one", *LOOPBACK]
    # To its own repository it connects as localhost.
    assert addresses(("hub", "hub", "hub"), of="hub", to_remotes=False) == LOOPBACK
    assert addresses(("hub", "hub", "10.0.0.9"), of="hub", to_remotes=False) == ["10.0.0.9/32", *LOOPBACK]
    assert addresses(("c", "hub", "c"), of="hub", to_remotes=False) == ["c"]


def test_for_a_certificate_a_collector_connects_by_name_to_its_own_repository():
    declared = fleet({"hub": host(address="hub")}, collectors=[("hub", "hub", "hub")])
    declared["collectors"]["hub"]["by_name"] = True
    assert collector_addresses(run(declared), "hub", "hub", False) == ["hub", *LOOPBACK]


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


def test_whom_a_host_has_to_know():
    groups = ["powa_repositories"]
    declared = fleet(
        {"one": host("hub"), "hub": host("hub", "10.0.0.9", groups), "web": host()},
        collectors=[("c", "hub", "c.example"), ("d", "other", "d.example")],
        web=[("w", ["hub"], "w.example", False), ("v", ["hub"], "v.example", True)],
    )
    assert clients_of(run(declared), "one") == ["c.example", "v.example"]
    assert clients_of(run(declared), "hub") == ["c.example", "v.example", "w.example"]
    assert clients_of(run(declared), "web") == []


VARIABLES = {"powa_hba_contype": "hostssl", "powa_hba_method": "md5"}


def test_a_login_for_each_address():
    assert wanted(VARIABLES, None, "powa_monitor", ["10.0.0.2/32", "db", "db"]) == [
        {"contype": "hostssl", "database": None, "user": "powa_monitor", "address": "10.0.0.2/32", "method": "md5"},
        {"contype": "hostssl", "database": None, "user": "powa_monitor", "address": "db", "method": "md5"},
    ]


ONE = {
    "contype": "host",
    "database": "powa",
    "user": "powa_monitor",
    "address": "10.0.0.9/32",
    "method": "scram-sha-256",
}
THERE = line("powa_monitor", "10.0.0.9", "255.255.255.255")


def test_what_is_to_do():
    assert not hba_todo([ONE], seen(hba=[THERE]), {}) and not hba_todo([], seen(), {})
    assert hba_todo([ONE], seen(), {}) and hba_todo([], bare(), {})
    unread = seen(hba=[THERE])
    unread["server"]["unread"] = True
    assert hba_todo([ONE], unread, {})
    assert hba_todo([ONE], seen(hba=[line("all", "0.0.0.0", "0.0.0.0", method="reject"), THERE]), {})


def test_the_names_that_the_server_finds():
    named, there = dict(ONE, address="c"), [line("powa_monitor", "c.example")]
    short = {"c": [{"address": "10.0.0.9", "name": "c.example"}]}
    assert not hba_todo([named], seen(hba=there, client_addresses=short), {})
    assert not hba_todo([named], seen(hba=[THERE], client_addresses=short), {})
    assert hba_todo([named], seen(hba=[line("powa_monitor", "c")], client_addresses=short), {})
    assert (
        hba_todo([named], seen(hba=there), {}) and "cannot resolve c," in hba_problems([named], seen(), {}, "first")[0]
    )


def test_membership_in_a_group():
    found = seen(hba=[line("+readers", "all")])
    assert not hba_todo([ONE], found, {"powa_monitor": ["readers"]}) and hba_todo([ONE], found, {})


def test_lines_that_ask_for_more():
    certified = dict(line("all", "all"), type="hostssl", options=["clientcert=verify-full"])
    (sentence,) = stricter_lines([ONE], seen(hba=[certified]), {})
    assert "only with a client certificate (clientcert=verify-full)" in sentence
    assert not hba_todo([ONE], seen(hba=[certified]), {}) and stricter_lines([ONE], seen(hba=[THERE]), {}) == []


def test_problems_are_those_of_the_module():
    rejecting = seen(hba=[line("all", "0.0.0.0", "0.0.0.0", method="reject")])
    (problem,) = hba_problems([ONE], rejecting, {}, "last")
    assert problem.startswith(
        "/etc/postgresql/15/main/pg_hba.conf, line 1 (host powa all 0.0.0.0/0 reject) decides first and does not let in"
    )
    assert hba_problems([ONE], rejecting, {}, "first") == hba_problems([ONE], bare(), {}, "last") == []
    assert hba_problems([dict(ONE, address="10.0.0.300")], bare(), {}, "last")[0].startswith(
        "rule 1, role 'powa_monitor': found address '10.0.0.300', expected an address"
    )
    written = seen()
    written["server"]["generated"] = {written["server"]["hba_file"]: "Patroni"}
    assert "add to postgresql.pg_hba of Patroni's configuration" in hba_problems([ONE], written, {}, "first")[0]
