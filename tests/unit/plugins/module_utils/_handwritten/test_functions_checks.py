# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a registration is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import SRVID, FoundFunction
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.rights import Needed, Right, Table
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._handwritten.registrations import (
    COLUMNS,
    DECLARED,
    FUNCTION,
    PURGE,
    SNAPSHOT,
    SOURCE,
    known,
    repository,
    table,
    task,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4, POWA_5

REMOTE = {"server_kind": "remote", "monitoring_role": "mon"}


def refused(there, **changes):
    return task(**changes).check(None, there)


@pytest.mark.parametrize("archivist", [POWA_4, POWA_5], ids=["4", "5"])
def test_what_can_be_registered_is_not_refused(archivist):
    assert refused(repository(archivist)) == [] and refused(repository(archivist), servers=["first", "local"]) == []


@pytest.mark.parametrize(
    ("changes", "there", "problem"),
    [
        ({"servers": ["omega"]}, repository(), 'servers: server "omega" is not registered here'),
        ({"name": "pg_qualstats"}, repository(POWA_4), "name: PoWA itself brings this datasource: activate it with"),
        ({"state": "absent"}, repository(registry=known()), "name: PoWA itself brings this datasource: activate it"),
        (
            {"functions": [PURGE], "priority": 10},
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
            'functions[0].function_name: PoWA.app_purge(integer) belongs to role "mallory", which is neither a',
        ),
        (
            {},
            repository(functions={**repository().functions, ("PoWA", "app_src"): replace(SOURCE, stranger="mallory")}),
            'functions[0].query_source: PoWA.app_src(integer) belongs to role "mallory", which is neither a',
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
        ({"functions": [PURGE]}, repository(registry=known(priority=5))),
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


def history(schema, name, owner):
    return Right(Needed("collector_role", "coll", Table(schema, name), ("SELECT",)), owner)


def test_tables_that_do_not_exist():
    there = repository(rights=[history("PoWA", "app_history", "postgres"), history("own", "gone", None)])
    assert refused(there, tables=["app_history", "own.gone"]) == [
        'datasource "app", tables[1]: found no table own.gone: create it, or correct the name'
    ]
    # Without a collector's role they are not looked for.
    assert refused(repository(), tables=["gone"]) == []


@pytest.mark.parametrize(
    ("changes", "there", "problem"),
    [
        (
            {},
            {"functions": {}},
            "functions[0].query_source: found no function PoWA.app_src(integer): create it on this server",
        ),
        (
            {},
            {"functions": {("PoWA", "app_src"): replace(SOURCE, stranger="mallory")}},
            'functions[0].query_source: PoWA.app_src(integer) belongs to role "mallory"',
        ),
        ({"external": True}, {}, "external: PoWA looks for the functions in the schema of the extension app"),
    ],
)
def test_what_is_refused_on_a_remote(changes, there, problem):
    (found,) = task(REMOTE, **changes).check(None, repository(roles=["mon"], **there))
    assert found.startswith('datasource "app", ' + problem)


def test_what_a_remote_does_not_need():
    there = repository(roles=["mon"], functions={("PoWA", "app_src"): SOURCE}, tables={})
    assert task(REMOTE).check(None, there) == task(REMOTE, state="absent").check(None, there) == []
