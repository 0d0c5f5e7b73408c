# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles of a server, in a fixed number of statements."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._logins.catalog import MARK, Dependents, read_state
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._logins.roles import declared, found, parsed
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder

ROLES = [
    ("one", True, MARK, ["createdb"], [["two", "postgres"], ["two", None]], False, False),
    ("two", False, None, [], [], True, True),
]


def cursor_of(may_read=True):
    return Recorder(
        {
            "shobj_description": ROLES,
            "has_column_privilege": [(may_read,)],
            "a.rolpassword": [("one", "stored")],
            "pg_shdepend": [("two", "powa", True, False, 3)],
        }
    )


def test_everything_is_read():
    cursor = cursor_of()
    state = read_state(cursor, parsed(declared(password="x", member_of=["two"]), declared("two", state="absent")))
    one = found("one", True, ["createdb"], [("two", "postgres"), ("two", None)], True)
    assert state.roles == {"one": one, "two": found("two", login=False, made=False, bootstrap=True, connected=True)}
    assert one.member_of == ["two"]
    assert state.verifiers == {"one": "stored"}
    assert state.dependents == {"two": [Dependents("powa", True, False, 3)]}
    assert len(cursor.statements) == 4


def test_verifiers_that_the_login_may_not_read():
    assert read_state(cursor_of(False), parsed(declared(password="x"))).verifiers is None


def test_nothing_more_is_read_than_needed():
    cursor = cursor_of()
    state = read_state(cursor, parsed(declared()))
    assert (state.verifiers, state.dependents) == ({}, {}) and len(cursor.statements) == 1
