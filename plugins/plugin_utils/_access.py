# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What remotes and repositories have in common: roles that log in, and datasources."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, TypedDict

from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import server_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._left_alone import (
    has_powers,
    roles_of,
    roles_to_demote,
    why_left_alone,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

#: A datasource as the inventory declares it.
Definition = Mapping[str, Any]


class Login(TypedDict):
    """A role that logs in."""

    name: str
    #: The variable that holds its password, which no plan holds.
    variable: str


def missing_logins(logins: Iterable[Login], run: Run, host: str) -> List[Login]:
    """Return the roles that do not exist, cannot log in, or are not known to have the declared password.

    One that has more power than a login needs keeps it, unless it is to be demoted. Some are left as they are.
    """
    seen, demoted = run.seen(host), roles_to_demote(run.variables(host))
    roles = roles_of(seen)
    return [
        login
        for login in logins
        if not why_left_alone(login["name"], seen, demoted)
        and (
            not roles.get(login["name"], {}).get("login")
            or (run.password(host, login["variable"]) and not _has_password(roles[login["name"]], seen))
            or (login["name"] in demoted and has_powers(roles[login["name"]]))
        )
    ]


def _has_password(role: Mapping[str, Any], seen: Mapping[str, Any]) -> bool:
    """Return whether a role has the declared password. Only a superuser can tell, and change it without knowing."""
    if not server_of(seen).get("superuser", True) and role.get("password_as_expected") is None:
        return True
    return bool(role.get("password_as_expected"))


def declared_logins(logins: Iterable[Login], run: Run, host: str) -> List[Dict[str, Any]]:
    """Return roles as the module login_roles takes them, with their passwords. One may serve two purposes.

    Only a superuser can tell whether a role has the declared password.
    """
    variables = run.variables(host)
    encryption, demoted = variables["powa_password_encryption"], roles_to_demote(variables)
    update = "if_different" if server_of(run.seen(host)).get("superuser", True) else "on_create"
    passwords: Dict[str, str] = {}
    for login in logins:
        passwords[login["name"]] = run.password(host, login["variable"]) or passwords.get(login["name"], "")
    return [
        {
            "name": name,
            "password": password,
            "password_encryption": encryption,
            "update_password": update,
            "demote": name in demoted,
        }
        for name, password in passwords.items()
    ]


def is_absent(definition: Definition) -> bool:
    """Return whether a datasource is to be removed."""
    return definition.get("state") == "absent"


def lists_servers(definition: Definition) -> bool:
    """Return whether a datasource is only for the servers that it lists. One to be removed goes from every server."""
    return definition.get("servers") is not None and not is_absent(definition)


def servers_of(definition: Definition) -> List[str]:
    """Return the servers that a datasource lists. As in the module, a text has one or several names."""
    servers = definition["servers"]
    return [name.strip() for name in servers.split(",")] if isinstance(servers, str) else list(servers)


def definitions_of(variables: Mapping[str, Any]) -> List[Definition]:
    """Return the declared datasources."""
    return list(variables.get("powa_datasources") or [])
