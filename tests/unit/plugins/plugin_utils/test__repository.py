# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role repository does on a host."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.repository_plan import repository_plan
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository import (
    checks_exact,
    datasources_to_pause,
    plan_repository,
    resumes,
    web_role_left,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
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

COLLECTOR = {"powa_collector": {**LOGIN, "member_of": ["powa_snapshot"]}}
WEB = {"powa_web": {**LOGIN, "member_of": ["powa_read_all_metrics", "pg_read_all_stats"]}}
HBA = [line("powa_collector", "10.0.0.8", "255.255.255.255")]
WEB_HBA = [*HBA, line("powa_web", "10.0.0.7", "255.255.255.255")]
SHOWN = [("w", ["hub"], "10.0.0.7", True)]
SECRET = {"powa_web_password": "secret"}
LOCKS = {"name": "locks"}
REPOSITORY = {
    "major": 5,
    "schema": "public",
    "servers": [],
    "powa_roles": {"powa_snapshot": "powa_snapshot", "powa_read_all_metrics": "powa_read_all_metrics"},
    "server_columns": [],
    "relations": [],
    "version_columns": [],
    "default_select": [],
}


def ready(**changes):
    return seen(**{"roles": COLLECTOR, "hba": HBA, "repository": REPOSITORY, **changes})


def declare(of=None, registered=None, remotes=("a",), lost=(), check_mode=False, web=(), outside=(), only=None, **own):
    """A repository named hub with its own variables and its remotes; of is what was found on the repository."""
    itself = "hub" if "hub" in remotes else None
    hosts = {
        "hub": host(itself, "10.0.0.9", ["powa_repositories"], **own),
        **{name: host("hub", "10.0.0.1") for name in remotes if name != "hub"},
    }
    declared = fleet(hosts, [("c", "hub", "10.0.0.8")], web, outside, only)
    return run(declared, {"hub": ready() if of is None else of}, lost, check_mode, hub=registered or {})


def plan(*arguments, **options):
    return plan_repository(declare(*arguments, **options), "hub")


def nothing_done(found):
    """Whether no task of the role does anything."""
    inert = (
        "host",
        "hba",
        "remotes",
        "collectors",
        "managed_collectors",
        "kinds",
        "datasources",
        "servers_exact",
        "addresses",
    )
    return not any(found[name] for name in found if name not in inert)


def test_a_repository_that_has_everything():
    assert plan(powa_datasources=[LOCKS]) == {
        "host": "hub",
        "have_powa": True,
        "lacks_access": False,
        "missing_logins": [],
        "web_role": "",
        "reader_role": "",
        "rights": [],
        "hba": [
            {
                "contype": "host",
                "database": "powa",
                "user": "powa_collector",
                "address": "10.0.0.8/32",
                "method": "scram-sha-256",
            }
        ],
        "hba_todo": False,
        "remotes": ["a"],
        "kept_passwords": [],
        "collectors": ["c"],
        "managed_collectors": ["c"],
        "registers": True,
        "deletes": [],
        "deletes_later": [],
        "servers_exact": False,
        "addresses": [{"hostname": "10.0.0.1", "port": 5432}],
        "kinds": ["repository"],
        "datasources": [LOCKS],
        "makes_datasources": True,
        "differing": [],
        "paused": [],
        "marked": [LOCKS],
        "markers_todo": False,
        "skipped": [],
    }


def test_a_collector_whose_host_may_not_change():
    declared = declare()
    declared.fleet["hosts"]["c"]["variables"]["powa_manage_host"] = False
    found = plan_repository(declared, "hub")
    assert (found["collectors"], found["managed_collectors"]) == (["c"], [])


def test_the_filter_returns_the_plan():
    declared = declare()
    assert repository_plan("hub", declared.fleet, declared.hostvars) == plan_repository(declared, "hub")


def test_the_collectors_role_is_made_and_then_gets_its_rights():
    declared = declare(ready(roles={}))
    found = plan_repository(declared, "hub")
    assert found["missing_logins"] == [{"name": "powa_collector", "variable": "powa_collector_password"}]
    assert found["lacks_access"] and found["rights"] == [] and found["skipped"] == []
    declared.hostvars["hub"]["__common_seen"] = ready(roles={"powa_collector": LOGIN})
    found = plan_repository(declared, "hub")
    assert found["missing_logins"] == [] and found["lacks_access"]
    assert found["rights"] == ['GRANT "powa_snapshot" TO "powa_collector"']


#: What is read of a role that has the declared password.
SAME = {"password_as_expected": True}


def test_powa_webs_role_is_made_and_then_gets_its_rights():
    declared = declare(registered=SECRET, web=SHOWN)
    found = plan_repository(declared, "hub")
    assert found["missing_logins"] == [{"name": "powa_web", "variable": "powa_web_password"}]
    assert found["lacks_access"] and found["rights"] == []
    declared.hostvars["hub"]["__common_seen"] = ready(roles={**COLLECTOR, "powa_web": {**LOGIN, **SAME}}, hba=WEB_HBA)
    found = plan_repository(declared, "hub")
    assert found["missing_logins"] == [] and found["lacks_access"] and len(found["rights"]) == 2
    declared.hostvars["hub"]["__common_seen"] = ready(
        roles={**COLLECTOR, "powa_web": {**WEB["powa_web"], **SAME}}, hba=WEB_HBA
    )
    assert not plan_repository(declared, "hub")["lacks_access"]


@pytest.mark.parametrize("before", [LOGIN, {**LOGIN, "login": False}, {**LOGIN, "superuser": True}])
def test_a_collectors_role_that_somebody_made_has_its_rights_after_one_run(before):
    declared = declare(ready(roles={"powa_collector": before}), powa_roles_to_demote=["powa_collector"])
    assert plan_repository(declared, "hub")["lacks_access"]
    # Once tasks/access.yml has made the role what it is to be, it reads the host again before it grants anything.
    declared.hostvars["hub"]["__common_seen"] = ready(roles={"powa_collector": LOGIN})
    assert plan_repository(declared, "hub")["rights"] == ['GRANT "powa_snapshot" TO "powa_collector"']


def test_superusers_of_a_repository_are_left_as_they_are_and_need_no_rights():
    boss = {**LOGIN, "superuser": True, "password_as_expected": False}
    roles = {"powa_collector": boss, "powa_web": boss}
    declared = declare(ready(roles=roles, hba=WEB_HBA), registered=SECRET, web=SHOWN)
    found = plan_repository(declared, "hub")
    assert found["missing_logins"] == found["rights"] == [] and not found["lacks_access"]
    assert web_role_left(declared, "hub") == []


def test_datasources_are_granted_to_powa_webs_role_once_it_exists():
    assert plan(web=SHOWN)["web_role"] == ""
    declared = declare(ready(roles={}), registered=SECRET, web=SHOWN)
    assert plan_repository(declared, "hub")["web_role"] == "powa_web"
    checked = Run(declared.fleet, declared.hostvars, [], True)
    assert plan_repository(checked, "hub")["web_role"] == ""
    checked.hostvars["hub"]["__common_seen"] = ready(roles=WEB)
    assert plan_repository(checked, "hub")["web_role"] == "powa_web"


READER = {"powa_reader_password": "secret"}


def test_a_reader_is_made_with_its_lines_and_rights_and_is_granted_datasources():
    declared = declare(registered=READER)
    found = plan_repository(declared, "hub")
    assert found["missing_logins"] == [{"name": "powa_reader", "variable": "powa_reader_password"}]
    assert [(rule["user"], rule["address"]) for rule in found["hba"][1:]] == [
        ("powa_reader", "127.0.0.1/32"),
        ("powa_reader", "::1/128"),
    ]
    assert found["hba_todo"] and found["rights"] == [] and found["reader_role"] == "powa_reader"
    roles = {**COLLECTOR, "powa_reader": {**LOGIN, **SAME}}
    declared.hostvars["hub"]["__common_seen"] = ready(roles=roles)
    found = plan_repository(declared, "hub")
    assert found["missing_logins"] == []
    assert found["rights"] == ['GRANT "pg_monitor" TO "powa_reader"', 'GRANT "powa_read_all_metrics" TO "powa_reader"']
    checked = Run(declared.fleet, {"hub": {**READER, "__common_seen": ready()}}, [], True)
    found = plan_repository(checked, "hub")
    assert found["reader_role"] == "" and "role powa_reader does not exist yet" in found["skipped"][0]


def test_a_reader_logs_in_from_the_addresses_that_are_given():
    found = plan(registered=READER, powa_reader_addresses=["192.0.2.7"])
    assert [rule["address"] for rule in found["hba"][1:]] == ["192.0.2.7/32"]
    # Without a password there is none, whatever addresses are given.
    assert len(plan(powa_reader_addresses=["192.0.2.7"])["hba"]) == 1


def test_what_powa_webs_role_has_beyond_the_pages_is_named():
    more = {**REPOSITORY, "granted_roles": {"powa_web": ["powa_read_all_data"]}}
    declared = declare(ready(roles=WEB, repository=more), registered=SECRET, web=SHOWN)
    assert ["powa_read_all_data" in sentence for sentence in web_role_left(declared, "hub")] == [True]
    for facts in (ready(roles={}, repository=more), bare()):
        declared.hostvars["hub"]["__common_seen"] = facts
        assert web_role_left(declared, "hub") == []
    assert web_role_left(declare(ready(roles=WEB, repository=more)), "hub") == []


def test_two_roles_make_powas_roles_once():
    facts = ready(roles={"powa_collector": LOGIN, "powa_web": LOGIN}, repository={**REPOSITORY, "powa_roles": {}})
    found = plan(facts, SECRET, web=SHOWN)
    assert sum("setup_powa_roles" in statement for statement in found["rights"]) == 1
    assert found["rights"][-1] == 'GRANT "powa_read_all_metrics" TO "powa_web"'


def test_powa_web_has_a_login_only_with_a_password_and_a_host():
    everything = {"web": SHOWN, "registered": SECRET}
    assert [rule["user"] for rule in plan(**everything)["hba"]] == ["powa_collector", "powa_web"]
    assert [rule["user"] for rule in plan(web=SHOWN)["hba"]] == ["powa_collector"]
    assert [rule["user"] for rule in plan(registered=SECRET)["hba"]] == ["powa_collector"]
    assert [rule["user"] for rule in plan(registered=SECRET, web=[("w", ["x"], "y", True)])["hba"]] == [
        "powa_collector"
    ]
    assert plan(web=SHOWN)["missing_logins"] == []


def test_roles_with_other_passwords():
    passwords = {"powa_collector_password": "hidden", "powa_web_password": "secret"}
    found = plan(registered=passwords, web=SHOWN)
    assert [login["name"] for login in found["missing_logins"]] == ["powa_collector", "powa_web"]
    assert "hidden" not in str(found) and "secret" not in str(found)


def test_without_remotes_there_is_no_collector():
    found = plan(ready(roles={}, hba=[]), remotes=(), powa_datasources=[LOCKS])
    assert found["hba"] == [] and found["missing_logins"] == [] and not found["lacks_access"]
    assert found["kinds"] == [] and not found["makes_datasources"] and not found["registers"]
    assert found["marked"] == []


def test_remotes_outside_the_run_still_need_a_collector():
    found = plan(ready(roles={}), only=["hub"], powa_datasources=[LOCKS])
    assert found["missing_logins"] and found["kinds"] == ["repository"]
    assert found["remotes"] == [] and not found["registers"]


def test_what_this_run_has_created_is_read_again():
    assert plan(registered={"__archivist_created": {"changed": True}})["lacks_access"]


def test_a_line_of_pg_hba_conf_is_missing_or_not_loaded():
    assert plan(ready(hba=[]))["hba_todo"] and plan(ready(hba=[]))["lacks_access"]
    facts = ready()
    facts["server"]["unread"] = True
    assert plan(facts)["hba_todo"] and plan(facts)["lacks_access"]


def test_powa_4():
    relations = [
        {"extension": "powa", "schema": "public", "name": "powa_servers", "kind": "r", "privileges": {}},
    ]
    facts = ready(repository={**REPOSITORY, "major": 4, "powa_roles": {}, "relations": relations}, version="4.2.2")
    assert plan(facts)["rights"] == ['GRANT SELECT ON "public"."powa_servers" TO "powa_collector"']


def test_several_repositories_each_have_their_own():
    hosts = {
        "hub": host(None, "10.0.0.9", ["powa_repositories"]),
        "other": host(None, "10.0.1.9", ["powa_repositories"]),
        "a": host("hub", "10.0.0.1"),
        "b": host("other", "10.0.0.2"),
    }
    declared = run(fleet(hosts, [("c", "hub", "10.0.0.8"), ("d", "other", "10.0.1.8")]))
    first, second = plan_repository(declared, "hub"), plan_repository(declared, "other")
    assert (first["remotes"], first["collectors"]) == (["a"], ["c"])
    assert (second["remotes"], second["collectors"]) == (["b"], ["d"])
    assert [rule["address"] for rule in first["hba"]] == ["10.0.0.8/32"]
    assert [rule["address"] for rule in second["hba"]] == ["10.0.1.8/32"]


def test_a_repository_whose_only_remote_has_moved_disables_it():
    hosts = {"hub": host(None, "10.0.0.9", ["powa_repositories"]), "b": host("other", "10.0.0.2")}
    found = plan_repository(run(fleet(hosts), {"hub": ready()}), "hub")
    assert found["registers"] and found["remotes"] == [] and found["kinds"] == []


def test_exact_disables_nothing_once_a_host_is_lost_or_outside():
    exact = {"powa_servers_exact": True}
    assert plan(**exact)["servers_exact"] and plan(remotes=(), **exact)["registers"]
    lost = plan(lost=["a"], **exact)
    assert not lost["servers_exact"] and lost["remotes"] == [] and not lost["registers"]
    assert not plan(outside=["hub"], only=["a"], **exact)["servers_exact"]


def test_how_many_servers_go_is_found_out_before_a_change_where_the_inventory_lacks_some():
    exact = {"powa_servers_exact": True}
    gone = {"hostname": "gone", "port": 5432, "frequency": 300, "alias": None}
    moved = {**gone, "hostname": "10.0.0.2"}
    for servers, variables, changes, expected in (
        ([gone], exact, {}, True),
        (None, exact, {}, True),
        ([moved], exact, {}, False),
        ([{**gone, "frequency": -1}], exact, {}, False),
        ([gone], {}, {}, False),
        ([gone], exact, {"driver": False}, False),
        ([gone], exact, {"extensions": {}}, False),
    ):
        hosts = {
            "hub": host(None, "10.0.0.9", ["powa_repositories"], **variables),
            "a": host("hub", "10.0.0.1"),
            "b": host("other", "10.0.0.2"),
        }
        facts = ready(**changes)
        facts["repository"] = None if servers is None else {**facts["repository"], "servers": servers}
        declared = run(fleet(hosts), {"hub": facts})
        assert checks_exact(declared, "hub") is expected, (servers, variables, changes)
    # The last has moved, and the run disables it by itself.
    assert plan_repository(declared, "hub")["addresses"] == [
        {"hostname": "10.0.0.1", "port": 5432},
        {"hostname": "10.0.0.2", "port": 5432, "state": "absent"},
    ]


@pytest.mark.parametrize(
    ("remotes", "mode", "kinds"),
    [
        (("a",), "remote", ["repository"]),
        (("hub", "a"), "remote", ["repository", "remote"]),
        (("hub",), "local", ["repository", "local", "remote"]),
        ((), "local", ["local"]),
        ((), "remote", []),
    ],
)
def test_a_host_in_several_roles_has_several_sides(remotes, mode, kinds):
    found = plan(remotes=remotes, powa_mode=mode, powa_datasources=[LOCKS])
    assert found["kinds"] == kinds and found["makes_datasources"] == bool(kinds)


def test_marker_extensions():
    without = ready(extension_folder={**FOLDER, "controls": []})
    found = plan(without, powa_datasources=[LOCKS])
    assert found["markers_todo"] and found["lacks_access"]
    found = plan(without, powa_datasources=[LOCKS], powa_marker_extensions=False)
    assert found["marked"] == [] and not found["lacks_access"] and found["makes_datasources"]


def test_what_is_paused_before_remotes_change():
    pausable = [{"name": "locks", "state": "paused"}]
    assert datasources_to_pause(declare(powa_datasources=[LOCKS]), "hub") == pausable
    assert datasources_to_pause(declare(remotes=(), powa_datasources=[LOCKS]), "hub") == []
    bare_host = declare(bare(), check_mode=True, powa_datasources=[LOCKS])
    assert datasources_to_pause(bare_host, "hub") == []


def test_check_mode_resumes_nothing():
    assert not resumes(declare(), "hub") and not resumes(declare(check_mode=True), "hub")


def test_what_stays_paused_is_reported():
    made = {"datasources": [{"name": "locks", "paused": ["a"]}]}
    assert len(plan(registered={"__repository_made": made})["paused"]) == 1


# ---- check mode, and repositories outside --limit


def test_check_mode_on_a_bare_host_does_nothing():
    password = {"powa_collector_password": "hidden", **SECRET}
    assert nothing_done(plan(bare(), password, check_mode=True, web=SHOWN, powa_datasources=[LOCKS]))


def test_check_mode_without_the_driver_does_nothing():
    facts = ready(driver=False, roles={}, hba=[])
    assert nothing_done(plan(facts, check_mode=True, powa_datasources=[LOCKS]))


def test_check_mode_without_the_roles_says_what_it_skips():
    found = plan(ready(roles={}), SECRET, check_mode=True, web=SHOWN)
    assert found["skipped"] == [
        "hub: role powa_collector does not exist yet, so check mode skips its rights.",
        "hub: role powa_web does not exist yet, so check mode skips its rights.",
    ]
    assert found["lacks_access"] and len(found["missing_logins"]) == 2 and found["rights"] == []
    assert plan(check_mode=True)["skipped"] == []
    assert plan(ready(roles={}, extensions={}, repository=None), check_mode=True)["skipped"] == []


def test_check_mode_without_powa_makes_the_roles_only():
    found = plan(ready(roles={}, extensions={}, repository=None), check_mode=True, powa_datasources=[LOCKS])
    assert found["missing_logins"] and found["lacks_access"]
    assert not any(found[name] for name in ("have_powa", "registers", "makes_datasources", "marked"))


def test_check_mode_does_what_a_run_would_where_everything_exists():
    assert plan(check_mode=True, powa_datasources=[LOCKS]) == plan(powa_datasources=[LOCKS])


def test_a_repository_outside_the_limit():
    limited = {"outside": ["hub"], "only": ["a"], "powa_datasources": [LOCKS]}
    found = plan(**limited)
    assert found["host"] == "hub" and found["registers"] and found["makes_datasources"] and found["remotes"] == ["a"]
    assert found["differing"] == ["locks"]
    # Of a run, only what was there counts, because the run does not work on the host itself.
    assert not plan(ready(extensions={}), **limited)["have_powa"]
    # A module that lacks the driver says so.
    assert plan(ready(driver=False), **limited)["have_powa"]
    assert not plan(bare(), **limited)["registers"]


def test_a_repository_outside_the_limit_that_was_not_read():
    limited = {"outside": ["hub"], "only": ["a"], "powa_datasources": [LOCKS]}
    assert nothing_done(plan({"unreachable": True, "msg": "no route"}, **limited))
