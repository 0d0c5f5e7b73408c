# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles that log in, as a task declares them, parsed and checked without a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Mapping, Optional, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.secrets import unwritable
from ansible_collections.pgfleet.powa.plugins.module_utils._core.texts import MAX_IDENTIFIER_BYTES

PRESENT = "present"
ABSENT = "absent"
#: When a password is written: C(update_password).
IF_DIFFERENT = "if_different"
ALWAYS = "always"
ON_CREATE = "on_create"

_RESERVED = ("public", "none")


@dataclass(frozen=True)
class LoginRole:
    """One role of a task.

    :param password: None leaves it alone
    :param encryption: how PostgreSQL is to store it
    :param exact: whether to take what the role has beyond this, if this module made it
    :param demote: whether to take every attribute that no login of PoWA needs, whoever made the role
    """

    name: str
    state: str
    password: Optional[str] = field(repr=False)
    encryption: str
    update_password: str
    member_of: Tuple[str, ...]
    exact: bool
    demote: bool = False


def parse_roles(parameters: Iterable[Mapping[str, Any]]) -> Tuple[List[LoginRole], List[str]]:
    """Parse the C(roles) option of a task, and return the roles with every problem."""
    roles: List[LoginRole] = []
    problems: List[str] = []
    seen: Set[str] = set()
    for parameter in parameters:
        role = _parse(parameter)
        found = _check(role)
        if role.name in seen:
            found.append("it is in the list twice: give it once")
        seen.add(role.name)
        problems += ['role "{0}": {1}'.format(_shown(role.name), problem) for problem in found]
        roles.append(role)
    return roles, problems


def _parse(parameter: Mapping[str, Any]) -> LoginRole:
    return LoginRole(
        name=parameter["name"],
        state=parameter["state"],
        password=parameter["password"] or None,
        encryption=parameter["password_encryption"],
        update_password=parameter["update_password"],
        member_of=tuple(dict.fromkeys(parameter["member_of"] or ())),
        exact=parameter["exact"],
        demote=parameter["demote"],
    )


def _check(role: LoginRole) -> List[str]:
    problems = _check_name(role.name)
    if role.password is not None:
        why = unwritable(role.password)
        if why:
            problems.append("password: {0}, which PostgreSQL cannot store: give another".format(why))
    for group in role.member_of:
        if unwritable(group):
            problems.append("member_of: a name has characters that PostgreSQL cannot store: correct it")
    if role.name in role.member_of:
        problems.append("member_of: it names the role itself: leave it out")
    if role.state == ABSENT:
        for option, given in _with_absent(role).items():
            if given:
                problems.append('{0}: found with state "absent", which drops the role: leave it out'.format(option))
    return problems


def _with_absent(role: LoginRole) -> Dict[str, bool]:
    return {"member_of": bool(role.member_of), "exact": role.exact, "demote": role.demote}


def _check_name(name: str) -> List[str]:
    if not name:
        return ["it has no name: give one"]
    if unwritable(name):
        return ["its name has characters that PostgreSQL cannot store: give another"]
    if len(name.encode("utf-8")) > MAX_IDENTIFIER_BYTES:
        return [
            "its name has more than {0} bytes, which PostgreSQL would cut: give a shorter one".format(
                MAX_IDENTIFIER_BYTES
            )
        ]
    if name.startswith("pg_") or name in _RESERVED:
        return ["PostgreSQL keeps this name for itself: give another"]
    return []


def _shown(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")
