# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A password file never gets a password that a remote does not have yet."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.password_files import password_files as filtered
from ansible_collections.pgfleet.powa.plugins.plugin_utils._kept_passwords import kept_remotes
from ansible_collections.pgfleet.powa.plugins.plugin_utils._password_files import password_files
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository import plan_repository
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import LOGIN, fleet, host, run, seen

PATH = "/etc/powa-collector.pgpass"
OTHER = {**LOGIN, "password_as_expected": False}
SAME = {**LOGIN, "password_as_expected": True}
ROTATED = {"__remote_rotated": {"changed": True}}


def found(role=None, standby=False):
    facts = seen(roles={"powa_monitor": role or OTHER})
    facts["server"]["standby"] = standby
    return facts


def declare(only=None, lost=(), check_mode=False, facts=None, **registered):
    """A repository named hub with the remotes a and b, whose passwords change, and the collector c."""
    hosts = {
        "hub": host("hub", "10.0.0.9", ["powa_repositories"]),
        "a": host("hub", "10.0.0.1", ["powa_remotes"]),
        "b": host("hub", "10.0.0.2", ["powa_remotes"]),
        "c": host(None, "10.0.0.8", ["powa_collectors"]),
    }
    declared = fleet(hosts, [("c", "hub", "10.0.0.8")], run=only)
    passwords = {name: {"powa_monitoring_password": "new"} for name in ("hub", "a", "b")}
    passwords["hub"]["powa_collector_password"] = "own"
    for name, results in registered.items():
        passwords[name].update(results)
    facts = {"hub": found(SAME), "a": found(), "b": found(SAME), **(facts or {})}
    return run(declared, facts, lost, check_mode, **passwords)


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, ["a"]),
        ({"a": ROTATED}, []),
        ({"lost": ["a", "b"]}, ["a", "b"]),
        ({"lost": ["a"], "a": ROTATED}, []),
        ({"lost": ["a"], "facts": {"a": {}}}, ["a"]),
        ({"facts": {"a": {}}}, []),
        ({"facts": {"a": found({**OTHER, "login": False})}}, []),
        ({"facts": {"a": found({**OTHER, "password_as_expected": None})}}, []),
        ({"only": ["hub", "b", "c"]}, ["a"]),
        ({"check_mode": True, "lost": ["b"]}, []),
    ],
)
def test_which_remotes_may_have_their_former_password(options, kept):
    assert kept_remotes(declare(**options)) == kept


def test_a_standby_has_the_passwords_of_its_primary():
    standby = {"b": found(standby=True)}
    only = ["a", "b", "c"]
    assert kept_remotes(declare(only, facts=standby)) == ["hub", "a", "b"]
    assert kept_remotes(declare(only, facts=standby, lost=["a"])) == ["hub", "a", "b"]
    assert kept_remotes(declare(only, facts=standby, a=ROTATED)) == ["hub"]
    assert kept_remotes(declare(only, facts={**standby, "a": found(SAME)})) == ["hub"]
    other = {**ROTATED, "powa_monitoring_password": "other"}
    assert kept_remotes(declare(only, facts=standby, a=other)) == ["hub", "b"]


def test_a_standby_without_its_primary_keeps_its_line_with_a_repository_outside_the_limit():
    declared = declare(["b"], facts={"b": found(standby=True)})
    declared.fleet["outside"].append("hub")
    assert plan_repository(declared, "hub")["kept_passwords"] == ["hub", "a", "b"]


PRESENT = """# Somebody's
10.0.0.9:5432:powa:powa_collector:former
10.0.0.1:5432:*:powa_monitor:form\\:er
10.0.0.2:5432:*:powa_monitor:former
"""


def written(present, **options):
    declared = declare(**options)
    files = password_files(declared, "c", "Ours", present=present)
    assert files == filtered("c", declared.fleet, declared.hostvars, "Ours", False, declared.lost, present)
    return files[PATH].splitlines()[1:]


def test_a_kept_remote_keeps_its_line():
    repository = ["10.0.0.9:5432:powa:powa_collector:own", "10.0.0.9:5432:*:powa_monitor:new"]
    others = ["10.0.0.2:5432:*:powa_monitor:new"]
    assert written({PATH: PRESENT}) == [*repository, "10.0.0.1:5432:*:powa_monitor:form\\:er", *others]
    new = [*repository, "10.0.0.1:5432:*:powa_monitor:new", *others]
    assert written({PATH: PRESENT}, a=ROTATED) == new
    # It has none yet.
    assert written({PATH: "# Empty\n"}) == written({PATH: ""}) == written({}) == written(None) == new


def test_the_login_to_the_repository_is_always_written():
    lines = written({PATH: PRESENT}, lost=["hub"])
    assert lines[0] == "10.0.0.9:5432:powa:powa_collector:own"


def test_a_former_password_with_what_ends_a_line_for_python():
    former = "10.0.0.1:5432:*:powa_monitor:form\x0cfeed\u2028and\x85more"
    assert former + "\n" in password_files(declare(), "c", "Managed", present={PATH: former + "\n"})[PATH]
