# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host.names import (
    is_name,
    network_of,
    read_clients,
    read_unresolved,
    single_address,
)

#: Name -> its addresses, and address -> its name.
FORWARD = {
    "short": ["10.0.0.2"],
    "short.example": ["10.0.0.2"],
    "both": ["10.0.0.3", "fe80::3%eth0"],
    "liar": ["10.0.0.4"],
    "empty": [],
}
REVERSE = {"10.0.0.2": "short.example", "10.0.0.3": "both", "10.0.0.4": "other"}


@pytest.fixture
def asked(monkeypatch):
    """What the names of the test resolve to; returns the names that were asked for."""
    names = []

    def resolve(name, port):
        names.append(name)
        name.encode("idna")
        if network_of(name) is None and name not in FORWARD:
            raise socket.gaierror(-2, "Name or service not known")
        return [(None, None, None, "", (address, port)) for address in FORWARD.get(name, [name])]

    def name_of(address, flags):
        assert flags == socket.NI_NAMEREQD
        if address[0] not in REVERSE:
            raise socket.gaierror(-2, "Name or service not known")
        return (REVERSE[address[0]], str(address[1]))

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "getnameinfo", name_of)
    return names


def test_names_that_do_not_resolve(asked):
    names = ["short", "bad.example", "", "/var/run/postgresql", "bad.example", "empty", "a" * 64, "::1"]
    assert read_unresolved(names) == ["bad.example", "empty", "a" * 64]
    assert read_unresolved(["", "/tmp"]) == []


def test_the_addresses_of_a_name_have_the_names_that_lead_back_to_them(asked):
    assert read_clients(["short", "both", "liar", "nobody"], []) == {
        "short": [{"address": "10.0.0.2", "name": "short.example"}],
        "both": [{"address": "10.0.0.3", "name": "both"}, {"address": "fe80::3", "name": None}],
        # The name of its address is another one, of which nobody knows the address.
        "liar": [{"address": "10.0.0.4", "name": None}],
        "nobody": [],
    }


def test_addresses_are_only_looked_up_if_a_line_has_a_name(asked):
    clients = ["10.0.0.2/32", "10.0.0.0/24", "all", ".example", "/tmp"]
    lines = [{"address": None}, {"address": "10.0.0.0"}, {"address": "samenet"}]
    assert read_clients(clients, lines) == {} and asked == []
    found = {"10.0.0.2/32": [{"address": "10.0.0.2", "name": "short.example"}]}
    for address in ("db.example", ".example"):
        assert read_clients(clients, [*lines, {"address": address}]) == found


@pytest.mark.parametrize(
    ("text", "name", "single"),
    [
        ("db", True, None),
        ("10.0.0.1", False, "10.0.0.1"),
        ("10.0.0.1/32", False, "10.0.0.1"),
        ("FD00::1", False, "fd00::1"),
        ("10.0.0.0/24", False, None),
        ("10.0.0.0/255.255.255.0", False, None),
        ("samehost", False, None),
        (".example", False, None),
        ("/tmp", False, None),
        ("", False, None),
    ],
)
def test_names_and_addresses(text, name, single):
    assert (is_name(text), single_address(text)) == (name, single)


def test_an_address_with_a_zone_is_no_network():
    assert network_of("fe80::1%eth0") is network_of("fd00::9%1\nhost all all all trust #") is None
