# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused about roles, and what they keep."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.catalog import Dependents
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.checks import left, refusals
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._logins.roles import (
    declared,
    found,
    parsed,
    server,
)


@pytest.mark.parametrize(
    ("changes", "state", "problem"),
    [
        (
            {"member_of": ["nix"]},
            server(),
            'role "one", member_of: this server has no role "nix": create it first',
        ),
        (
            {"password": "x"},
            server(found(), verifiers=None),
            'role "one", password: the login may not read pg_authid, so it cannot tell whether the password is right:'
            ' log in as a superuser, or set update_password to "on_create" or "always"',
        ),
        (
            {"exact": True, "member_of": ["a"]},
            server(found("a"), found(made=False, powers=["superuser"], memberships=[("a", None), ("b", None)])),
            'role "one", exact: this module has not made the role, so it takes nothing from it (SUPERUSER, member of'
            " b): leave exact out, or take that away yourself",
        ),
        (
            {"exact": True},
            server(found(powers=["replication", "createdb"])),
            'role "one", exact: it has REPLICATION, which this module never takes: take that away yourself, or leave'
            " exact out",
        ),
        (
            {"demote": True},
            server(found(powers=["superuser"], made=False, bootstrap=True, connected=True)),
            'role "one", demote: it is the superuser that initdb made, so it keeps SUPERUSER: leave demote out, or give'
            " PoWA a role of its own",
        ),
        (
            {"demote": True},
            server(found(powers=["createrole"], connected=True)),
            'role "one", demote: it is the role of the task\'s own login, so it keeps CREATEROLE: leave demote out, or'
            " give PoWA a role of its own",
        ),
        (
            {"demote": True, "exact": True},
            server(found(powers=["superuser"], memberships=[("b", None)], made=False)),
            'role "one", exact: this module has not made the role, so it takes nothing from it (member of b): leave'
            " exact out, or take that away yourself",
        ),
        (
            {"state": "absent"},
            server(found(made=False)),
            'role "one", state: this module has not made the role, so it does not drop it: drop it yourself',
        ),
        (
            {"state": "absent"},
            server(found(powers=["superuser"])),
            'role "one", state: it has SUPERUSER, so it is not dropped: drop it yourself',
        ),
        (
            {"state": "absent"},
            server(found(), dependents={"one": [Dependents("powa", True, True, 2)]}),
            'role "one", state: it owns 2 objects in database "powa": give them to another role (REASSIGN OWNED) or'
            " drop them",
        ),
        (
            {"state": "absent"},
            server(found(), dependents={"one": [Dependents("", True, True, 1)]}),
            'role "one", state: it owns 1 objects in the whole server: give them to another role (REASSIGN OWNED) or'
            " drop them",
        ),
        (
            {"state": "absent"},
            server(found(), dependents={"one": [Dependents("other", False, False, 4)]}),
            'role "one", state: it has rights on 4 objects in database "other": revoke them there (DROP OWNED)',
        ),
    ],
)
def test_what_is_refused(changes, state, problem):
    assert refusals(parsed(declared(**changes)), state) == [problem]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"password": "x", "update_password": "on_create"}, server(verifiers=None)),
        ({"password": "x", "update_password": "always"}, server(found(), verifiers=None)),
        ({"exact": True}, server(found(made=False))),
        ({"exact": True}, server(found(powers=["createdb"], memberships=[("b", None)]))),
        ({"state": "absent"}, server()),
        ({"state": "absent"}, server(found(), dependents={"one": [Dependents("powa", True, False, 2)]})),
        ({}, server(found(powers=["superuser"], made=False))),
        ({"demote": True}, server(found(powers=["superuser"], made=False))),
        ({"demote": True}, server(found(made=False, connected=True))),
        ({"demote": True, "exact": True}, server(found(powers=["superuser"], made=False))),
    ],
)
def test_what_is_not(changes, state):
    assert refusals(parsed(declared(**changes)), state) == []


def test_a_group_may_be_a_role_of_the_same_task():
    assert refusals(parsed(declared(member_of=["two"]), declared("two")), server()) == []


def test_a_role_with_more_power_is_named():
    state = server(found(powers=["superuser", "createdb"]))
    assert left(parsed(declared()), state) == [
        'role "one": it has SUPERUSER, CREATEDB, which no login of PoWA needs, and the task leaves that as it is: '
        "take it away yourself if nothing else needs it, or give PoWA a role of its own"
    ]
    assert left(parsed(declared(demote=True)), state) == []
    assert left(parsed(declared(exact=True)), state) == left(parsed(declared()), server()) == []


def test_no_role_becomes_a_member_of_one_that_the_task_drops():
    wanted = parsed(declared(member_of=["two"]), declared("two", state="absent"))
    assert refusals(wanted, server(found("two"))) == [
        'role "one", member_of: the task drops role "two": leave one of the two out'
    ]


def test_a_password_that_no_later_run_could_compare_is_refused_for_a_new_role_too():
    (problem,) = refusals(parsed(declared(password="x")), server(verifiers=None))
    assert "may not read pg_authid" in problem
