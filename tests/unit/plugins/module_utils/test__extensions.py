# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From declared extensions to a plan, in the order of their dependencies."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned
from ansible_collections.pgfleet.powa.plugins.module_utils._extensions import (
    Dependent,
    Extension,
    ExtensionsState,
    ExtensionsTask,
    Resolved,
    _ordered,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.libraries import Libraries
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, Session, rendered

DEFAULT_PATH = 'SET LOCAL search_path TO "$user", public'


def available(
    installed=None, requires=(), targets=(), tables=0, default="2.0", versions=("1.0", "2.0"), fixed=None, movable=True
):
    schema = "public" if installed else None
    in_schema = dict.fromkeys(versions, fixed)
    return Extension(default, installed, schema, movable, in_schema, requires, targets, tables)


def server(extensions, installed=(), schemas=("public",), loaded=(), configured=(), dependents=()):
    return ExtensionsState(
        extensions, installed, schemas, "public" in schemas, Libraries(loaded, configured), dependents
    )


def declared(name, **changes):
    parts = {
        "name": name,
        "state": "present",
        "version": None,
        "schema": None,
        "history": "keep",
        "cascade": False,
        "files_pending": False,
    }
    return dict(parts, **changes)


def resolved(found, *extensions, check_mode=False):
    task = ExtensionsTask({"extensions": extensions})
    task.check_mode = check_mode
    return task.resolve(None, found, False)


def statements(found, *extensions, **mode):
    wanted, problems = resolved(found, *extensions, **mode)
    assert problems == []
    return rendered(write for change in wanted.plan.changes for write in change.writes)


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["a", "b"], ["a", "b"]),
        (["powa", "btree_gist", "pg_stat_statements"], ["btree_gist", "pg_stat_statements", "powa"]),
        (["powa", "btree_gist"], ["btree_gist", "powa"]),
        (["powa", "powa"], ["powa"]),
        (["unknown", "powa"], ["unknown", "powa"]),
    ],
)
def test_each_comes_after_what_it_requires(names, order):
    extensions = {"powa": available(requires=("btree_gist", "pg_stat_statements")), "btree_gist": available()}
    assert _ordered(names, extensions) == order


def test_extensions_are_made_in_that_order_and_dropped_in_the_other():
    extensions = {"a": available(requires=("b",)), "b": available()}
    wanted, _problems = resolved(server(extensions), declared("a"), declared("b"))
    assert wanted.plan.summary() == ["create extension b", "create extension a"]
    there = {"a": available("2.0", requires=("b",)), "b": available("2.0")}
    gone = [declared(name, state="absent") for name in "ba"]
    assert resolved(server(there, ("a", "b")), *gone)[0].plan.summary() == ["remove extension a", "remove extension b"]


@pytest.mark.parametrize(
    ("extension", "made"),
    [
        ({}, ['CREATE EXTENSION "a"']),
        ({"version": "1.0"}, ["CREATE EXTENSION \"a\" VERSION '1.0'"]),
        ({"version": "latest"}, ["CREATE EXTENSION \"a\" VERSION '2.0'"]),
        ({"schema": "app"}, ['CREATE EXTENSION "a" SCHEMA "app"']),
    ],
)
def test_an_extension_is_created(extension, made):
    found = server({"a": available()}, schemas=("public", "app"))
    assert statements(found, declared("a", **extension)) == [DEFAULT_PATH, *made]


def test_a_schema_that_is_missing_is_made_once():
    found = server({"a": available(), "b": available()})
    made = statements(found, declared("a", schema="App"), declared("b", schema="App"))
    assert made.count('CREATE SCHEMA "App"') == 1 and made[0] == 'CREATE SCHEMA "App"'


@pytest.mark.parametrize(
    ("extension", "made"),
    [
        ({}, []),
        ({"version": "1.0"}, []),
        ({"version": "latest"}, ["ALTER EXTENSION \"a\" UPDATE TO '2.0'"]),
        ({"schema": "public"}, []),
        ({"schema": "app"}, ['CREATE SCHEMA "app"', 'ALTER EXTENSION "a" SET SCHEMA "app"']),
    ],
)
def test_an_extension_is_updated_and_moved(extension, made):
    found = server({"a": available("1.0", targets=("2.0",))}, ("a",), ("public",))
    assert statements(found, declared("a", **extension)) == made


@pytest.mark.parametrize(
    ("extension", "made"),
    [({}, ['DROP EXTENSION "a"']), ({"cascade": True}, ['DROP EXTENSION "a" CASCADE'])],
)
def test_an_extension_is_dropped(extension, made):
    found = server({"a": available("1.0")}, ("a",))
    assert statements(found, declared("a", state="absent", **extension)) == made
    assert statements(server({"a": available()}), declared("a", state="absent")) == []
    assert statements(server({}), declared("a", state="absent")) == []


def test_what_a_cascade_takes_along_is_shown():
    key, view = Dependent("a", "table constraint k on public.t", 0), Dependent("a", "view public.v", 0)
    found = server({"a": available("2.0"), "b": available("2.0")}, ("a", "b"), dependents=(key, view))
    assert resolved(found, declared("a", state="absent"))[1] == [
        'extension "a": other objects depend on it (table constraint k on public.t, view public.v): drop these first,'
        " or give cascade: true to drop them as well"
    ]
    wanted, problems = resolved(found, declared("a", state="absent", cascade=True))
    assert problems == []
    assert wanted.plan.summary() == ["remove " + key.identity, "remove " + view.identity, "remove extension a"]
    assert wanted.plan.diff()["before"].startswith(key.identity + "\n    depends on extension a\n")
    assert wanted.plan.diff()["after"] == ""
    assert statements(found, declared("a", state="absent", cascade=True)) == ['DROP EXTENSION "a" CASCADE']
    both = server(found.extensions, ("a", "b"), dependents=(view, Dependent("b", view.identity, 0)))
    gone = [declared(name, state="absent", cascade=True) for name in "ab"]
    assert resolved(both, *gone)[0].plan.summary().count("remove " + view.identity) == 1


def test_a_cascade_that_takes_history_along_has_to_be_told():
    found = server({"a": available("2.0")}, ("a",), dependents=(Dependent("a", "extension powa", 9),))
    assert resolved(found, declared("a", state="absent", cascade=True))[1] == [
        'extension "a": dropping it with cascade would lose the data of extension powa (9 tables): give history: drop'
        " if that is what you want"
    ]
    assert statements(found, declared("a", state="absent", cascade=True, history="drop"))


def test_data_is_dropped_only_if_the_task_says_so():
    found = server({"a": available("1.0", tables=3)}, ("a",))
    assert statements(found, declared("a", state="absent", history="drop")) == ['DROP EXTENSION "a"']
    assert resolved(found, declared("a", state="absent"))[1] == [
        'extension "a": dropping it would lose the data of its 3 tables: give history: drop if that is what you want'
    ]


@pytest.mark.parametrize(
    ("found", "extensions", "problem"),
    [
        (
            server({"a": available()}),
            [declared("a"), declared("a")],
            'extension "a": it is in the list twice: give it once',
        ),
        (
            server({}),
            [declared("a")],
            'extension "a": this server does not have it: install the package that provides it',
        ),
        (
            server({"a": available()}),
            [declared("a", version="3.0")],
            'extension "a", version: found "3.0", this server has 1.0, 2.0: choose one of those',
        ),
        (
            server({"a": available(requires=("b", "c"))}, ("c",)),
            [declared("a")],
            'extension "a": it requires b, which this database would not have',
        ),
        (
            server({"a": available(requires=("b",)), "b": available("1.0")}, ("b",)),
            [declared("a"), declared("b", state="absent")],
            'extension "a": it requires b, which this database would not have',
        ),
        (
            server({"a": available("1.0")}, ("a",)),
            [declared("a", version="2.0")],
            'extension "a", version: 1.0 is installed, and there is no update path from it to 2.0:'
            " keep the installed version, or install a package that provides such a path",
        ),
        (
            server({"powa": available("4.2.2", versions=("5.0.2",), default="5.0.2")}, ("powa",)),
            [declared("powa", version="latest")],
            'extension "powa", version: 4.2.2 is installed, and there is no update path from it to 5.0.2:'
            " save the history that you need (pg_dump), drop the extension with state: absent and history: drop",
        ),
    ],
)
def test_every_refusal(found, extensions, problem):
    (sentence,) = resolved(found, *extensions)[1]
    assert sentence.startswith(problem)


def test_a_version_that_is_installed_may_be_gone_from_the_files():
    found = server({"a": available("0.9")}, ("a",))
    assert statements(found, declared("a", version="0.9")) == []


def test_a_check_before_the_package_is_there_shows_what_is_declared():
    pending = declared("a", files_pending=True, version="1.0")
    wanted, problems = resolved(server({}), pending, check_mode=True)
    assert problems == [] and wanted.plan.diff()["after"] == (
        "extension a\n    version: 1.0\n    schema: the default\n"
    )
    assert len(resolved(server({}), pending)[1]) == 1


def returned(found, *extensions, written=False, cursor=None):
    task = ExtensionsTask({"extensions": extensions})
    wanted, _problems = task.resolve(None, found, False)
    return task.result(Session(cursor or Recorder()), Planned(Resolved(found, wanted.plan), wanted.plan), written)


@pytest.mark.parametrize(
    ("loaded", "configured", "missing", "restart"),
    [
        ((), (), ["pg_stat_statements"], False),
        ((), ("pg_stat_statements",), [], True),
        (("pg_stat_statements",), ("pg_stat_statements",), [], False),
    ],
)
def test_a_library_has_to_be_preloaded(loaded, configured, missing, restart):
    found = server({"pg_stat_statements": available("2.0")}, loaded=loaded, configured=configured)
    result = returned(found, declared("pg_stat_statements"), declared("a"))
    assert result["preload"] == ["pg_stat_statements"]
    assert (result["preload_missing"], result["restart_required"]) == (missing, restart)
    assert result["extensions"] == [
        {"name": "pg_stat_statements", "version": "2.0", "schema": "public", "default_version": "2.0"},
        {"name": "a", "version": None, "schema": None, "default_version": None},
    ]


def test_a_schema_that_is_not_possible_is_refused():
    fixed, stays = available(fixed="public"), available("2.0", movable=False)
    found = server({"powa": fixed, "moved": stays, "btree_gist": available()}, ("moved",), schemas=("powa",))
    declarations = [declared(name, schema="powa") for name in ("powa", "moved")] + [declared("btree_gist")]
    assert resolved(found, *declarations)[1] == [
        'extension "powa", schema: found "powa", and version 2.0 can be created in the schema "public" only:'
        " leave schema out",
        'extension "moved", schema: found "powa", but it is in the schema "public", and PostgreSQL cannot move it:'
        " leave schema out, or drop the extension first",
        'extension "btree_gist", schema: the database has no schema public, where PostgreSQL would create it:'
        " give a schema, which is created if it does not exist",
    ]


def test_a_schema_that_the_control_file_or_the_task_makes():
    found = server({"powa": available(fixed="public"), "a": available(), "b": available()}, schemas=())
    wanted, problems = resolved(found, declared("powa"))
    assert problems == [] and wanted.plan.summary() == ["create extension powa"]
    assert resolved(found, declared("a", schema="public"), declared("b"))[1] == []


@pytest.mark.parametrize(("schema", "size"), [("ä" * 32, 64), ("s" * 64, 64), ("ä" * 31, None), (None, None)])
def test_a_name_that_postgresql_would_cut(schema, size):
    found = 'extension "powa", schema: found a name of {0} bytes, expected at most 63, since PostgreSQL cuts the rest:'
    problems = [found.format(size) + " give a shorter one"] if size else []
    assert ExtensionsTask({"extensions": [declared("powa", schema=schema)]}).problems == problems
