# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server refuses about datasources before anything is written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.checks import refusal_of_login, refusals
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.local_mode import LocalMode
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import Schema
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Function
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.creators import Creator
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    LATER_POWA_5,
    LOCAL,
    POWA_4,
    POWA_5,
    REMOTE,
    REPOSITORY,
    catalog_of,
    definition,
    state,
    unmarked,
    wanted,
)

APP = {"app": Schema("app", True, "postgres")}


def refused(side=REPOSITORY, found=None, removals=(), **changes):
    return refusals([definition(**changes)], removals, side, found or state())


@pytest.mark.parametrize("side", [REMOTE, REPOSITORY, LOCAL], ids=lambda side: side.server_kind[0])
def test_what_can_be_made_is_not_refused(side):
    assert refused(side) == []


@pytest.mark.parametrize(
    ("side", "roles", "problem"),
    [
        (REMOTE, [], 'monitoring_role: role "mon" does not exist on this server: create it first'),
        (REPOSITORY, ["mon"], 'collector_role: role "coll" does not exist on this server: create it first'),
        (
            REPOSITORY._replace(web_role="web"),
            ["mon", "coll"],
            'web_role: role "web" does not exist on this server: create it first',
        ),
    ],
)
def test_a_role_that_does_not_exist(side, roles, problem):
    assert refused(side, state(roles=roles)) == [problem]


def test_local_mode_makes_its_roles_and_refuses_what_others_could_use():
    local = Side(("local",), "mon", None)
    assert refused(local, state(roles=[])) == []
    open_to_all = LocalMode({}, [Creator("public", "", False, False, "postgres")], "powa")
    (problem,) = refused(local, state(roles=[], own_queries=open_to_all))
    assert problem.startswith("server_kind: PUBLIC may create objects in schema public")
    assert refusals([], [], local, state(own_queries=open_to_all)) == []


@pytest.mark.parametrize(
    ("side", "found", "changes", "problem"),
    [
        (
            REPOSITORY,
            state(POWA_4),
            {"scope": "database"},
            'scope: found "database", which PoWA 4.1.4 does not know: use PoWA 5, or scope "cluster"',
        ),
        (
            LOCAL,
            state(POWA_5),
            {"scope": "database"},
            'scope: found "database", which PoWA supports only for remotes: use scope "cluster" on a local server',
        ),
        (
            REPOSITORY,
            state(POWA_5),
            {"retention": "7 days"},
            "retention: PoWA 5.0.2 keeps all datasources of a server for the same time, and a retention of"
            " its own needs PoWA 5.1.2: leave it out, and set the retention of the servers",
        ),
        (
            REPOSITORY,
            state(LATER_POWA_5, bad_intervals={"soon": "it is no interval"}),
            {"retention": "soon"},
            "retention: it is no interval",
        ),
        (
            REMOTE,
            state(),
            {"state": "paused"},
            'state: found "paused", which needs server_kind repository: leave it out on other servers',
        ),
        (
            REMOTE,
            state(schemas={"app": Schema("app", False)}),
            {"search_path": ["app"]},
            'search_path: schema "app" does not exist: create it, or leave it out',
        ),
        (
            LOCAL,
            state(schemas={"app": Schema("app", True, "postgres", [""])}),
            {"search_path": ["app"], "security_definer": True},
            'security_definer: PUBLIC may create objects in schema "app" without being a superuser, and so run code as'
            " the function's owner: revoke that right (REVOKE CREATE ON SCHEMA), or leave the schema out",
        ),
        (
            LOCAL,
            state(schemas={"app": Schema("app", True, "app", ["app"])}),
            {"search_path": ["app"], "security_definer": True},
            'security_definer: role "app" may create objects in schema "app" without being a superuser, and so run code'
            " as the function's owner: give the schema to a superuser (ALTER SCHEMA ... OWNER TO), or leave the schema"
            " out",
        ),
        (
            LOCAL,
            state(schemas={"app": Schema("app", True, "app", ["", "app", "dev"])}),
            {"search_path": ["app"], "security_definer": True},
            'security_definer: PUBLIC and role "app" and role "dev" may create objects in schema "app" without being a'
            " superuser, and so run code as the function's owner: revoke that right (REVOKE CREATE ON SCHEMA) and give"
            " the schema to a superuser (ALTER SCHEMA ... OWNER TO), or leave the schema out",
        ),
        (
            REPOSITORY,
            state(),
            {"servers": ["first", "omega"]},
            'servers: server "omega" is not registered here (registered: beta:5432, first):'
            " give the alias or hostname:port of one of them",
        ),
    ],
)
def test_what_this_server_can_not_have(side, found, changes, problem):
    assert refused(side, found, **changes) == ['datasource "locks", ' + problem]


@pytest.mark.parametrize(
    ("side", "found", "changes"),
    [
        (REPOSITORY, state(POWA_5), {"scope": "database"}),
        (REMOTE, state(POWA_5), {"scope": "database"}),
        (REPOSITORY, state(LATER_POWA_5, intervals={"7 days": "7 days"}), {"retention": "7 days"}),
        (REPOSITORY, state(), {"state": "paused"}),
        (REPOSITORY, state(), {"state": "paused", "servers": ["omega"]}),
        (REPOSITORY, state(), {"search_path": ["app"]}),
        (REMOTE, state(schemas=APP), {"search_path": ["app"], "security_definer": True}),
        (REMOTE, state(), {"servers": ["omega"]}),
    ],
)
def test_what_another_server_could_not_have(side, found, changes):
    assert refused(side, found, **changes) == []


def test_the_schema_of_an_extension_is_one_that_everybody_may_create_in():
    found = state(extension_schemas={"x": "app"}, schemas={"app": Schema("app", True, "postgres", [""])})
    (problem,) = refused(REMOTE, found, extension="x", security_definer=True)
    assert 'security_definer: PUBLIC may create objects in schema "app"' in problem


def strangers(*kinds):
    """Return a catalog in which mallory owns the objects of some kinds."""
    there = catalog_of(wanted(definition(), REMOTE))
    for kind in kinds:
        there.found[kind].update({name: replace(entry, stranger="m") for name, entry in there.found[kind].items()})
    return there


SENTENCE = (
    'datasource "locks", name: the server has objects of that name that belong to role "m", which is neither a'
    " superuser nor the owner of the extension powa, so this collection did not make them, whatever their comments say"
    " (function public.powa_locks_src): drop them, or, if they are yours, check what they do and give them to a"
    " superuser (ALTER ... OWNER TO)"
)


@pytest.mark.parametrize("changes", [{}, {"adopt": True}])
def test_objects_of_strangers_are_never_adopted(changes):
    assert refused(REMOTE, state(catalog=strangers(Function)), **changes) == [SENTENCE]
    assert refused(REMOTE, state(catalog=strangers()), **changes) == []


def test_objects_of_strangers_are_not_dropped():
    found = state(catalog=strangers(Function))
    assert refusals([], [Removal("locks", False)], REMOTE, found) == [SENTENCE]


def test_who_logs_in_can_make_objects_that_are_ours():
    assert refusal_of_login(None) == []
    assert refusal_of_login("app") == [
        'login_user: role "app" is neither a superuser nor the owner of the extension powa, so the next task would not'
        " recognize what this one makes as its own: log in as a superuser or that owner, or give one of them as"
        " session_role"
    ]


def test_objects_that_others_made():
    there = catalog_of(wanted(definition(), REMOTE), extension="theirs")
    assert refused(REMOTE, state(catalog=there)) == [
        'datasource "locks", name: the server has objects of that name that belong to the extension theirs'
        " (function public.powa_locks_src): choose another name, or rename them"
    ]


WITHOUT_MARK = unmarked(catalog_of(wanted(definition(), REMOTE)))


def test_objects_without_our_mark():
    (problem,) = refused(REMOTE, state(catalog=WITHOUT_MARK))
    assert "objects of that name that this collection did not make (function public.powa_locks_src)" in problem
    assert problem.endswith("choose another name, or rename them, or take them over with adopt: true")


def test_objects_of_others_may_be_taken_over_but_not_removed():
    found = state(catalog=WITHOUT_MARK)
    assert refused(REMOTE, found, adopt=True) == []
    assert len(refusals([], [Removal("locks", False)], REMOTE, found)) == 1


def registered(function):
    key = {"srvid": 1, "module": "locks", "operation": "snapshot", "function_name": function}
    return catalog_of(registry=[Row("powa_functions", key, {})])


def test_a_name_that_the_registry_has_for_another_function():
    assert refused(found=state(catalog=registered("their_snapshot"))) == [
        'datasource "locks", name: PoWA\'s registry has other functions under that name (their_snapshot):'
        " choose another name, or unregister those, or take the name over with adopt: true"
    ]
    assert refused(found=state(catalog=registered("powa_locks_snapshot"))) == []
    assert refused(found=state(catalog=registered("their_snapshot")), extension="locks") == []
    assert refused(found=state(catalog=registered("their_snapshot")), adopt=True) == []


@pytest.mark.parametrize(
    ("field", "one", "other", "found"),
    [
        ("enabled", True, False, "found false, but true"),
        ("enabled", None, False, "found false, but nothing"),
        ("servers", ["first"], ["first", "beta"], "found first, beta, but first"),
        ("retention", "7 days", None, "found nothing, but 7 days"),
    ],
)
def test_datasources_of_one_extension_agree_on_powa_5(field, one, other, found):
    pair = [
        definition(name="one", extension="x", **{field: one}),
        definition(name="other", extension="x", **{field: other}),
    ]
    assert refusals(pair, [], REPOSITORY, state(LATER_POWA_5)) == [
        'datasource "other", {0}: {1} in datasource "one" of the same extension "x",'
        " and on PoWA 5 they share it: give both the same".format(field, found)
    ]
    if field != "retention":
        assert refusals(pair, [], REPOSITORY, state(POWA_4)) == []


def test_all_refusals_at_once():
    pair = [definition(servers=["x"]), definition(name="waits", scope="database")]
    assert len(refusals(pair, [], REPOSITORY, state(roles=[]))) == 3


def test_only_a_repository_takes_registrations_back():
    going = Removal("locks", False, unregister=True)
    assert refusals([], [going], REPOSITORY, state()) == []
    (problem,) = refusals([], [going], REMOTE, state())
    assert problem.startswith('datasource "locks", state: found "paused", which needs server_kind repository')
