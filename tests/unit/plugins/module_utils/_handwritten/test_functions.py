# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From declared registrations to a plan of the registry's rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten import functions
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions import FunctionsTask
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.rights import Needed, Right, Schema
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._handwritten.registrations import (
    APP,
    FUNCTION,
    PURGE,
    SOURCE,
    known,
    repository,
    task,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, rendered

ROLES = {"collector_role": "coll", "monitoring_role": "mon"}


def summary(there, **changes):
    return [line.replace(" row", "") for line in task(**changes).plan(None, there).summary()]


def test_a_datasource_is_registered_for_all_servers():
    assert summary(repository(POWA_4)) == [
        "create powa_functions (function_name=app_snapshot, module=app, operation=snapshot, srvid=1-2)",
        "create powa_functions (function_name=app_purge, module=app, operation=purge, srvid=1-2)",
    ]
    assert summary(repository())[0] == "create powa_extensions (extname=app)"
    assert summary(repository())[-1] == "create powa_extension_config (extname=app, srvid=1-2)"


@pytest.mark.parametrize(
    ("servers", "srvids"), [(["first"], "1"), (["local"], "0"), (["beta", "local", "first"], "0-2")]
)
def test_a_datasource_is_registered_for_some_servers(servers, srvids):
    assert summary(repository(), servers=servers)[-1].endswith("srvid={0})".format(srvids))


def wanted_rows(there, **changes):
    plan = task(**changes).plan(None, there)
    return [write.row for change in plan.changes for write in change.writes]


def test_what_a_user_may_have_set_is_left_alone():
    rows = wanted_rows(repository())
    assert not any("retention" in row.values or "enabled" in row.values for row in rows)
    assert wanted_rows(repository(), enabled=False)[-1].values["enabled"] is False


def test_functions_of_an_extension():
    rows = wanted_rows(repository(schema="app", extensions={"app": "app"}))
    assert rows[0].values["external"] is True


def test_on_powa_4_an_extension_is_listed_for_each_server():
    rows = wanted_rows(repository(POWA_4, extensions={"app": "app"}))
    assert [row.table for row in rows] == ["powa_extensions", "powa_functions", "powa_functions"]
    assert rows[1].values["extname"] == "app"


def test_a_datasource_that_powa_brings_gets_rows_of_servers_only():
    rows = wanted_rows(repository(registry=known()), functions=[PURGE], servers=["first", "local"])
    assert [(row.table, row.srvid, row.values["added_manually"]) for row in rows] == [
        ("powa_extension_config", 0, False),
        ("powa_extension_config", 1, True),
    ]


def registered(*srvids, **values):
    """Return the rows of the datasource on PoWA 5 as others may have made them."""
    rows = wanted_rows(repository())[:-1]
    values = dict({"added_manually": True, "enabled": True}, **values)
    return rows + [Row("powa_extension_config", {"srvid": srvid, "extname": "app"}, values) for srvid in srvids]


def test_what_is_registered_stays():
    assert summary(repository(registry=registered(1, 2))) == []


def test_an_extension_that_does_not_have_the_functions_is_not_looked_at():
    there = registered(1, 2)
    assert there[0].values["external"] is False
    assert summary(repository(registry=there, extensions={"app": "app"})) == []
    assert summary(repository(registry=there, extensions={"app": "app"}), external=True) == [
        "change powa_extensions (extname=app)"
    ]


def test_a_registration_that_finds_no_functions_is_repaired():
    there = registered(1, 2)
    there[0] = replace(there[0], values=dict(there[0].values, external=True))
    assert summary(repository(registry=there)) == ["change powa_extensions (extname=app)"]


def test_on_powa_4_functions_without_an_extension_stay_so():
    there = wanted_rows(repository(POWA_4), servers=["first"])
    assert summary(repository(POWA_4, registry=there, extensions={"app": "app"}), servers=["first"]) == []


def test_a_server_that_others_named_keeps_its_rows():
    assert summary(repository(registry=registered(1, 2)), servers=["first"]) == []


def test_a_datasource_is_removed_everywhere_or_for_some_servers():
    state = repository(registry=registered(0, 1, 2))
    everywhere = summary(state, state="absent")
    assert everywhere[0] == "remove powa_extension_config (extname=app, srvid=0-2)"
    assert everywhere[-1] == "remove powa_extensions (extname=app)"
    assert summary(state, state="absent", servers=["beta"]) == ["remove powa_extension_config (extname=app, srvid=2)"]


def test_a_row_that_nobody_added_by_hand_is_not_removed():
    state = repository(registry=registered(1, added_manually=False)[-1:])
    assert summary(state, state="absent") == []


def test_the_version_is_returned():
    assert task().result(None, Planned(repository(), Plan()), False) == {"powa_version": "5.0.2"}


class Answering(Recorder):
    """A server that has the functions and tables of the repository, and roles without any right."""

    def __init__(self, monkeypatch, there):
        super().__init__({"pg_roles": [("coll",), ("mon",)]})
        monkeypatch.setattr(functions, "read_state", lambda _cursor, _specs: there)
        monkeypatch.setattr(
            functions, "read_rights", lambda _cursor, needed: [Right(one, "me", one.privileges) for one in needed]
        )


def granted(monkeypatch, options, there=None, **changes):
    """Return what the task grants, as role, privileges and object."""
    made = task(options, **changes)
    found = made.read(Answering(monkeypatch, there or repository()))
    assert made.check(None, found) == []
    writes = [write for change in made.plan(None, found).changes for write in change.writes]
    statements = rendered(write for write in writes if not hasattr(write, "row"))
    return sorted({tuple(text[len("GRANT ") :].replace('"', "").split(" TO ")[::-1]) for text in statements})


WRITE = "DELETE, INSERT, SELECT, UPDATE ON TABLE "


def test_what_the_roles_of_a_repository_need(monkeypatch):
    assert granted(monkeypatch, {"collector_role": "coll"}, tables=["app_history", "own.app_more"]) == [
        ("coll", WRITE + "PoWA.app_history"),
        ("coll", WRITE + "PoWA.app_src_tmp"),
        ("coll", WRITE + "own.app_more"),
        ("coll", "EXECUTE ON FUNCTION PoWA.app_purge(integer)"),
        ("coll", "EXECUTE ON FUNCTION PoWA.app_snapshot(integer)"),
        ("coll", "EXECUTE ON FUNCTION PoWA.app_src(integer)"),
        ("coll", "USAGE ON SCHEMA PoWA"),
        ("coll", "USAGE ON SCHEMA own"),
    ]
    assert granted(monkeypatch, {"monitoring_role": "mon"}) == [
        ("mon", "EXECUTE ON FUNCTION PoWA.app_src(integer)"),
        ("mon", "USAGE ON SCHEMA PoWA"),
    ]
    assert granted(monkeypatch, {}) == granted(monkeypatch, ROLES, state="absent") == []


@pytest.mark.parametrize(("stranger", "number"), [(None, 2), ("mallory", 0)])
def test_a_source_that_stays_registered_keeps_its_rights(monkeypatch, stranger, number):
    key = {"extname": "app", "operation": "snapshot", "function_name": "app_snapshot"}
    row = Row("powa_extension_functions", key, {"query_source": "app_src", "added_manually": True})
    there = repository(registry=[row])
    there.functions["PoWA", "app_src"] = replace(SOURCE, stranger=stranger)
    there.tables["PoWA", "app_src_tmp"] = replace(there.tables["PoWA", "app_src_tmp"], stranger=stranger)
    functions = [{"operation": "snapshot", "function_name": "app_snapshot"}]
    found = granted(monkeypatch, {"collector_role": "coll"}, there, functions=functions)
    assert len([what for _role, what in found if "app_src" in what]) == number


def test_a_source_that_only_remotes_have_and_an_extension_that_is_missing(monkeypatch):
    there = repository(functions={("PoWA", "app_snapshot"): FUNCTION, ("PoWA", "app_purge"): FUNCTION}, tables={})
    assert not any("app_src" in what for _role, what in granted(monkeypatch, ROLES, there, servers=["local"]))
    made = task(ROLES, external=True)
    assert made.read(Answering(monkeypatch, repository())).rights == []


def test_on_a_remote_the_monitoring_role_gets_its_rights_and_nothing_is_registered(monkeypatch):
    there = repository(functions={("PoWA", "app_src"): SOURCE}, tables={})
    assert granted(monkeypatch, dict(ROLES, server_kind="remote"), there) == [
        ("mon", "EXECUTE ON FUNCTION PoWA.app_src(integer)"),
        ("mon", "USAGE ON SCHEMA PoWA"),
    ]
    made = task(dict(ROLES, server_kind="remote"))
    assert not made.plan(None, repository()).changed
    gone = task(dict(ROLES, server_kind="remote"), external=True)
    assert gone.read(Answering(monkeypatch, there)).rights == []


def test_a_remote_looks_for_no_source_that_a_task_leaves_out():
    functions = [{"operation": "snapshot", "function_name": "app_snapshot", "query_source": ""}]
    assert (
        task(dict(ROLES, server_kind="remote"), functions=functions).check(None, repository(roles=["coll", "mon"]))
        == []
    )


def test_a_remote_without_a_monitoring_role():
    (problem,) = FunctionsTask({"datasources": [APP], "server_kind": "remote"}).problems
    assert problem.startswith('monitoring_role: found none, but on a "remote" the task only gives that role its rights')


def test_roles_that_do_not_exist_and_rights_that_nobody_here_may_grant():
    right = Right(Needed("collector_role", "coll", Schema("s"), ("USAGE",)), "boss", ("USAGE",), ("USAGE",))
    assert [problem[:50] for problem in task(ROLES).check(None, repository(roles=["coll"], rights=[right]))] == [
        'monitoring_role: role "mon" does not exist on this',
        'collector_role: role "coll" lacks USAGE on schema ',
    ]
