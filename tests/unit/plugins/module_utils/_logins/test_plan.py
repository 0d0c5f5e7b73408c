# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes of roles: what a diff shows, and what is written."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.catalog import Dependents
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.plan import plan_roles
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.writes import (
    CreateRole,
    Demote,
    DropRole,
    GrantGroup,
    LetLogin,
    RevokeGroup,
    SetPassword,
    TakePowers,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._logins.roles import (
    MD5_PENCIL,
    SCRAM_PENCIL,
    declared,
    found,
    parsed,
    server,
)

SCRAM = "scram-sha-256"
LINES = "attributes: login\nmade by login_roles: yes"


def change_of(parameters, state):
    (change,) = plan_roles(parsed(parameters), state).changes
    return change


def test_a_new_role():
    change = change_of(declared(password="pencil", member_of=["b", "a"]), server())
    assert change.before is None
    assert change.after == LINES + "\nmember of: a, b\npassword: as declared, stored as scram-sha-256"
    assert change.writes == (
        CreateRole("one"),
        GrantGroup("one", "b"),
        GrantGroup("one", "a"),
        SetPassword("one", "pencil", SCRAM, []),
    )
    assert change_of(declared(), server()).writes == (CreateRole("one"),)


def test_an_existing_role_loses_nothing():
    there = found(login=False, powers=["superuser"], memberships=[("x", "postgres")], made=False)
    change = change_of(declared(member_of=["y"]), server(there))
    assert change.before == "attributes: superuser\nmade by login_roles: no\nmember of: x"
    assert change.after == "attributes: login, superuser\nmade by login_roles: no\nmember of: x, y"
    assert change.writes == (LetLogin("one"), GrantGroup("one", "y"))
    assert change_of(declared(), server(found(login=False))).before.startswith("attributes: none\n")


def test_exact_takes_what_others_gave():
    there = found(powers=["createdb"], memberships=[("x", "postgres"), ("y", None)])
    change = change_of(declared(member_of=["y"], exact=True), server(there))
    assert change.before == "attributes: login, createdb\nmade by login_roles: yes\nmember of: x, y"
    assert change.after == LINES + "\nmember of: y"
    assert change.writes == (TakePowers("one"), RevokeGroup("one", "x", "postgres"))


def test_a_demotion_takes_what_no_login_of_powa_needs_whoever_made_the_role():
    there = found(powers=["superuser", "createdb"], memberships=[("x", None)], made=False)
    change = change_of(declared(demote=True, exact=True, member_of=["x"]), server(there))
    assert change.before == "attributes: login, superuser, createdb\nmade by login_roles: no\nmember of: x"
    assert change.after == "attributes: login\nmade by login_roles: no\nmember of: x"
    assert change.writes == (Demote("one", ("superuser", "createdb")),)
    assert not plan_roles(parsed(declared(demote=True)), server(found(made=False))).changed


@pytest.mark.parametrize(
    ("verifier", "before"),
    [
        (None, "none"),
        (SCRAM_PENCIL.replace("$4096:A", "$4096:B"), "another, stored as scram-sha-256"),
        (MD5_PENCIL, "as declared, stored as md5"),
        ("plain", "another, stored as something that PostgreSQL cannot use"),
    ],
)
def test_a_password_that_has_to_be_written(verifier, before):
    change = change_of(declared(password="pencil"), server(found(), verifiers={"one": verifier}))
    assert change.before == LINES + "\npassword: " + before
    assert change.after == LINES + "\npassword: as declared, stored as scram-sha-256"
    assert change.writes == (SetPassword("one", "pencil", SCRAM, []),)


@pytest.mark.parametrize(
    ("changes", "verifier"),
    [
        ({}, SCRAM_PENCIL),
        ({"password_encryption": "md5"}, MD5_PENCIL),
        ({"update_password": "on_create"}, "plain"),
        ({"password": None}, "plain"),
    ],
)
def test_a_password_that_is_left_alone(changes, verifier):
    state = server(found(), verifiers={"one": verifier})
    assert plan_roles(parsed(declared(**dict({"password": "pencil"}, **changes))), state).changes == []


@pytest.mark.parametrize("verifiers", [None, {"one": SCRAM_PENCIL}])
def test_a_password_that_is_always_written(verifiers):
    change = change_of(declared(password="pencil", update_password="always"), server(found(), verifiers=verifiers))
    assert change.before == LINES + "\npassword: not compared"
    assert change.writes == (SetPassword("one", "pencil", SCRAM, []),)


def test_a_role_is_dropped_with_its_rights():
    absent = declared(state="absent")
    change = change_of(absent, server(found(), dependents={"one": [Dependents("powa", True, False, 1)]}))
    assert (change.before, change.after, change.writes) == (LINES, None, (DropRole("one", True),))
    assert change_of(absent, server(found())).writes == (DropRole("one", False),)
    assert plan_roles(parsed(absent), server()).changes == []


def test_no_password_is_in_a_diff_or_a_repr():
    plan = plan_roles(parsed(declared(password="pencil")), server(found(), verifiers={"one": SCRAM_PENCIL[:-1]}))
    assert "pencil" not in repr(plan.changes) + str(plan.result())
    plan = plan_roles(parsed(declared(password="Pencil")), server(found(), verifiers={"one": SCRAM_PENCIL}))
    assert "Pencil" not in repr(plan.changes) + str(plan.result()) and "4096" not in str(plan.result())
