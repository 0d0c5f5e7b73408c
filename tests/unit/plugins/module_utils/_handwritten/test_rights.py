# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights that roles need on hand-written datasources."""

from __future__ import annotations

import json

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.rights import (
    Function,
    Needed,
    Right,
    Roles,
    Schema,
    Table,
    not_grantable,
    plan_rights,
    read_rights,
    read_roles,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals, rendered

BOTH = Roles({"collector_role": "coll", "monitoring_role": "mon"})
USAGE = ("USAGE",)
TABLE = Needed("collector_role", "coll", Table("My S", "t"), ("INSERT", "SELECT"))


@pytest.mark.parametrize("role", ["", "a\0"])
def test_roles_without_a_name(role):
    assert Roles({"monitoring_role": role}).problems == [
        "monitoring_role: it is empty or contains a zero byte: give a role's name, or leave it out"
    ]


def test_roles_that_do_not_exist():
    assert Roles({}).missing([]) == [] and Roles({}).collector is None and BOTH.collector == "coll"
    assert BOTH.missing(["coll"]) == ['monitoring_role: role "mon" does not exist on this server: create it first']
    cursor = Recorder({"pg_roles": [("coll",)]})
    assert read_roles(cursor, BOTH) == ["coll"]
    assert literals(cursor.composed[0]) == [["coll", "mon"]]


def test_what_roles_need():
    assert BOTH.calls([("s", "f")], ("monitoring_role",)) == [
        Needed("monitoring_role", "mon", Schema("s"), USAGE),
        Needed("monitoring_role", "mon", Function("s", "f"), ("EXECUTE",)),
    ]
    assert {need.role for need in BOTH.calls([("s", "f")])} == {"coll", "mon"}
    assert [(need.role, str(need.object)) for need in BOTH.writes([("s", "t")])] == [
        ("coll", "schema s"),
        ("coll", "table s.t"),
    ]
    assert Roles({}).calls([("s", "f")]) == Roles({"monitoring_role": "mon"}).writes([("s", "t")]) == []


def test_rights_are_read_in_one_statement_each_once():
    answers = [
        (0, "USAGE", "boss", True, True),
        (1, "DELETE", "boss", False, True),
        (1, "INSERT", "boss", False, False),
        (1, "SELECT", "boss", True, True),
        # Nothing of that name.
        (2, "UPDATE", None, None, None),
    ]
    cursor = Recorder({"jsonb_to_recordset": answers})
    needed = BOTH.writes([("s", "t"), ("s", "gone"), ("s", "t")])
    found = read_rights(cursor, needed)
    assert [(str(right.needed.object), right.owner, right.lacking, right.not_grantable) for right in found] == [
        ("schema s", "boss", (), ()),
        ("table s.t", "boss", ("DELETE", "INSERT"), ("INSERT",)),
        ("table s.gone", None, (), ()),
    ]
    (wanted,) = map(json.loads, literals(cursor.composed[0]))
    assert len(wanted) == 9 and len(cursor.statements) == 1
    assert wanted[0] == {
        "place": 0,
        "role": "coll",
        "kind": "schema",
        "schema": "s",
        "name": "",
        "privilege": "USAGE",
    }


def test_nothing_is_asked_without_a_role():
    cursor = Recorder()
    assert read_rights(cursor, []) == [] and cursor.statements == []
    assert read_rights(cursor, [TABLE]) == [Right(TABLE)]


def test_what_lacks_is_granted_and_shown():
    function = Needed("monitoring_role", "mon", Function("s", "f"), ("EXECUTE",))
    schema = Needed("monitoring_role", "mon", Schema("s"), USAGE)
    plan = Plan()
    plan_rights(
        plan,
        [
            Right(TABLE, "boss", ("INSERT",)),
            Right(function, "boss", ("EXECUTE",)),
            Right(schema, "boss", USAGE),
            Right(TABLE, "boss"),
        ],
    )
    assert rendered(write for change in plan.changes for write in change.writes) == [
        'GRANT INSERT ON TABLE "My S"."t" TO "coll"',
        'GRANT EXECUTE ON FUNCTION "s"."f"(integer) TO "mon"',
        'GRANT USAGE ON SCHEMA "s" TO "mon"',
    ]
    assert plan.summary()[1] == "change rights of role mon on function s.f(integer)"
    first = plan.changes[0]
    assert (first.before, first.after) == ("privileges: SELECT", "privileges: INSERT, SELECT")
    assert plan.changes[1].before == "privileges: none"


def test_what_the_login_may_not_grant_is_one_sentence_for_each_object():
    assert not_grantable([Right(TABLE, "boss", ("INSERT", "SELECT"), ("INSERT", "SELECT")), Right(TABLE, "boss")]) == [
        'collector_role: role "coll" lacks INSERT, SELECT on table My S.t, which belongs to role "boss", and the login'
        " may not grant that: log in as that role or as a superuser, or grant it yourself"
    ]
