# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers are parsed and checked without a database."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.spec import parse_servers


def test_only_what_is_given():
    (spec,), problems = parse_servers([{"hostname": "a", "port": 5432, "coalesce": 5, "password": "", "alias": ""}])
    assert problems == []
    assert dict(spec.values) == {"powa_coalesce": 5, "password": None, "alias": None}
    assert spec.extensions is None and spec.datasources is None


def test_disabled_is_a_frequency():
    (spec,), _problems = parse_servers([{"hostname": "a", "port": 1, "state": "disabled"}])
    assert spec.values["frequency"] == -1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"hostname": ""}, "hostname"),
        ({"port": 0}, "port"),
        ({"frequency": 0}, "frequency"),
        ({"frequency": 2**31}, "frequency"),
        ({"coalesce": 4}, "coalesce"),
        ({"username": ""}, "username"),
        ({"history": "drop"}, "history"),
        ({"state": "disabled", "frequency": 5}, "frequency"),
        ({"renamed_from": {"hostname": "a", "port": 5432}}, "renamed_from"),
    ],
)
def test_what_is_wrong_names_the_server_and_the_field(wrong, field):
    server = dict({"hostname": "a", "port": 5432}, **wrong)
    (problem,) = parse_servers([server])[1]
    assert problem.startswith('server "{0}:{1}", {2}: '.format(server["hostname"], server["port"], field))


def test_each_address_and_alias_once():
    servers = [
        {"hostname": "a", "port": 1, "alias": "x"},
        {"hostname": "a", "port": 1},
        {"hostname": "b", "port": 1, "alias": "x"},
    ]
    assert len(parse_servers(servers)[1]) == 2
