# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What remotes and repositories have in common."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.declared_logins import declared_logins
from ansible_collections.pgfleet.powa.plugins.plugin_utils._access import (
    definitions_of,
    is_absent,
    lists_servers,
    missing_logins,
    servers_of,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import (
    LOGIN,
    bare,
    fleet,
    host,
    run,
    seen,
)

MONITOR = {"name": "powa_monitor", "variable": "powa_monitoring_password"}


def missing(found, password=None, **declared):
    variables = {"__common_seen": found, "powa_monitoring_password": password}
    return missing_logins([MONITOR], run(fleet({"db": host("pg", **declared)}), db=variables), "db")


def test_a_role_that_is_not_there_or_cannot_log_in_is_missing():
    assert missing(seen(roles={"powa_monitor": LOGIN})) == []
    # What has more power than a login needs keeps it.
    assert missing(seen(roles={"powa_monitor": dict(LOGIN, superuser=True)})) == []
    for roles in ({}, {"powa_monitor": dict(LOGIN, login=False)}):
        assert missing(seen(roles=roles)) == [MONITOR]
    assert missing(bare()) == [MONITOR]


@pytest.mark.parametrize(("as_expected", "is_missing"), [(True, False), (False, True), (None, True)])
def test_a_role_that_is_not_known_to_have_the_declared_password_is_missing(as_expected, is_missing):
    found = seen(roles={"powa_monitor": dict(LOGIN, password_as_expected=as_expected)})
    assert bool(missing(found, "x")) == is_missing
    assert missing(found) == missing(found, "") == []


@pytest.mark.parametrize("more", [{"superuser": True}, {"databases": ["app"]}])
def test_a_role_that_is_left_as_it_is_is_not_missing_whatever_its_password(more):
    found = seen(roles={"powa_monitor": dict(LOGIN, login=False, password_as_expected=False, **more)})
    assert missing(found, "x") == missing(found) == []
    assert missing(found, "x", powa_roles_to_demote=["powa_monitor"]) == [MONITOR]
    assert missing(found, "x", powa_roles_to_demote=["other"]) == []


def test_a_role_to_demote_is_missing_until_it_is():
    strong = seen(roles={"powa_monitor": dict(LOGIN, createdb=True)})
    assert missing(strong) == [] and missing(strong, powa_roles_to_demote=["powa_monitor"]) == [MONITOR]
    assert missing(seen(roles={"powa_monitor": LOGIN}), powa_roles_to_demote=["powa_monitor"]) == []


def test_the_roles_that_the_module_takes():
    declared = run(fleet({"db": host("pg", powa_password_encryption="md5")}), db={"powa_monitoring_password": "x"})
    assert declared_logins("db", declared.fleet, declared.hostvars, [MONITOR]) == [
        {
            "name": "powa_monitor",
            "password": "x",
            "password_encryption": "md5",
            "update_password": "if_different",
            "demote": False,
        }
    ]
    declared = run(fleet({"db": host("pg", powa_roles_to_demote=["powa_monitor"])}))
    assert declared_logins("db", declared.fleet, declared.hostvars, [MONITOR])[0]["demote"]


def test_who_is_no_superuser_gives_a_password_to_new_roles_only():
    found = seen()
    found["server"]["superuser"] = False
    declared = run(fleet({"db": host("pg")}), {"db": found})
    (role,) = declared_logins("db", declared.fleet, declared.hostvars, [MONITOR])
    assert role["update_password"] == "on_create"


def test_a_role_of_two_purposes_is_given_once():
    other = {"name": "powa_monitor", "variable": "powa_web_password"}
    declared = run(fleet({"db": host("pg")}), db={"powa_monitoring_password": "x"})
    found = declared_logins("db", declared.fleet, declared.hostvars, [MONITOR, other])
    assert [(one["name"], one["password"]) for one in found] == [("powa_monitor", "x")]


@pytest.mark.parametrize(("servers", "names"), [("a", ["a"]), ("a, b", ["a", "b"]), (["a", "b"], ["a", "b"]), ([], [])])
def test_the_servers_of_a_datasource(servers, names):
    assert lists_servers({"servers": servers}) and servers_of({"servers": servers}) == names


def test_a_datasource_to_be_removed_goes_from_every_server():
    assert is_absent({"state": "absent"}) and not is_absent({}) and not is_absent({"state": "present"})
    assert not lists_servers({"servers": ["a"], "state": "absent"}) and not lists_servers({"servers": None})


def test_no_datasources():
    assert definitions_of({}) == definitions_of({"powa_datasources": None}) == []
