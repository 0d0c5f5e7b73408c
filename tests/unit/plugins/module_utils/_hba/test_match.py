# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.match import (
    Client,
    Match,
    how_far,
    kinds_of,
    lets_in,
    needed_kinds,
    network_of_line,
    networks_of,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._hba.examples import line, rule, server

MEMBERS = {"powa_monitor": ["readers", "powa"]}
SOME, ALL, NONE = Match.SOME, Match.ALL, Match.NONE


def far(text, address="10.0.0.9/32", database="powa", version=170000, **name):
    """Return how far a line of all logins, with some of its columns replaced, is for one."""
    client = Client(address, name.get("name"), bool(name))
    found = server(version_num=version, member_of=MEMBERS)
    return how_far(line(text), rule(address, database=database), client, found)


@pytest.mark.parametrize(
    ("word", "one", "every"),
    [
        ("all", ALL, ALL),
        ("powa", ALL, SOME),
        ("other", NONE, SOME),
        ("other,powa", ALL, SOME),
        ("POWA", NONE, SOME),
        ("replication", NONE, NONE),
        ("sameuser", NONE, SOME),
        ("samerole", ALL, SOME),
        ("samegroup", ALL, SOME),
        ("/^po", ALL, SOME),
        ("/^o", NONE, SOME),
    ],
)
def test_databases(word, one, every):
    text = "host {0} all all trust".format(word)
    assert (far(text), far(text, database=None)) == (one, every)


def test_a_database_that_is_called_as_the_role():
    assert far("host sameuser all all trust", database="powa_monitor") == ALL
    assert far("host samerole all all trust", database="powa_monitor") == ALL
    assert far("host samerole all all trust", database="other") == NONE


@pytest.mark.parametrize(
    ("word", "match"),
    [
        ("all", ALL),
        ("powa_monitor", ALL),
        ("powa", NONE),
        ("a,powa_monitor", ALL),
        ("+readers", ALL),
        ("+powa_monitor", ALL),
        ("+others", NONE),
        ("/^powa_(monitor|web)$", ALL),
        ("/web$", NONE),
        # What only PostgreSQL understands, or what Python cannot read.
        ("/^[[:alpha:]]+$", SOME),
        (r"/\mpowa", SOME),
        ("/(", SOME),
        ("/(?i)POWA", SOME),
    ],
)
def test_roles(word, match):
    assert far("host all {0} all trust".format(word)) == match


@pytest.mark.parametrize("word", ["all", "sameuser", "samerole", "samegroup", "replication", "+readers"])
def test_a_word_in_quotes_is_a_name(word):
    for text in ('host "{0}" all all trust', 'host all "{0}" all trust'):
        for changes, match in ((dict(database=word, user=word), ALL), (dict(database="powa_monitor"), NONE)):
            found = line(text.format(word))
            assert how_far(found, rule(**changes), Client("10.0.0.9/32"), server(member_of=MEMBERS)) == match


def test_before_postgresql_16_a_regular_expression_is_a_name():
    assert far("host all /^powa all trust", version=150006) == NONE


@pytest.mark.parametrize(
    ("written", "address", "match"),
    [
        ("all", "10.0.0.9/32", ALL),
        ("all", "all", ALL),
        ("all", ".example.com", ALL),
        ("10.0.0.9/32", "10.0.0.9/32", ALL),
        ("10.0.0.0/24", "10.0.0.9/32", ALL),
        ("10.0.0.0/24", "10.0.0.0/16", SOME),
        ("10.0.0.0/24", "10.0.1.0/24", NONE),
        ("0.0.0.0/0", "10.0.0.9/32", ALL),
        ("0.0.0.0/0", "fd00::1/128", NONE),
        ("0.0.0.0/0", "all", SOME),
        ("::/0", "fd00::1/128", ALL),
        ("::/0", "10.0.0.9/32", NONE),
        ("fd00::/64", "fd00::1/128", ALL),
        ("samehost", "10.0.0.9/32", SOME),
        ("samenet", "127.0.0.1/32", ALL),
        ("samehost", "::1/128", ALL),
        ("samenet", "samenet", ALL),
        ("samenet", "samehost", ALL),
        ("samehost", "samenet", SOME),
        ("samehost", "all", SOME),
        ("C.example.com", "10.0.0.9/32", SOME),
        (".example.com", ".example.com", ALL),
        (".com", ".example.com", ALL),
        ("c.example.com", ".example.com", SOME),
        (".example.com", ".other.com", NONE),
        ("c.example.com", "10.0.0.0/24", SOME),
        ("c.example.com", "all", SOME),
    ],
)
def test_addresses(written, address, match):
    assert far("host all all {0} trust".format(written), address) == match


@pytest.mark.parametrize(
    ("written", "name", "match"),
    [
        ("c.example.com", "C.Example.com", ALL),
        ("c", "c.example.com", NONE),
        (".example.com", "c.example.com", ALL),
        (".example.org", "c.example.com", NONE),
        ("c.example.com", None, NONE),
        (".example.com", None, NONE),
    ],
)
def test_names_of_hosts(written, name, match):
    assert far("host all all {0} trust".format(written), name=name) == match


def test_a_mask_with_gaps():
    odd = dict(line("host all all 10.0.0.0/8 trust"), address="10.0.7.0", netmask="255.0.255.0")
    for address, match in (("10.9.7.1/32", ALL), ("10.9.8.1/32", NONE), ("10.9.0.0/16", SOME)):
        assert how_far(odd, rule(address), Client(address), server()) == match
    wrong = dict(odd, netmask="nonsense")
    assert how_far(wrong, rule(), Client("10.0.0.9/32"), server()) == SOME


@pytest.mark.parametrize("contype", ["host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc", "local", None])
def test_types_of_connections(contype):
    text = dict(line("host all all all trust"), type=contype)
    found = {
        wanted: how_far(text, rule(contype=wanted), Client("10.0.0.9/32"), server()) == ALL
        for wanted in ("host", "hostssl", "hostnossl", "hostgssenc")
    }
    assert found == {
        "host": contype not in ("local", None),
        "hostssl": contype in ("host", "hostssl", "hostnogssenc"),
        "hostnossl": contype in ("host", "hostnossl", "hostgssenc", "hostnogssenc"),
        "hostgssenc": contype in ("host", "hostnossl", "hostgssenc"),
    }


@pytest.mark.parametrize(
    ("text", "netmask", "found"),
    [
        ("host all all 10.0.7.1/24 trust", None, "10.0.7.0/24"),
        ("host all all fd00::1/64 trust", None, "fd00::/64"),
        ("host all all ::/0 trust", None, "::/0"),
        ("host all all 10.0.0.0/8 trust", "255.0.255.0", "None"),
        ("host all all 10.0.0.0/8 trust", "nonsense", "None"),
        ("host all all samenet trust", None, "None"),
    ],
)
def test_the_network_of_a_line(text, netmask, found):
    of = line(text)
    assert str(network_of_line(dict(of, netmask=netmask or of["netmask"]))) == found


def test_what_a_client_can_be():
    assert [str(each) for each in networks_of(Client("10.0.0.0/24"))] == ["10.0.0.0/24"]
    assert [str(each) for each in networks_of(Client(".example"))] == ["0.0.0.0/0", "::/0"]


def test_gssapi_alone_is_not_enough():
    assert needed_kinds("host") == kinds_of("hostnogssenc")
    assert needed_kinds("hostssl") == kinds_of("hostssl") and needed_kinds("hostgssenc") == kinds_of("hostgssenc")


@pytest.mark.parametrize(
    ("wanted", "enough"),
    [
        *((method, {"scram-sha-256", "md5", "password", "trust"}) for method in ("scram-sha-256", "md5", "password")),
        ("cert", {"cert", "trust"}),
        ("trust", {"trust"}),
        ("gss", {"gss", "trust"}),
    ],
)
def test_methods(wanted, enough):
    methods = "scram-sha-256 md5 password trust cert gss ident ldap pam peer radius reject sspi".split()
    assert {method for method in methods if lets_in(wanted, method)} == enough
