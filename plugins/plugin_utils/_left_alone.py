# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles of PoWA whose attributes and passwords no run changes, and what a run says of them."""

from __future__ import annotations

from typing import Any, Collection, Dict, List, Mapping

from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import server_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

#: Attributes that no login of PoWA needs.
POWERS = ("superuser", "replication", "bypassrls", "createrole", "createdb")
#: The variables that name PoWA's roles, each with the one that has its password.
_VARIABLES = {
    "powa_monitoring_role": "powa_monitoring_password",
    "powa_collector_role": "powa_collector_password",
    "powa_web_role": "powa_web_password",
    "powa_reader_role": "powa_reader_password",
}
_POWERFUL = (
    "role {0} has {1}, which PoWA does not need, and Ansible leaves that as it is: give PoWA a role of its own, or add"
    " it to powa_roles_to_demote"
)
_LEFT = (
    "role {0} ({1}) {2}, so Ansible changes neither its attributes nor its password, and {3}: give PoWA a role of its"
    " own{4}"
)
_NOT_INHERITED = (
    "role {0} does not inherit the rights of {1}, which PoWA needs, and Ansible leaves that as it is: give PoWA a role"
    " of its own, or run ALTER ROLE ... INHERIT"
)
#: The roles that PoWA's roles are members of, and the PostgreSQL where membership itself says what is inherited.
_GROUPS = ("pg_read_all_stats", "pg_monitor", "powa_snapshot", "powa_read_all_metrics")
_OWN_INHERITANCE = 160000
_OR_DEMOTED = ", or add it to powa_roles_to_demote"


def roles_to_demote(variables: Mapping[str, Any]) -> Collection[str]:
    """Return the roles that the inventory allows to be demoted to mere logins, whoever made them."""
    return list(variables.get("powa_roles_to_demote") or ())


def why_left_alone(name: str, seen: Mapping[str, Any], demoted: Collection[str] = ()) -> List[str]:
    """Return why no task changes the attributes or the password of a role. Nothing is said of one that does not exist.

    :param demoted: the roles that may be demoted: those that a server needs as they are never are
    """
    role = roles_of(seen).get(name)
    if role is None:
        return []
    reasons = _always_left(name, role, seen)
    if name in demoted:
        return reasons
    if role["superuser"] and not role.get("bootstrap"):
        reasons.insert(0, "is a superuser")
    databases = role.get("databases") or ()
    if databases:
        listed = ", ".join(databases)
        reasons.append("owns the database{0} {1}".format("s" if len(databases) > 1 else "", listed))
    return reasons


def _always_left(name: str, role: Mapping[str, Any], seen: Mapping[str, Any]) -> List[str]:
    reasons = []
    if role.get("bootstrap"):
        reasons.append("is the superuser that initdb made")
    if name == server_of(seen).get("user"):
        reasons.append("is the role that Ansible connects as")
    return reasons


def is_superuser(seen: Mapping[str, Any], name: str) -> bool:
    """Return whether a role has every right, so that it needs none."""
    return bool(roles_of(seen).get(name, {}).get("superuser"))


def has_powers(role: Mapping[str, Any]) -> bool:
    """Return whether a role has more power than a login of PoWA needs."""
    return any(role.get(power) for power in POWERS)


def left_roles(run: Run, host: str) -> List[str]:
    """Return a sentence for each role of PoWA that keeps its power, and what that means."""
    variables, seen = run.variables(host), run.seen(host)
    sentences = []
    for name, role in sorted(roles_of(seen).items()):
        demoted = name in roles_to_demote(variables)
        reasons = why_left_alone(name, seen, roles_to_demote(variables))
        powers = [power.upper() for power in POWERS if role.get(power)]
        if reasons:
            named_by = [variable for variable in _VARIABLES if variables.get(variable) == name]
            way_out = "" if demoted or _always_left(name, role, seen) else _OR_DEMOTED
            sentences.append(
                _LEFT.format(name, ", ".join(named_by), " and ".join(reasons), _meaning(role, named_by), way_out)
            )
        elif powers and not demoted:
            sentences.append(_POWERFUL.format(name, ", ".join(powers)))
        unused = [group for group in _GROUPS if group in role["member_of"] and group not in role.get("uses", _GROUPS)]
        if unused and not role["superuser"] and server_of(seen).get("version_num", 0) < _OWN_INHERITANCE:
            sentences.append(_NOT_INHERITED.format(name, ", ".join(unused)))
    return sentences


def _meaning(role: Mapping[str, Any], named_by: Collection[str]) -> str:
    """Return what it means for PoWA and for the server that a role stays as it is."""
    if not role["login"]:
        return "PoWA cannot log in as it"
    if role.get("password_as_expected") is False:
        passwords = " or ".join(_VARIABLES[variable] for variable in named_by)
        return "PoWA cannot log in as it, since its password is another than {0}".format(passwords)
    if role["superuser"]:
        return "whoever gets hold of PoWA's password is a superuser"
    if role.get("databases"):
        return "whoever gets hold of PoWA's password can change or drop them"
    return "whoever gets hold of PoWA's password can do what Ansible can"


def roles_of(seen: Mapping[str, Any]) -> Dict[str, Mapping[str, Any]]:
    """Return those of PoWA's roles that exist on a host."""
    return dict(server_of(seen).get("roles") or {})
