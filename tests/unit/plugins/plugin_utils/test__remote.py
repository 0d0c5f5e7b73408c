# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role remote does on a host."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.remote_plan import remote_plan
from ansible_collections.pgfleet.powa.plugins.plugin_utils._remote import plan_remote
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import (
    FOLDER,
    LOGIN,
    bare,
    fleet,
    host,
    line,
    run,
    seen,
)

MONITOR = {"powa_monitor": {**LOGIN, "member_of": ["pg_read_all_stats"]}}
HBA = [line("powa_monitor", "10.0.0.9", "255.255.255.255", database="all")]
LOCKS = {"name": "locks"}
WAITS = {"name": "waits", "servers": ["one", "two"]}


def declare(of=None, lost=(), check_mode=False, collectors=(("hub", "hub", "10.0.0.9"),), web=(), **variables):
    """A remote named one with these variables and its repository hub; of is what was found on the remote."""
    hosts = {
        "hub": host("hub" if variables.pop("both", False) else None, "10.0.0.9", ["powa_repositories"]),
        "one": host("hub", **variables),
    }
    return run(fleet(hosts, collectors, web), {"one": ready() if of is None else of}, lost, check_mode)


def ready(**changes):
    return seen(**{"roles": MONITOR, "hba": HBA, **changes})


def plan(*arguments, registered=None, **options):
    declared = declare(*arguments, **options)
    declared.hostvars["one"].update(registered or {})
    return plan_remote(declared, "one")


def test_a_remote_that_has_everything():
    found = plan(powa_datasources=[LOCKS])
    assert found == {
        "writes": True,
        "has_role": True,
        "lacks_access": False,
        "missing_logins": [],
        "kept_password": "",
        "rotates": False,
        "rights": [],
        "hba": [
            {
                "contype": "host",
                "database": None,
                "user": "powa_monitor",
                "address": "10.0.0.9/32",
                "method": "scram-sha-256",
            }
        ],
        "hba_todo": False,
        "datasources": [LOCKS],
        "unsure": [],
        "makes_datasources": True,
        "awaits_datasources": False,
        "marked": [LOCKS],
        "markers_todo": False,
        "skipped": [],
    }


def test_the_filter_returns_the_plan():
    declared = declare()
    assert remote_plan("one", declared.fleet, declared.hostvars) == plan_remote(declared, "one")


@pytest.mark.parametrize(
    "role",
    [
        None,
        {**LOGIN, "login": False},
    ],
)
def test_a_role_that_is_missing_or_cannot_log_in(role):
    found = plan(ready(roles={"powa_monitor": role} if role else {}))
    assert found["missing_logins"] == [{"name": "powa_monitor", "variable": "powa_monitoring_password"}]
    assert found["lacks_access"] and found["has_role"]
    # It is not known before the role exists, so the host is read again.
    assert bool(found["rights"]) == bool(role)


def test_a_role_with_another_password():
    found = plan(registered={"powa_monitoring_password": 123})
    assert found["missing_logins"] == [{"name": "powa_monitor", "variable": "powa_monitoring_password"}]
    assert found["lacks_access"] and "123" not in str(found)
    assert not plan(registered={"powa_monitoring_password": ""})["lacks_access"]


def test_a_role_without_its_rights():
    found = plan(ready(roles={"powa_monitor": LOGIN}))
    assert found["rights"] == ['GRANT "pg_read_all_stats" TO "powa_monitor"'] and found["lacks_access"]
    monitoring = {"tables": {"powa_databases": True}, "functions": {"pg_qualstats_reset": False}}
    assert len(plan(ready(monitoring=monitoring))["rights"]) == 2
    assert plan(ready(monitoring=monitoring), powa_stats_extensions=[])["rights"] == []


def test_what_this_run_has_created_is_read_again():
    assert plan(registered={"__archivist_created": {"changed": True}})["lacks_access"]
    assert not plan(registered={"__archivist_created": {"changed": False}})["lacks_access"]


def test_rights_are_those_of_the_role_after_it_was_made():
    declared = declare(bare())
    assert plan_remote(declared, "one")["rights"] == []
    assert plan_remote(declared, "one")["missing_logins"] and plan_remote(declared, "one")["lacks_access"]
    declared.hostvars["one"]["__common_seen"] = ready(roles={"powa_monitor": LOGIN})
    assert plan_remote(declared, "one")["rights"] == ['GRANT "pg_read_all_stats" TO "powa_monitor"']


def test_a_superuser_that_is_named_as_monitoring_role_is_left_as_it_is():
    boss = {"powa_monitor": {**LOGIN, "superuser": True, "member_of": [], "password_as_expected": False}}
    found = plan(ready(roles=boss), registered={"powa_monitoring_password": "x"})
    assert found["missing_logins"] == found["rights"] == [] and not found["lacks_access"]
    demoted = plan(ready(roles=boss), powa_roles_to_demote=["powa_monitor"])
    assert demoted["missing_logins"] == [{"name": "powa_monitor", "variable": "powa_monitoring_password"}]
    # An owner of databases is left as it is, too, but gets the rights on objects that it lacks.
    owner = {"powa_monitor": {**LOGIN, "databases": ["app"], "login": False}}
    found = plan(ready(roles=owner), registered={"powa_monitoring_password": "x"})
    assert found["missing_logins"] == [] and found["rights"] == ['GRANT "pg_read_all_stats" TO "powa_monitor"']


def test_a_line_of_pg_hba_conf_is_missing_or_not_loaded():
    assert plan(ready(hba=[]))["hba_todo"] and plan(ready(hba=[]))["lacks_access"]
    found = ready()
    found["server"]["unread"] = True
    assert plan(found)["hba_todo"] and plan(found)["lacks_access"]


def test_the_collector_and_powa_web_log_in():
    found = plan(web=[("w", ["hub"], "10.0.0.9", True), ("v", ["hub"], "10.0.0.8", True), ("u", ["hub"], "x", False)])
    assert [rule["address"] for rule in found["hba"]] == ["10.0.0.9/32", "10.0.0.8/32"]


@pytest.mark.parametrize(
    ("facts", "database"),
    [
        (ready(), None),
        (ready(version="4.2.2"), "powa"),
        (ready(extensions={}, extension_folder={"powa": "4.1.4"}), "powa"),
        (ready(extensions={}, extension_folder={"powa": ""}), None),
        (ready(extensions={}, packages={"postgresql-15-powa": {"installed": None, "candidate": "4.1.4-1"}}), "powa"),
        (ready(extensions={}, os={"name": "Plan 9", "family": ""}), None),
        (ready(version="unknown"), None),
    ],
)
def test_powa_4_collects_from_its_own_database_only(facts, database):
    assert [rule["database"] for rule in plan(facts)["hba"]] == [database]


def test_a_package_is_no_version_of_powa_that_is_built_from_source():
    facts = ready(extensions={}, packages={"postgresql-15-powa": {"installed": None, "candidate": "4.1.4-1"}})
    assert plan(facts, powa_install_method="source")["hba"][0]["database"] is None


def test_a_datasource_is_for_the_servers_that_it_lists():
    elsewhere = {"name": "elsewhere", "servers": ["two"]}
    address = {"name": "address", "servers": ["10.0.0.1:5433"]}
    nowhere = {"name": "nowhere", "servers": []}
    unset = {"name": "unset", "servers": None}
    removed = {"name": "removed", "servers": ["two"], "state": "absent"}
    declared = [LOCKS, WAITS, elsewhere, address, nowhere, unset, removed]
    assert plan(powa_datasources=declared, powa_port=5433)["datasources"] == [LOCKS, WAITS, address, unset, removed]
    assert plan(powa_datasources=declared, powa_alias="")["datasources"] == [LOCKS, unset, removed]
    assert plan(powa_datasources=None)["datasources"] == []
    text = {"name": "text", "servers": "two, 10.0.0.1:5432"}
    assert plan(powa_datasources=[text, {"name": "other", "servers": "two"}])["datasources"] == [text]


def test_marker_extensions():
    without = ready(extension_folder={**FOLDER, "controls": []})
    found = plan(without, powa_datasources=[LOCKS])
    assert found["markers_todo"] and found["lacks_access"]
    found = plan(without, powa_datasources=[LOCKS], powa_marker_extensions=False)
    assert found["marked"] == [] and not found["lacks_access"] and found["makes_datasources"]


def test_without_datasources_none_are_made():
    assert not plan()["makes_datasources"] and plan()["marked"] == []


def test_without_its_repository_a_remote_keeps_its_datasources():
    found = plan(powa_datasources=[LOCKS], lost=["hub"])
    assert not found["makes_datasources"] and found["marked"] == [] and found["datasources"] == [LOCKS]
    assert plan(powa_datasources=[LOCKS], lost=["two"])["makes_datasources"]


def test_a_remote_that_is_a_repository_leaves_its_datasources_to_the_other_role():
    hosts = {"one": host("one", "10.0.0.1", ["powa_repositories"], powa_datasources=[LOCKS])}
    found = plan_remote(run(fleet(hosts), {"one": ready()}), "one")
    assert not found["makes_datasources"] and found["marked"] == []


def test_a_standby_only_gets_its_own_files():
    facts = ready(roles={}, hba=[])
    facts["server"]["standby"] = True
    password = {"powa_monitoring_password": "secret", "__archivist_created": {"changed": True}}
    found = plan(facts, powa_datasources=[LOCKS], registered=password)
    assert not found["writes"] and not found["makes_datasources"] and found["awaits_datasources"]
    assert found["missing_logins"] == found["rights"] == found["marked"] == []
    assert found["hba_todo"] and found["lacks_access"]
    facts["server"]["hba"] = HBA
    assert not plan(facts, powa_datasources=[LOCKS], registered=password)["lacks_access"]


# ---- check mode


def test_check_mode_on_a_bare_host_does_nothing():
    password = {"powa_monitoring_password": "secret"}
    found = plan(bare(), check_mode=True, powa_datasources=[LOCKS], registered=password)
    assert not any(found[name] for name in found if name not in ("hba", "datasources"))


def test_check_mode_without_the_driver_does_nothing():
    found = plan(ready(driver=False, roles={}, hba=[]), check_mode=True, powa_datasources=[LOCKS])
    assert not any(found[name] for name in found if name not in ("hba", "datasources"))


def test_check_mode_without_the_role_says_what_it_skips():
    found = plan(ready(roles={}), check_mode=True, powa_datasources=[LOCKS])
    assert found["skipped"] == [
        "one: role powa_monitor does not exist yet, so check mode skips the datasources, which run as this role."
    ]
    assert found["lacks_access"] and found["missing_logins"] and not found["has_role"]
    assert not found["makes_datasources"] and not found["awaits_datasources"]
    # Nothing is skipped where PoWA is missing, too: preflight says that.
    assert plan(ready(roles={}, extensions={}), check_mode=True)["skipped"] == []
    assert plan(ready(roles={}))["skipped"] == []


def test_check_mode_without_powa_makes_no_datasources():
    found = plan(ready(extensions={}), check_mode=True, powa_datasources=[LOCKS])
    assert not found["makes_datasources"] and found["has_role"] and found["writes"]


def test_check_mode_without_powas_database_grants_nothing():
    facts = ready(roles={"powa_monitor": LOGIN}, extensions={})
    facts["server"]["database"] = False
    assert plan(facts, check_mode=True)["rights"] == []


def test_check_mode_does_what_a_run_would_where_everything_exists():
    assert plan(check_mode=True, powa_datasources=[LOCKS]) == plan(powa_datasources=[LOCKS])


def test_a_host_that_cannot_be_reached_any_more():
    assert plan({"unreachable": True, "msg": "no route"})["hba_todo"]
