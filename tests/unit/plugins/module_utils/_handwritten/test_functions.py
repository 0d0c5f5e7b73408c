# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From declared registrations to a plan of the registry's rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.objects import Table, TableColumn
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import SRVID, FoundFunction, FoundTable
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions import FunctionsTask, State
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import ALPHA, BETA, POWA_4, POWA_5

SNAPSHOT = {"operation": "snapshot", "function_name": "app_snapshot", "query_source": "app_src"}
PURGE = {"operation": "purge", "function_name": "app_purge"}
APP = {"name": "app", "functions": [SNAPSHOT, PURGE]}
COLUMNS = (TableColumn("ts", "date"), TableColumn("n", "integer"))
FUNCTION = FoundFunction((), None, None)
SOURCE = FoundFunction(COLUMNS, None, None)
DECLARED = FoundFunction((), "pgfleet.powa datasource app", None)
MARK = "pgfleet.powa transient table of {0}.app_src"


def table(schema, columns=(SRVID, *COLUMNS), is_table=True):
    return FoundTable(Table(schema, "app_src_tmp", MARK.format(schema), columns, unlogged=True), 1, is_table, None)


def repository(archivist=POWA_5, schema=None, **changes):
    """Return a repository that has the functions of the datasource, and nothing in its registry."""
    schema = schema or archivist.schema
    parts = {
        "archivist": archivist,
        "servers": [ALPHA, BETA],
        "registry": [],
        "listed": [],
        "extensions": {"powa": archivist.schema},
        "available": set(),
        "functions": {
            (schema, "app_snapshot"): FUNCTION,
            (schema, "app_purge"): FUNCTION,
            (schema, "app_src"): SOURCE,
        },
        "tables": {(schema, "app_src_tmp"): table(schema)},
        "registered": [],
    }
    return State(**dict(parts, **changes))


def task(**changes):
    made = FunctionsTask({"datasources": [dict(APP, **changes)]})
    assert made.problems == []
    return made


def refused(there, **changes):
    return task(**changes).check(None, there)


def summary(there, **changes):
    return [line.replace(" row", "") for line in task(**changes).plan(None, there).summary()]


@pytest.mark.parametrize("archivist", [POWA_4, POWA_5], ids=["4", "5"])
def test_what_can_be_registered_is_not_refused(archivist):
    assert refused(repository(archivist)) == [] and refused(repository(archivist), servers=["first", "local"]) == []


def known(external=False, **function):
    """Return the rows of a datasource that PoWA itself brings."""
    values = {"query_source": None, "query_cleanup": None, "priority": 10, "added_manually": False}
    key = {"extname": "app", "operation": "purge", "function_name": "app_purge"}
    return [
        Row("powa_extensions", {"extname": "app"}, {"external": external, "added_manually": False}),
        Row("powa_extension_functions", key, dict(values, **function)),
    ]


@pytest.mark.parametrize(
    ("changes", "there", "problem"),
    [
        ({"servers": ["omega"]}, repository(), 'servers: server "omega" is not registered here'),
        ({"name": "pg_qualstats"}, repository(POWA_4), "name: PoWA itself brings this datasource: activate it with"),
        ({"state": "absent"}, repository(registry=known()), "name: PoWA itself brings this datasource: activate it"),
        (
            {"functions": [PURGE]},
            repository(registry=known(priority=5)),
            "name: PoWA itself brings this datasource, and with other functions (the task declares purge app_purge,"
            " priority 10; PoWA has purge app_purge, priority 5): declare the same, or activate it",
        ),
        (
            {},
            repository(registry=[Row("powa_db_modules", {"db_module": "app"}, {})]),
            "name: a datasource with scope database has this name (powa_db_modules): choose another",
        ),
        (
            {},
            repository(functions={**repository().functions, ("PoWA", "app_purge"): DECLARED}),
            "name: this datasource has functions of the module pgfleet.powa.datasources (app_purge), which registers"
            " them itself",
        ),
        (
            {},
            repository(functions={**repository().functions, ("PoWA", "powa_app_snapshot"): DECLARED}),
            "name: this datasource has functions of the module pgfleet.powa.datasources (powa_app_snapshot)",
        ),
        (
            {"external": True},
            repository(),
            "external: PoWA looks for the functions in the schema of the extension app, which this database lacks:"
            " create the extension (module pgfleet.powa.extensions), or set external to false",
        ),
        (
            {"functions": [dict(PURGE, function_name="gone")]},
            repository(),
            "functions[0].function_name: found no function PoWA.gone(integer), nor one in any other schema:"
            " create it on this server",
        ),
        (
            {"functions": [dict(PURGE, function_name="gone")]},
            repository(functions={("other", "gone"): FUNCTION}),
            "functions[0].function_name: found no function PoWA.gone(integer), but one in schema other:"
            " create it here, too",
        ),
        (
            {"functions": [PURGE], "external": True},
            repository(extensions={"app": "app"}),
            "functions[0].function_name: found no function app.app_purge(integer), but one in schema PoWA:"
            " set external to false",
        ),
        (
            {"functions": [PURGE], "external": False},
            repository(schema="app", extensions={"app": "app"}),
            "functions[0].function_name: found no function PoWA.app_purge(integer), but one in schema app:"
            " set external to true",
        ),
        (
            {"functions": [PURGE]},
            repository(functions={("PoWA", "app_purge"): replace(FUNCTION, stranger="mallory")}),
            'functions[0].function_name: PoWA.app_purge(integer) belongs to role "mallory", who is neither a superuser',
        ),
        (
            {},
            repository(functions={**repository().functions, ("PoWA", "app_src"): replace(SOURCE, stranger="mallory")}),
            'functions[0].query_source: PoWA.app_src(integer) belongs to role "mallory", who is neither a superuser',
        ),
        (
            {},
            repository(tables={("PoWA", "app_src_tmp"): replace(table("PoWA"), stranger="mallory")}),
            "functions[0].query_source: its transient table PoWA.app_src_tmp belongs to role",
        ),
        (
            {"functions": [dict(SNAPSHOT, query_cleanup="SELECT {other}.f()")]},
            repository(),
            'functions[0].query_cleanup: found "{other}", but this server has no extension of that name',
        ),
        (
            {"functions": [dict(SNAPSHOT, query_cleanup="SELECT '{}'")]},
            repository(),
            "functions[0].query_cleanup: found a brace outside of a placeholder such as {powa}, which makes the"
            " collector exit without a message: put the statement into a function",
        ),
        (
            {"functions": [dict(SNAPSHOT, query_cleanup="SELECT {app}.f()")]},
            repository(POWA_4),
            "functions[0].query_cleanup: found a brace, which makes the collector exit without a message: put the",
        ),
        (
            {},
            repository(registered=[("twin", False, "app_src")]),
            "functions[0].query_source: PoWA.app_src is registered for the datasource twin already, so the"
            " collector would copy each of its rows twice",
        ),
        (
            {},
            repository(tables={}),
            "functions[0].query_source: its transient table PoWA.app_src_tmp does not exist: create it with",
        ),
        (
            {},
            repository(tables={("PoWA", "app_src_tmp"): table("PoWA", is_table=False)}),
            "functions[0].query_source: its transient table PoWA.app_src_tmp is not a plain table: create it with",
        ),
        (
            {},
            repository(
                functions={**repository().functions, ("PoWA", "app_src"): FoundFunction((), None, "returns nothing")}
            ),
            "functions[0].query_source: PoWA.app_src(integer) returns nothing",
        ),
        (
            {},
            repository(tables={("PoWA", "app_src_tmp"): table("PoWA", (SRVID, COLUMNS[0]))}),
            "functions[0].query_source: its transient table PoWA.app_src_tmp has the columns (srvid integer, ts date),"
            " but its result needs (srvid integer, ts date, n integer): repair the table with",
        ),
    ],
)
def test_every_refusal(changes, there, problem):
    (found,) = refused(there, **changes)
    assert found.startswith('datasource "{0}", {1}'.format(changes.get("name", "app"), problem))


@pytest.mark.parametrize(
    ("changes", "there"),
    [
        ({"functions": [dict(SNAPSHOT, query_cleanup="SELECT {app}.f(), {powa}.g()")]}, repository()),
        ({"functions": [dict(SNAPSHOT, query_cleanup="SELECT {x}.f()")]}, repository(available={"x"})),
        ({"functions": [PURGE]}, repository(registry=known())),
        ({}, repository(registered=[("twin", True, "app_src")], extensions={"twin": "elsewhere"})),
        ({}, repository(registered=[("app", False, "app_src")])),
        ({"servers": ["local"]}, repository(tables={})),
        ({"functions": [PURGE, {"operation": "unregister", "function_name": "gone"}]}, repository()),
        ({}, repository(schema="app", extensions={"app": "app"})),
        ({"state": "absent"}, repository(functions={}, tables={})),
        ({"external": True}, repository(POWA_4)),
    ],
)
def test_what_is_not_refused(changes, there):
    assert refused(there, **changes) == []


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
