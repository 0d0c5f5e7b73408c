# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The statements about roles, of which none has a secret."""

from __future__ import annotations

from types import SimpleNamespace

import psycopg2
import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._logins import writes
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder


def run(made, server_version=150000, **answers):
    cursor = Recorder(answers)
    cursor.connection = SimpleNamespace(server_version=server_version)
    writes.RoleWrite.run(cursor, made)
    return cursor


def test_every_kind_in_its_turn():
    made = [
        writes.GrantGroup("one", "two"),
        writes.RevokeGroup("one", "three", "boss"),
        writes.RevokeGroup("one", "four", None),
        writes.TakePowers("one"),
        writes.Demote("three", ("superuser", "createdb")),
        writes.LetLogin("one"),
        writes.CreateRole("two"),
        writes.DropRole("old", True),
        writes.DropRole("older", False),
    ]
    (statements,) = run(made).statements
    assert [statement.strip() for statement in statements.split(";")] == [
        'CREATE ROLE "two" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS',
        "COMMENT ON ROLE \"two\" IS 'pgfleet.powa: made by login_roles'",
        'ALTER ROLE "one" LOGIN',
        'ALTER ROLE "one" NOCREATEDB NOCREATEROLE',
        'ALTER ROLE "three" NOSUPERUSER NOCREATEDB',
        'REVOKE "three" FROM "one" GRANTED BY "boss"',
        'REVOKE "four" FROM "one"',
        'GRANT "two" TO "one"',
        # What the others revoke of it has to be there until then.
        'DROP OWNED BY "old"',
        'DROP ROLE "old"',
        'DROP ROLE "older"',
    ]


@pytest.fixture
def encrypting(monkeypatch):
    monkeypatch.setattr(driver, "encrypt_password", lambda password, *_rest: "verifier of " + password)


def test_passwords_go_as_data(encrypting):
    kept_by = []
    made = [writes.SetPassword(name, name + " pw", "scram-sha-256", kept_by) for name in ("one", "two")]
    cursor = run(made)
    assert cursor.copied == "1\tverifier of one pw\n2\tverifier of two pw\n"
    assert kept_by == []
    hushed, _created, copied, named, do = cursor.statements
    assert "log_min_error_statement" in hushed and copied.startswith("COPY") and do.startswith("DO")
    assert "['one', 'two']" in named
    assert not any("pw" in statement for statement in cursor.statements)


def test_settings_that_keep_what_a_function_runs_are_named(encrypting):
    kept_by = []
    found = [("pg_stat_statements.track", "all", None), ("pg_stat_statements.track_utility", "on", None)]
    run([writes.SetPassword("one", "x", "md5", kept_by)], **{"pg_settings": found})
    assert kept_by == ["pg_stat_statements.track = all"]


def test_a_client_library_that_cannot_encrypt(monkeypatch):
    def refuse(*_arguments):
        raise psycopg2.NotSupportedError("libpq 9")

    monkeypatch.setattr(driver, "encrypt_password", refuse)
    with pytest.raises(PowaError) as raised:
        run([writes.SetPassword("one", "pencil", "scram-sha-256", [])])
    assert str(raised.value) == (
        'role "one", password: the PostgreSQL client library of this host cannot encrypt it as scram-sha-256: install'
        " libpq 10 or newer, and psycopg2 2.8 or newer"
    )
