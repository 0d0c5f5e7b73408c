# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task of module login_roles, from its parameters to its result."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.catalog import MARK
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.reconcile import LoginRolesTask
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._logins.roles import declared
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, Session

FOUND = {
    "shobj_description": [("one", True, MARK, ["superuser"], [["a", "postgres"]])],
    "has_column_privilege": [(True,)],
    "a.rolpassword": [("one", None)],
    "pg_settings": [("pgaudit.log", "role", None)],
}


def run(*roles, written=True):
    cursor = Recorder(FOUND)
    cursor.connection = SimpleNamespace(server_version=150000)
    task = LoginRolesTask({"roles": list(roles)})
    session = Session(cursor)
    planned = task.planned(cursor, False)
    if written:
        planned = task.write(session, planned)
    return task.result(session, planned, written)


def test_the_result(monkeypatch):
    monkeypatch.setattr(driver, "encrypt_password", lambda *_arguments: "verifier")
    result = run(declared(password="x"), declared("two", state="absent"))
    one = {"name": "one", "exists": True, "made": True, "login": True, "powers": ["superuser"], "member_of": ["a"]}
    two = {"name": "two", "exists": False, "made": False, "login": False, "powers": [], "member_of": []}
    assert result["roles"] == [one, two]
    assert result["kept_by"] == ["pgaudit.log = role"]
    assert [warning[:30] for warning in result["warnings"]] == [
        'role "one": it has SUPERUSER, ',
        "pgaudit.log = role: the login ",
    ]
    assert result["warnings"][1] == (
        "pgaudit.log = role: the login may not change this setting, so what PostgreSQL stores for the passwords may"
        " have been kept there, too: nobody can log in with that, but passwords can be guessed against it; log in as a"
        " superuser to avoid it"
    )


def test_check_mode_returns_the_roles_as_they_are():
    result = run(declared(), written=False)
    assert result["roles"][0]["exists"] and result["kept_by"] == []


def test_wrong_parameters_are_reported_without_asking_the_server():
    cursor = Recorder()
    with pytest.raises(ProblemsError) as raised:
        LoginRolesTask({"roles": [declared("")]}).planned(cursor, False)
    assert str(raised.value) == 'role "": it has no name: give one' and cursor.statements == []
