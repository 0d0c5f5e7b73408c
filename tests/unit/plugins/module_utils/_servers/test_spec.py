# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers are parsed and checked without a database."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.spec import address_text, parse_servers


def parsed(**changes):
    (spec,), problems = parse_servers([dict({"hostname": "a", "port": 5432}, **changes)])
    assert problems == []
    return spec


def test_only_what_is_given():
    spec = parsed(coalesce=5, password="", alias="")
    assert dict(spec.values) == {"powa_coalesce": 5, "password": None, "alias": None}
    assert spec.extensions is None and spec.datasources is None


def test_disabled_is_a_frequency():
    assert parsed(state="disabled").values["frequency"] == -1
    assert parsed(state="disabled", frequency=-1).values["frequency"] == -1


def test_nothing_is_another_thing_than_not_given():
    assert parsed(extensions=[], datasources=[]).extensions == ()
    assert parsed(extensions=["b", "a", "b"]).extensions == ("a", "b")


def test_a_removal():
    spec = parsed(state="absent", history="drop")
    assert (spec.state, spec.drop_history) == ("absent", True)
    assert not parsed(state="absent").drop_history


def test_a_rename():
    assert parsed(renamed_from={"hostname": "b", "port": 1}).renamed_from == ("b", 1)
    assert parsed().renamed_from is None


def test_an_address():
    assert address_text(("::1", 5432)) == "::1:5432" and parsed().name == "a:5432"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            {"hostname": " "},
            "hostname: it is empty: give the name or address by which the collector reaches the server",
        ),
        ({"port": 0}, "port: found 0, expected 1 to 65535"),
        ({"port": 65536}, "port: found 65536, expected 1 to 65535"),
        ({"frequency": 0}, "frequency: found 0, expected at least 5 seconds, or -1 for never"),
        ({"frequency": 4}, "frequency: found 4, expected at least 5 seconds, or -1 for never"),
        ({"frequency": 2**31}, "frequency: found 2147483648, expected at most 2147483647 seconds, or -1 for never"),
        ({"coalesce": 4}, "coalesce: found 4, expected at least 5 snapshots"),
        ({"coalesce": 2**31}, "coalesce: found 2147483648, expected at most 2147483647 snapshots"),
        ({"username": ""}, "username: it is empty: give a name, or leave it out"),
        ({"dbname": ""}, "dbname: it is empty: give a name, or leave it out"),
        ({"history": "drop"}, 'history: found "drop" with state "present": only state "absent" can drop it'),
        ({"state": "disabled", "frequency": 5}, 'frequency: found 5 with state "disabled": leave it out'),
        ({"renamed_from": {"hostname": "a", "port": 5432}}, "renamed_from: it is the same address: leave it out"),
    ],
)
def test_what_is_wrong_names_the_server_and_the_field(wrong, sentence):
    server = dict({"hostname": "a", "port": 5432}, **wrong)
    (problem,) = parse_servers([server])[1]
    assert problem.startswith('server "{0}:{1}", {2}'.format(server["hostname"], server["port"], sentence))


def test_each_address_and_alias_once():
    servers = [
        {"hostname": "a", "port": 1, "alias": "x"},
        {"hostname": "a", "port": 1},
        {"hostname": "b", "port": 1, "alias": "x"},
    ]
    assert parse_servers(servers)[1] == [
        'server "a:1", hostname and port: number 1 of the list has the same: each server needs its own',
        'server "b:1", alias: number 1 of the list has the same: each server needs its own',
    ]


def test_a_removed_server_may_leave_its_alias_to_another():
    servers = [
        {"hostname": "a", "port": 1, "alias": "x", "state": "absent"},
        {"hostname": "b", "port": 1, "alias": "x"},
    ]
    assert parse_servers(servers)[1] == []
