# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles that no run changes, and what it says of them."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._left_alone import (
    has_powers,
    is_superuser,
    left_roles,
    roles_of,
    why_left_alone,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import (
    LOGIN,
    bare,
    fleet,
    host,
    run,
    seen,
)

SUPERUSER = dict(LOGIN, superuser=True)
BOOTSTRAP = dict(SUPERUSER, bootstrap=True)
OWNER = dict(LOGIN, databases=["app", "shop"])


def left(roles, **variables):
    found = seen(roles=roles)
    found["server"]["user"] = "postgres"
    return left_roles(run(fleet({"db": host("pg", **variables)}), {"db": found}), "db")


def server(name, role, user="postgres"):
    found = seen(roles={name: role})
    found["server"]["user"] = user
    return found


@pytest.mark.parametrize(
    ("name", "role", "reasons"),
    [
        ("powa_monitor", LOGIN, []),
        ("powa_monitor", dict(LOGIN, createdb=True), []),
        ("powa_monitor", SUPERUSER, ["is a superuser"]),
        ("powa_monitor", OWNER, ["owns the databases app, shop"]),
        ("powa_monitor", dict(LOGIN, databases=["app"]), ["owns the database app"]),
        ("boss", BOOTSTRAP, ["is the superuser that initdb made"]),
        ("postgres", BOOTSTRAP, ["is the superuser that initdb made", "is the role that Ansible connects as"]),
        ("postgres", LOGIN, ["is the role that Ansible connects as"]),
    ],
)
def test_why_a_role_is_left_alone(name, role, reasons):
    assert why_left_alone(name, server(name, role)) == reasons


def test_a_role_that_the_host_is_read_as():
    assert why_left_alone("admin", server("admin", LOGIN, "admin")) == ["is the role that Ansible connects as"]


def test_of_a_role_that_does_not_exist_nothing_is_said():
    assert why_left_alone("postgres", seen()) == why_left_alone("postgres", bare()) == []
    assert not is_superuser(seen(), "postgres") and roles_of(bare()) == {}


def test_a_variable_has_some_of_them_demoted():
    assert why_left_alone("powa", server("powa", dict(OWNER, superuser=True)), ["powa"]) == []
    assert why_left_alone("powa", server("powa", SUPERUSER), ["other"]) == ["is a superuser"]
    assert why_left_alone("boss", server("boss", BOOTSTRAP), ["boss"]) == ["is the superuser that initdb made"]
    assert why_left_alone("postgres", server("postgres", OWNER), ["postgres"]) == [
        "is the role that Ansible connects as"
    ]


def test_power():
    assert is_superuser(seen(roles={"powa": SUPERUSER}), "powa")
    assert not is_superuser(seen(roles={"powa": OWNER}), "powa")
    assert has_powers(dict(LOGIN, replication=True)) and not has_powers(OWNER)


HEAD = " so Ansible changes neither its attributes nor its password, and "
OWN = ": give PoWA a role of its own"
DEMOTED = OWN + ", or add it to powa_roles_to_demote"


@pytest.mark.parametrize(
    ("role", "reason", "meaning"),
    [
        (SUPERUSER, "is a superuser", "whoever gets hold of PoWA's password is a superuser" + DEMOTED),
        (
            OWNER,
            "owns the databases app, shop",
            "whoever gets hold of PoWA's password can change or drop them" + DEMOTED,
        ),
        (dict(OWNER, login=False), "owns the databases app, shop", "PoWA cannot log in as it" + DEMOTED),
        (
            dict(SUPERUSER, password_as_expected=False),
            "is a superuser",
            "PoWA cannot log in as it, since its password is another than powa_monitoring_password or powa_web_password"
            + DEMOTED,
        ),
    ],
)
def test_a_role_that_is_left_alone_is_named_with_what_that_means(role, reason, meaning):
    assert left({"powa": role}, powa_monitoring_role="powa", powa_web_role="powa") == [
        "role powa (powa_monitoring_role, powa_web_role) {0},{1}{2}".format(reason, HEAD, meaning)
    ]
    assert left({"powa": role}, powa_monitoring_role="powa", powa_roles_to_demote=["powa"]) == []


@pytest.mark.parametrize("demoted", [[], ["postgres"]])
def test_no_variable_demotes_the_role_that_the_server_and_ansible_need(demoted):
    found = left({"postgres": BOOTSTRAP}, powa_collector_role="postgres", powa_roles_to_demote=demoted)
    assert found == [
        "role postgres (powa_collector_role) is the superuser that initdb made and is the role that Ansible connects"
        " as," + HEAD + "whoever gets hold of PoWA's password is a superuser" + OWN
    ]
    assert left({"postgres": LOGIN}, powa_collector_role="postgres")[0].endswith("can do what Ansible can" + OWN)


def test_a_role_that_does_not_inherit_what_powa_needs_is_named():
    role = dict(LOGIN, member_of=["powa_snapshot", "pg_read_all_stats", "others"], uses=[])
    assert left({"powa": role}) == [
        "role powa does not inherit the rights of pg_read_all_stats, powa_snapshot, which PoWA needs, and Ansible"
        " leaves that as it is: give PoWA a role of its own, or run ALTER ROLE ... INHERIT"
    ]
    assert left({"powa": dict(role, uses=role["member_of"])}) == left({"powa": dict(LOGIN, member_of=["x"])}) == []
    newer = seen(roles={"powa": role})
    newer["server"]["version_num"] = 160001
    assert left_roles(run(fleet({"db": host("pg")}), {"db": newer}), "db") == []


def test_another_role_with_more_power_than_a_login_is_named():
    strong = dict(LOGIN, createdb=True, replication=True)
    assert left({"powa_web": strong, "powa_monitor": LOGIN}) == [
        "role powa_web has REPLICATION, CREATEDB, which PoWA does not need, and Ansible leaves that as it is: give PoWA"
        " a role of its own, or add it to powa_roles_to_demote"
    ]
    assert left({"powa_web": strong}, powa_roles_to_demote=["powa_web"]) == []
