# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.rules import (
    names_of,
    network,
    parse_rules,
    quoted,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._hba.examples import rule


def test_a_line_has_columns():
    assert rule().line == "host    powa            powa_monitor    10.0.0.9/32             scram-sha-256"
    assert rule("c.example.com", database=None).line.split() == [
        "host",
        "all",
        "powa_monitor",
        "c.example.com",
        "scram-sha-256",
    ]
    assert '"all"' in rule(database="all").line and '"All Seeing"' in rule(user="All Seeing").line


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
        ("::ffff:10.0.0.9", "10.0.0.9/32"),
        ("::ffff:10.0.0.9/120", "10.0.0.0/24"),
        ("::ffff:0:0/95", "::fffe:0:0/95"),
        ("db.example.com", "db.example.com"),
        ("samehost", "samehost"),
    ],
)
def test_an_address_has_a_prefix(address, written):
    assert network(address) == written


def test_rules_are_taken_once():
    entries = [dict(rule().entry, address=address) for address in ("10.0.0.9", "10.0.0.9/32", "c")]
    assert parse_rules(entries) == ([rule(), rule("c")], [])
    assert names_of([rule(), rule("c"), rule("c"), rule("samenet"), rule(".example")]) == ["c"]


@pytest.mark.parametrize("address", ["10.0.0.9", "fd00::/64", "c", "a-b_c.example.com.", ".example.com", "all"])
def test_an_address(address):
    assert parse_rules([rule(address).entry])[1] == []


#: Python takes anything for the zone of an address.
ZONES = (
    "fe80::1%eth0",
    "fd00::9%1 trust",
    "fd00::9%1\nhost all all all trust #",
    "fd00::9%\r",
    "10.0.0.9\n",
    " 10.0.0.9",
)


def test_a_line_is_one():
    with pytest.raises(ValueError, match="is more than one line"):
        assert rule("fd00::9\nhost all all all trust #").line
    with pytest.raises(ValueError, match="is more than one line"):
        assert rule(user="a\rb").line


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a b",
        "a,b",
        "10.0.0.300",
        "10.0.0",
        "10.0.0.0/33",
        "a\nlocal all all trust",
        "c#d",
        '"c"',
        ".",
        "-c",
        *ZONES,
    ],
)
def test_what_is_no_address(address):
    ((problem,)) = parse_rules([rule(address).entry])[1]
    assert problem == (
        "rule 1, role 'powa_monitor': found address {0}, expected an address such as 10.0.0.7 or 10.0.0.0/24, the name"
        " of a host, .example.com for all names that end so, or one of all, samehost, samenet: correct it".format(
            ascii(address)
        )
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"method": "cert"},
            "found method cert, which PostgreSQL takes only in lines of type hostssl, but the type is host: set"
            " powa_hba_contype (option contype) to hostssl",
        ),
        ({"method": "cert", "contype": "hostssl"}, None),
        (
            {"method": "reject"},
            "found method reject, which lets nobody in: give one that does, such as scram-sha-256",
        ),
        (
            {"method": "peer"},
            "found method peer, which is for connections through a socket only: give one for TCP, such as"
            " scram-sha-256",
        ),
        (
            {"method": "ldap ldapserver=x"},
            "found method ldap ldapserver=x, which is not a method of pg_hba.conf: give one without options, such as"
            " scram-sha-256",
        ),
        (
            {"method": ""},
            "found method '', which is not a method of pg_hba.conf: give one without options, such as scram-sha-256",
        ),
        ({"user": ""}, "found user '', expected a name on one line: correct it"),
        ({"database": "a\nb"}, "found database 'a\\nb', expected a name on one line: correct it"),
    ],
)
def test_what_is_no_rule(changes, problem):
    found = parse_rules([rule().entry, rule(**changes).entry])[1]
    assert found == ([] if problem is None else ["rule 2, role {0}: {1}".format(ascii(rule(**changes).user), problem)])
