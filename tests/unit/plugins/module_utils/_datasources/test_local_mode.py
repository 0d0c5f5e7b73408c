# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles of local mode, and why a server may not run queries itself."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.local_mode import (
    LocalMode,
    Role,
    plan_roles,
    plan_schema,
    read_local_mode,
    refusals_of_local_mode,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.creators import Creator
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4, POWA_5
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, rendered

SIDE = Side(("local",), "mon", None)
EVERYBODY = Creator("public", "", False, False, "postgres")
MON = Role(False, [], ["pg_read_all_stats"], ["powa_queries"], True)
QUERIES = Role(False, [], ["mon"], [], True)


def found(creators=(), **roles):
    return LocalMode({"mon": MON, "powa_queries": QUERIES, **roles}, list(creators), "powa")


def refusals(*creators, archivist=POWA_4, **roles):
    return refusals_of_local_mode(found(creators, **roles), SIDE, archivist)


def changes(seen):
    plan = Plan()
    plan_roles(plan, seen, SIDE)
    return [(change.identity, change.before, change.after, rendered(change.writes)) for change in plan.changes]


def test_what_is_read():
    answers = {
        "pg_auth_members": [("mon", *MON), ("powa_queries", *QUERIES)],
        "aclexplode": [tuple(EVERYBODY)[1:]],
        "current_database()": [("powa",)],
    }
    cursor = Recorder({"SELECT pg_catalog.current_database()": answers.pop("current_database()"), **answers})
    assert read_local_mode(cursor, SIDE, POWA_4) == found([EVERYBODY])
    assert len(cursor.statements) == 3


def test_roles_as_they_should_be():
    assert refusals() == []
    assert changes(found()) == []


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (MON._replace(superusers=["mon"]), 'role "mon" is a superuser, and queries must not run as one: name another'),
        (MON._replace(superusers=["root"]), 'role "mon" is a member of "root", which has the power of a superuser'),
    ],
)
def test_a_monitoring_role_with_too_many_rights(role, words):
    (problem,) = refusals(mon=role)
    assert problem.startswith("monitoring_role: " + words)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"privileged": True}, "can log in or has other attributes: run ALTER ROLE powa_queries NOLOGIN NOSUPERUSER"),
        (
            {"members": ["eve", "bob"]},
            'has members ("eve", "bob"), who could change them: run REVOKE powa_queries FROM',
        ),
        (
            {"groups": ["mon", "app"]},
            'is a member of "app", and queries would have those rights, too: run',
        ),
        ({"inherits": False}, "does not inherit rights: run ALTER ROLE powa_queries INHERIT"),
    ],
)
def test_a_role_of_queries_that_somebody_has_changed(changed, words):
    (problem,) = refusals(powa_queries=QUERIES._replace(**changed))
    assert problem.startswith('server_kind: role "powa_queries", which owns the functions that run queries, ' + words)


def test_powa_4_runs_what_others_make_in_its_schema():
    assert refusals(EVERYBODY) == [
        "server_kind: PUBLIC may create objects in schema public, and the functions of PoWA 4.1.4 could run them as"
        ' superuser: run REVOKE CREATE ON SCHEMA "public" FROM PUBLIC'
    ]
    assert refusals(EVERYBODY, archivist=POWA_5) == []


def test_the_right_is_taken_only_if_the_task_says_so():
    owner = Creator("public", "eve", True, False, "postgres")
    closing, plan = SIDE._replace(revoke_create=True), Plan()
    seen = found([EVERYBODY, EVERYBODY._replace(role="app"), owner])
    plan_schema(plan, seen, SIDE)
    assert not plan.changed
    plan_schema(plan, seen, closing)
    (change,) = plan.changes
    assert (change.identity, change.before, change.after) == (
        "schema public",
        "grant create to public\ngrant create to app",
        "",
    )
    assert rendered(change.writes) == [
        'REVOKE CREATE ON SCHEMA "public" FROM PUBLIC',
        'REVOKE CREATE ON SCHEMA "public" FROM "app"',
    ]
    (problem,) = refusals_of_local_mode(seen, closing, POWA_4)
    assert problem.endswith('run ALTER SCHEMA "public" OWNER TO "postgres"')


def test_roles_that_are_missing_are_made():
    assert changes(LocalMode({}, [], "powa")) == [
        (
            "role mon",
            None,
            "nologin\nmember of pg_read_all_stats",
            ['CREATE ROLE "mon" NOLOGIN', 'GRANT "pg_read_all_stats" TO "mon"'],
        ),
        (
            "role powa_queries",
            None,
            "nologin\nmember of mon",
            ['CREATE ROLE "powa_queries" NOLOGIN', 'GRANT "mon" TO "powa_queries"'],
        ),
    ]


def test_the_monitoring_role_keeps_what_it_has():
    assert changes(found(mon=MON._replace(groups=[]))) == []
    assert changes(found(powa_queries=QUERIES._replace(groups=[]))) == [
        ("role powa_queries", "nologin", "nologin\nmember of mon", ['GRANT "mon" TO "powa_queries"'])
    ]
