# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names by which a task may call a server."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import read_servers, resolve
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import SERVERS as READ_OF_SERVERS
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4, server, visible
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder

SERVERS = [
    server(1, "alpha", alias="first"),
    server(2, "beta"),
    server(3, "gamma", 5432),
    server(4, "gamma", 5433, alias="beta:5433"),
    server(5, "delta", alias="gamma"),
    server(6, "epsilon", alias="epsilon:5432"),
    server(7, "zeta", alias="beta:5432"),
]


@pytest.mark.parametrize(
    ("name", "srvid"),
    [
        ("first", 1),
        ("alpha:5432", 1),
        ("alpha", 1),
        ("beta", 2),
        ("gamma:5433", 4),
        ("beta:5433", 4),
        # An alias comes before a hostname.
        ("gamma", 5),
        # An alias may be the server's own address.
        ("epsilon:5432", 6),
    ],
)
def test_a_server_by_its_names(name, srvid):
    assert resolve(SERVERS, [name]) == ([srvid], [])


@pytest.mark.parametrize(("name", "what"), [("beta:5432", "ambiguous"), ("omega", "not registered")])
def test_a_name_that_is_not_one_servers(name, what):
    srvids, (problem,) = resolve(SERVERS, [name])
    assert srvids == []
    assert problem.startswith('server "{0}" is {1} here (registered: beta:5432, '.format(name, what))
    assert problem.endswith(": give the alias or hostname:port of one of them")


def test_a_hostname_of_two_servers_is_ambiguous():
    servers = [server(1, "db", 5432), server(2, "db", 5433)]
    assert "is ambiguous here (registered: db:5432, db:5433):" in resolve(servers, ["db"])[1][0]


def test_where_no_server_is_registered():
    assert "registered: none" in resolve([], ["a"])[1][0]


def test_names_in_their_order_and_a_problem_for_each_of_the_others():
    srvids, problems = resolve(SERVERS, ["beta", "x", "first", "y"])
    assert srvids == [2, 1] and len(problems) == 2


def test_a_server_is_called_by_its_alias():
    assert [entry.name for entry in SERVERS[:2]] == ["first", "beta:5432"]


def test_servers_are_read_in_one_statement():
    cursor = Recorder({"powa_servers": [({"id": 3, "hostname": "a", "port": 1, "alias": None},)]})
    (found,) = read_servers(cursor, POWA_4)
    assert (found.srvid, found.address, "id" in found.values) == (3, "a:1", False)
    assert len(cursor.statements) == 1


def test_a_reader_is_told_only_whether_a_password_is_stored():
    cursor, seen, blind = Recorder(), visible(), visible({"powa_servers": READ_OF_SERVERS.columns})
    assert read_servers(cursor, POWA_4, seen) == [] and not seen.gaps
    assert "to_jsonb" not in cursor.statements[0] and "s.password" in cursor.statements[0]
    assert read_servers(cursor, POWA_4, blind) == [] and list(blind.gaps) == ["servers[].password_stored"]
    assert "s.password" not in cursor.statements[1]


def test_a_reader_who_may_read_no_server():
    cursor, blind = Recorder(), visible({"powa_servers": ["id"]})
    assert read_servers(cursor, POWA_4, blind) == [] and cursor.statements == [] and blind.hides("servers")
