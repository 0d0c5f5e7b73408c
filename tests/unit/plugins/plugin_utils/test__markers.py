# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to change for marker extensions."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.pgfleet.powa.plugins.filter import cleanup_plan, markers
from ansible_collections.pgfleet.powa.plugins.plugin_utils._markers import plan_cleanup, plan_markers
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

FOLDER = "/usr/share/postgresql/17/extension"
LOCKS = {"name": "locks"}
#: What the files of a marker have to have: the interface with those that an earlier release has written.
CONTROL = (
    "# pgfleet.powa marker: no file of a package, and written anew when it is changed.\n"
    "comment = 'pgfleet.powa marker of a PoWA datasource'\n"
    "default_version = '1.0'\nrelocatable = false\nschema = pg_catalog\nsuperuser = false\n"
)
SCRIPT = "-- Empty: that the extension locks is there is all that PoWA and its web interface look for.\n"
SUM = hashlib.sha256((CONTROL + SCRIPT).encode()).hexdigest()
INSTALLED = {
    "version": "1.0",
    "schema": "pg_catalog",
    "comment": "pgfleet.powa marker of a PoWA datasource",
    "owner": "postgres",
    "owner_superuser": True,
}
NOTHING = {"write": [], "remove": [], "extensions": [], "missing": [], "todo": False}


def seen(writable=True, controls=("powa",), there=None, installed=None, folder=True):
    found = {"path": FOLDER, "writable": writable, "controls": list(controls), "powa": "5.0", "markers": there or {}}
    return {"os": {}, "extension_folder": found if folder else None, "extensions": installed or {}}


def plan(datasources, state="present", **found):
    return plan_markers(datasources, seen(**found), state, {})


def test_a_marker_gets_its_files_and_is_created():
    found = markers.FilterModule().filters()["markers"]([LOCKS], seen())
    assert found == {
        "write": [
            {"path": FOLDER + "/locks--1.0.sql", "content": SCRIPT},
            {"path": FOLDER + "/locks.control", "content": CONTROL},
        ],
        "remove": [],
        "extensions": [{"name": "locks", "version": "1.0", "files_pending": True}],
        "missing": [],
        "todo": True,
    }


def test_nothing_is_to_do():
    assert plan([LOCKS], there={"locks": SUM}, installed={"locks": INSTALLED}).as_dict() == NOTHING
    assert plan([]).as_dict() == NOTHING
    for unread in ({}, {"failed": True, "msg": "timeout"}):
        assert plan_markers([LOCKS], unread, "present", {}).as_dict() == NOTHING


@pytest.mark.parametrize("installed", [{}, {"locks": {**INSTALLED, "version": "0.9"}}])
def test_a_marker_with_its_files_is_created_or_updated(installed):
    planned = plan([LOCKS], there={"locks": SUM}, installed=installed, writable=False)
    assert planned.extensions == [{"name": "locks", "version": "1.0", "files_pending": False}]
    assert planned.write == [] and planned.missing == []


def test_files_that_somebody_has_changed_are_written_again():
    planned = plan([LOCKS], there={"locks": "other"}, installed={"locks": INSTALLED})
    assert len(planned.write) == 2 and len(planned.extensions) == 1


@pytest.mark.parametrize("found", [{"writable": False}, {"folder": False}])
def test_files_that_can_not_be_written_are_reported(found):
    planned = plan([LOCKS], **found)
    assert planned.missing == ["locks"] and planned.todo
    assert planned.write == [] and planned.extensions == []


def test_nothing_is_written_or_removed_where_the_host_may_not_change():
    filtered, kept = markers.FilterModule().filters()["markers"], {"powa_manage_host": False}
    found = filtered([LOCKS], seen(), "present", kept)
    assert found["missing"] == ["locks"] and found["write"] == found["extensions"] == []
    there = seen(there={"locks": SUM}, installed={"locks": INSTALLED})
    removed = filtered([{**LOCKS, "state": "absent"}], there, "absent", kept)
    assert removed["extensions"] == [{"name": "locks", "state": "absent"}] and removed["remove"] == []


@pytest.mark.parametrize(
    ("definition", "name"),
    [
        ({"name": "locks", "extension": "other"}, "other"),
        ({"name": "locks", "extension": ""}, "locks"),
        ({"name": "locks", "extension": None, "scope": None, "state": None}, "locks"),
        ({"name": "locks", "scope": "cluster", "state": "paused"}, "locks"),
        ({"name": "locks", "scope": "database"}, None),
        ({"name": "locks", "state": "absent"}, None),
        ({"name": "powa"}, None),
        ({"name": "../../tmp/x"}, None),
        ({"name": "Locks"}, None),
        ({"name": "locks\n"}, None),
        ({"name": "x" * 64}, None),
        ({"name": 7}, None),
        ({"query": "SELECT 1"}, None),
    ],
)
def test_which_datasources_have_a_marker(definition, name):
    assert [extension["name"] for extension in plan([definition]).extensions] == ([name] if name else [])


def test_datasources_of_one_extension_share_its_marker():
    shared = [{"name": "a", "extension": "x"}, {"name": "b", "extension": "x"}]
    assert [extension["name"] for extension in plan(shared).extensions] == ["x"]


def removed(*datasources, **found):
    found = {"there": {"locks": "any"}, "installed": {"locks": INSTALLED}, **found}
    return plan([*datasources, {"name": "locks", "state": "absent"}], "absent", **found)


def test_the_marker_of_a_removed_datasource_is_dropped_and_its_files_go():
    assert removed(LOCKS | {"name": "other"}).as_dict() == {
        "write": [],
        "remove": [
            {"path": FOLDER + "/locks.control", "state": "absent"},
            {"path": FOLDER + "/locks--1.0.sql", "state": "absent"},
        ],
        "extensions": [{"name": "locks", "state": "absent"}],
        "missing": [],
        "todo": True,
    }


def test_a_marker_that_another_datasource_needs_stays():
    assert removed({"name": "other", "extension": "locks"}).as_dict() == NOTHING


@pytest.mark.parametrize("comment", [None, "lock monitoring"])
def test_an_extension_that_somebody_else_has_made_stays(comment):
    planned = removed(installed={"locks": {**INSTALLED, "comment": comment}}, there={})
    assert planned.as_dict() == NOTHING
    assert removed(controls=["locks"]).as_dict() == NOTHING


def test_a_marker_of_a_role_that_could_not_have_made_it_stays():
    theirs = {**INSTALLED, "owner": "mallory", "owner_superuser": False}
    assert removed(installed={"locks": theirs}, there={}).as_dict() == NOTHING
    powa = {"version": "5.0", "schema": "public", "comment": None, "owner": "mallory", "owner_superuser": False}
    assert removed(installed={"locks": theirs, "powa": powa}, there={}).extensions


def test_a_marker_without_files_is_dropped_and_files_without_a_marker_go():
    for found in ({"there": {}}, {"writable": False}, {"folder": False}):
        planned = removed(**found)
        assert planned.remove == [] and len(planned.extensions) == 1
    planned = removed(installed={})
    assert len(planned.remove) == 2 and planned.extensions == []


def test_what_is_there_stays_until_its_datasource_is_removed():
    assert plan([LOCKS], "absent", there={"locks": SUM}, installed={"locks": INSTALLED}).as_dict() == NOTHING
    assert plan([{"name": "locks", "state": "absent"}], there={"locks": SUM}).as_dict() == NOTHING


# What removed datasources leave behind on a host.

GONE = {"name": "locks", "state": "absent"}


DONE = {"__remote_made": {"changes": []}, "__repository_made": {"changes": []}}


def cleanup(groups=("powa_remotes",), remotes=None, lost=(), check_mode=False, found=None, server=True, **variables):
    made = variables.pop("made", DONE)
    variables = {
        "powa_mode": "remote",
        "powa_marker_extensions": True,
        "powa_monitoring_role": "powa_monitor",
        "powa_datasources": [GONE],
        **variables,
    }
    fleet = {
        "hosts": {"db": {"groups": list(groups), "variables": variables}},
        "remotes": {"db": {"repository": "hub"}} if remotes is None else remotes,
    }
    extensions = {"locks": INSTALLED, "powa": {"version": "5.0", "schema": "public", "comment": None}}
    host = {**seen(installed=extensions), "server": {"standby": False, "roles": {}} if server is True else server}
    facts = {"__common_seen": {**host, **(found or {})}, **made}
    return plan_cleanup(Run(fleet, {"db": facts}, lost, check_mode), "db")


def test_a_remote_is_cleaned_up():
    assert cleanup() == ([GONE], True)
    assert cleanup(powa_datasources=[LOCKS]) == ([LOCKS], False)
    assert not cleanup(powa_datasources=[]).todo


def test_no_cleanup_without_marker_extensions_or_before_the_datasources_are_gone():
    assert not cleanup(powa_marker_extensions=False).todo
    assert not cleanup(lost=["hub"]).todo
    assert not cleanup(remotes={}).todo
    assert not cleanup(server=None).todo
    assert not cleanup(server={"standby": True, "roles": {}}).todo


@pytest.mark.parametrize(
    "groups, other",
    [
        (["powa_remotes"], "__repository_made"),
        (["powa_repositories"], "__remote_made"),
        (["powa_repositories", "powa_remotes"], "__remote_made"),
    ],
)
def test_no_cleanup_by_a_run_that_has_left_out_the_datasources_of_the_host(groups, other):
    own = {"one": {"repository": "db"}, "db": {"repository": "db"}}
    assert cleanup(groups, own).todo
    for made in ({}, {other: {"changes": []}}, dict.fromkeys(DONE, {"skipped": True, "changed": False})):
        assert not cleanup(groups, own, made=made).todo


def test_check_mode_goes_by_what_existed_before():
    role = {"standby": False, "roles": {"powa_monitor": {}}}
    assert cleanup(check_mode=True, server=role).todo
    assert not cleanup(check_mode=True).todo
    assert not cleanup(check_mode=True, server=role, found={"extensions": {"locks": INSTALLED}}).todo


def test_a_repository_is_cleaned_up_if_it_has_datasources_of_its_own():
    of_it = {"one": {"repository": "db"}}
    assert cleanup(["powa_repositories"], of_it).todo
    assert cleanup(["powa_repositories"], {}, powa_mode="local").todo
    assert not cleanup(["powa_repositories"], {"one": {"repository": "other"}}).todo
    assert cleanup(["powa_repositories", "powa_remotes"], {"db": {"repository": "db"}}, lost=["one"]).todo


def test_the_filter_knows_nothing_of_a_host_that_was_not_read():
    found = cleanup_plan.FilterModule().filters()["cleanup_plan"]("db", {"hosts": {}, "remotes": {}}, {})
    assert found == {"datasources": (), "todo": False}
