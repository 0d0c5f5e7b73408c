# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task of module login_roles."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned, Task
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.catalog import LoginRolesState, read_state
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.checks import left, refusals
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.plan import RolesPlan, plan_roles
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.spec import parse_roles


class LoginRolesTask(Task[LoginRolesState, LoginRolesState]):
    """Reconciles the roles of a task with those of the server."""

    subject = "the roles"

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.roles, problems = parse_roles(params["roles"])
        self.changes = RolesPlan()
        super().__init__(problems)

    def read(self, cursor: Any) -> LoginRolesState:
        return LoginRolesState({}, {}, {}) if self.problems else read_state(cursor, self.roles)

    def resolve(self, cursor: Any, found: LoginRolesState, locked: bool) -> Tuple[LoginRolesState, List[str]]:
        return found, []

    def check(self, cursor: Any, wanted: LoginRolesState) -> List[str]:
        return [] if self.problems else refusals(self.roles, wanted)

    def plan(self, cursor: Any, wanted: LoginRolesState) -> Plan:
        self.changes = plan_roles(self.roles, wanted)
        return self.changes

    def result(self, connection: Connection, planned: Planned[LoginRolesState], written: bool) -> Dict[str, Any]:
        state = planned.wanted
        if written:
            with connection.reading() as cursor:
                state = read_state(cursor, self.roles)
        kept_by = list(self.changes.kept_by)
        return {
            "roles": [_returned(role.name, state) for role in self.roles],
            "kept_by": kept_by,
            "warnings": [*left(self.roles, state), *(_kept(setting) for setting in kept_by)],
        }


def _returned(name: str, state: LoginRolesState) -> Dict[str, Any]:
    found = state.roles.get(name)
    return {
        "name": name,
        "exists": found is not None,
        "made": bool(found and found.made),
        "login": bool(found and found.login),
        "powers": list(found.powers) if found else [],
        "member_of": found.member_of if found else [],
    }


def _kept(setting: str) -> str:
    return (
        "{0}: the login may not change this setting, so what PostgreSQL stores for the passwords may have been kept"
        " there, too: nobody can log in with that, but passwords can be guessed against it; log in as a superuser"
        " to avoid it"
    ).format(setting)
