# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What remotes and repositories have in common: roles that log in, lines of pg_hba.conf, and marker extensions."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Sequence, TypedDict

from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import server_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._hba import Rule, missing_rules
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

#: A datasource as the inventory declares it.
Definition = Mapping[str, Any]
_POWERS = ("superuser", "replication", "bypassrls", "createrole", "createdb")
_POWERFUL = "role {0} has {1}, which PoWA does not need, and Ansible leaves that as it is: give PoWA a role of its own"


class Login(TypedDict):
    """A role that logs in."""

    name: str
    #: The variable that holds its password, which no plan holds.
    variable: str


def missing_logins(logins: Iterable[Login], run: Run, host: str) -> List[Login]:
    """Return the roles that do not exist, cannot log in, or are not known to have the declared password.

    One that has more power than a login needs keeps it.
    """
    roles = roles_of(run.seen(host))
    return [
        login
        for login in logins
        if not roles.get(login["name"], {}).get("login")
        or (run.password(host, login["variable"]) and not roles[login["name"]].get("password_as_expected"))
    ]


def declared_logins(logins: Iterable[Login], run: Run, host: str) -> List[Dict[str, Any]]:
    """Return roles as the module login_roles takes them, with their passwords. One may serve two purposes."""
    encryption = run.variables(host)["powa_password_encryption"]
    passwords: Dict[str, str] = {}
    for login in logins:
        passwords[login["name"]] = run.password(host, login["variable"]) or passwords.get(login["name"], "")
    return [
        {"name": name, "password": password, "password_encryption": encryption} for name, password in passwords.items()
    ]


def powerful_roles(seen: Mapping[str, Any]) -> List[str]:
    """Return a sentence for each role of PoWA with more power than a login needs. It keeps that: we did not give it."""
    sentences = []
    for name, role in sorted(roles_of(seen).items()):
        powers = [power.upper() for power in _POWERS if role.get(power)]
        if powers:
            sentences.append(_POWERFUL.format(name, ", ".join(powers)))
    return sentences


def roles_of(seen: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return those of PoWA's three roles that exist on a host."""
    return server_of(seen).get("roles") or {}


def hba_todo(rules: Sequence[Rule], seen: Mapping[str, Any]) -> bool:
    """Return whether pg_hba.conf lacks a line, or the server has not loaded what the file says."""
    server = server_of(seen)
    return not server or bool(server["unread"]) or bool(missing_rules(rules, server["hba"]))


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
