# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which passwords change together with the collector's side, and which stay as they are."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._remote import plan_remote
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rotation import OUTSIDE, kept_password, rotated_by
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import LOGIN, fleet, host, run, seen

RUNNING = {"units": {"powa-collector": {"active": "active"}}, "users": ["powa"]}
OTHER = {**LOGIN, "password_as_expected": False}


def declare(role=None, collector=None, password="new", standby=False, outside=(), only=None, facts=(), **options):
    """A remote named a, whose role has another password than declared, its standby b, and the collector c."""
    stores, manage = options.pop("stores", False), {"powa_manage_host": options.pop("manage", True)}
    manage_web = {"powa_manage_host": options.pop("manage_web", True)}
    hosts = {
        "hub": host(None, "10.0.0.9", ["powa_repositories"], powa_store_passwords=stores),
        "a": host("hub", "10.0.0.1", ["powa_remotes"], powa_port=5433),
        "b": host("hub", "10.0.0.2", ["powa_remotes"]),
        "c": host(None, "10.0.0.8", ["powa_collectors"], powa_store_passwords=stores, **manage),
        "w": host(None, "10.0.0.7", ["powa_web"], powa_store_passwords=False, **manage_web),
    }
    found = seen(roles={"powa_monitor": {**OTHER, **(role or {})}})
    found["server"]["standby"] = standby
    follows = seen(roles={"powa_monitor": OTHER})
    follows["server"]["standby"] = True
    web = seen(files={"/etc/powa-web/pgpass": {"mode": "0600"}})
    read = {"a": found, "b": follows, "c": seen(**(RUNNING if collector is None else collector)), "w": web}
    declared = fleet(hosts, [("c", "hub", "10.0.0.8")], [("w", ["hub"], "10.0.0.7", True)], outside, only)
    passwords = {name: {"powa_monitoring_password": password} for name in "ab"}
    passwords["a"].update(facts)
    return run(declared, read, **passwords, **options)


def test_a_password_that_changes_is_rotated():
    found = declare()
    assert rotated_by(found, "a") == "c" and rotated_by(found, "hub") == "" and kept_password(found, "a") == ""
    assert plan_remote(found, "a")["rotates"] and len(plan_remote(found, "a")["missing_logins"]) == 1


@pytest.mark.parametrize(
    ("options", "by"),
    [
        ({"stores": True}, "c"),
        ({"only": ["a", "c"], "outside": ["hub"]}, "c"),
        ({"only": ["a"], "outside": ["hub"]}, OUTSIDE),
        ({"only": ["a", "hub"]}, OUTSIDE),
    ],
)
def test_who_changes_it(options, by):
    assert rotated_by(declare(**options), "a") == by


@pytest.mark.parametrize(
    "options",
    [
        {"role": {"password_as_expected": True}},
        {"role": {"password_as_expected": None}},
        {"role": {"login": False}},
        {"role": {"superuser": True}},
        {"role": {"superuser": True, "bootstrap": True}},
        {"role": {"databases": ["shop"]}},
        {"password": ""},
        {"standby": True},
        {"check_mode": True},
        {"collector": {}},
        {"manage": False},
        {"manage": False, "only": ["a"], "outside": ["hub"]},
        {"collector": {**RUNNING, "users": []}},
    ],
)
def test_what_is_not_rotated(options):
    found = declare(**options)
    assert rotated_by(found, "a") == kept_password(found, "a") == ""


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"lost": ["c"]}, "since this run has lost c, and"),
        ({"lost": ["hub", "c"]}, "since this run has lost hub, c, and"),
        ({"only": ["a", "c"]}, "since its repository hub is not in this run, and"),
    ],
)
def test_a_role_keeps_its_password_where_the_collector_would_lose_it(options, why):
    found = declare(**options)
    assert rotated_by(found, "a") == "" and why in kept_password(found, "a")
    plan = plan_remote(found, "a")
    assert plan["missing_logins"] == [] and plan["kept_password"].startswith("a: role powa_monitor keeps its former")
    # A role that cannot log in has nothing to lose.
    assert kept_password(declare(role={"login": False}, **options), "a") == ""


def test_nothing_is_said_of_a_password_that_has_changed_or_of_a_host_that_is_lost():
    assert kept_password(declare(lost=["c"], facts={"__remote_rotated": {"changed": True}}), "a") == ""
    assert kept_password(declare(lost=["a", "c"]), "a") == ""
