# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles of a task, without a server."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.spec import parse_roles
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._logins.roles import declared, parsed


def test_an_empty_password_is_none_and_groups_come_once():
    (role,) = parsed(declared(password="", member_of=["b", "a", "b"]))
    assert role.password is None and role.member_of == ("b", "a")
    (role,) = parsed(declared(member_of=None))
    assert role.member_of == ()


def test_a_password_is_in_no_repr():
    assert "pencil" not in repr(parsed(declared(password="pencil")))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": ""}, 'role "": it has no name: give one'),
        (
            {"name": "a\x00b"},
            'role "a\\x00b": its name has characters that PostgreSQL cannot store: give another',
        ),
        (
            {"name": "a\udc80"},
            'role "a\\udc80": its name has characters that PostgreSQL cannot store: give another',
        ),
        (
            {"name": "ü" * 32},
            'role "{0}": its name has more than 63 bytes, which PostgreSQL would cut: give a shorter one'.format(
                "ü" * 32
            ),
        ),
        ({"name": "pg_mine"}, 'role "pg_mine": PostgreSQL keeps this name for itself: give another'),
        ({"name": "public"}, 'role "public": PostgreSQL keeps this name for itself: give another'),
        (
            {"password": "a\x00"},
            'role "one": password: it has a zero byte, which PostgreSQL cannot store: give another',
        ),
        (
            {"member_of": ["a\udc80"]},
            'role "one": member_of: a name has characters that PostgreSQL cannot store: correct it',
        ),
        ({"member_of": ["one"]}, 'role "one": member_of: it names the role itself: leave it out'),
        (
            {"state": "absent", "member_of": ["two"]},
            'role "one": member_of: found with state "absent", which drops the role: leave it out',
        ),
        (
            {"state": "absent", "demote": True},
            'role "one": demote: found with state "absent", which drops the role: leave it out',
        ),
        (
            {"state": "absent", "exact": True},
            'role "one": exact: found with state "absent", which drops the role: leave it out',
        ),
    ],
)
def test_what_is_wrong(changes, problem):
    assert parse_roles([declared(**changes)])[1] == [problem]


def test_a_role_that_is_listed_twice():
    assert parse_roles([declared(), declared()])[1] == ['role "one": it is in the list twice: give it once']
