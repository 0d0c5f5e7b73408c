# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused about roles, before anything is written, and what is left as it is and named."""

from __future__ import annotations

from typing import List, Sequence, Set

from ansible_collections.pgfleet.powa.plugins.module_utils._logins.catalog import (
    NEVER_TAKEN,
    Dependents,
    FoundRole,
    LoginRolesState,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.spec import ABSENT, IF_DIFFERENT, PRESENT, LoginRole


def refusals(wanted: Sequence[LoginRole], state: LoginRolesState) -> List[str]:
    """Return why roles are refused, one sentence each."""
    created = {role.name for role in wanted if role.state == PRESENT}
    dropped = {role.name for role in wanted if role.state == ABSENT}
    problems: List[str] = []
    for role in wanted:
        found = state.roles.get(role.name)
        if role.state == ABSENT:
            reasons = _of_drop(found, state.dependents.get(role.name, ())) if found else []
        else:
            reasons = _of_groups(role, state, created, dropped) + _of_password(role, state)
            reasons += _of_existing(role, found) if found else []
        problems += ['role "{0}"{1}'.format(role.name, reason) for reason in reasons]
    return problems


def left(wanted: Sequence[LoginRole], state: LoginRolesState) -> List[str]:
    """Return a sentence for each role that has more power than a login of PoWA needs, and keeps it."""
    sentences = []
    for role in wanted:
        found = state.roles.get(role.name)
        kept = found.powers if found and role.state == PRESENT and not (role.exact or role.demote) else ()
        if kept:
            sentences.append(
                'role "{0}": it has {1}, which no login of PoWA needs, and the task leaves that as it is: '
                "take it away yourself if nothing else needs it, or give PoWA a role of its own".format(
                    role.name, listed(kept)
                )
            )
    return sentences


def listed(powers: Sequence[str]) -> str:
    """Return attributes as PostgreSQL writes them."""
    return ", ".join(power.upper() for power in powers)


def _of_groups(role: LoginRole, state: LoginRolesState, created: Set[str], dropped: Set[str]) -> List[str]:
    missing = [group for group in role.member_of if group not in state.roles and group not in created]
    return [', member_of: this server has no role "{0}": create it first'.format(group) for group in missing] + [
        ', member_of: the task drops role "{0}": leave one of the two out'.format(group)
        for group in role.member_of
        if group in dropped
    ]


def _of_password(role: LoginRole, state: LoginRolesState) -> List[str]:
    """Return that a password cannot be compared: the first run would set it, and each further one fail."""
    if role.password is None or state.verifiers is not None or role.update_password != IF_DIFFERENT:
        return []
    return [
        ", password: the login may not read pg_authid, so it cannot tell whether the password is right:"
        ' log in as a superuser, or set update_password to "on_create" or "always"'
    ]


def _of_existing(role: LoginRole, found: FoundRole) -> List[str]:
    problems = _of_demotion(role, found)
    powers = () if role.demote else found.powers
    if role.exact and not found.made and (powers or set(found.member_of) - set(role.member_of)):
        problems.append(
            ", exact: this module has not made the role, so it takes nothing from it ({0}): leave exact out, or"
            " take that away yourself".format(_excess(role, found, powers))
        )
    elif role.exact and set(powers) & set(NEVER_TAKEN):
        problems.append(
            ", exact: it has {0}, which this module never takes: take that away yourself, or leave exact out".format(
                listed([power for power in powers if power in NEVER_TAKEN])
            )
        )
    return problems


def _of_demotion(role: LoginRole, found: FoundRole) -> List[str]:
    """Return that a server, or the next task, needs a role as it is."""
    if not role.demote or not found.powers or not (found.bootstrap or found.connected):
        return []
    return [
        ", demote: it is {0}, so it keeps {1}: leave demote out, or give PoWA a role of its own".format(
            "the superuser that initdb made" if found.bootstrap else "the role of the task's own login",
            listed(found.powers),
        )
    ]


def _excess(role: LoginRole, found: FoundRole, powers: Sequence[str]) -> str:
    groups = ["member of {0}".format(group) for group in found.member_of if group not in role.member_of]
    return ", ".join([*(power.upper() for power in powers), *groups])


def _of_drop(found: FoundRole, dependents: Sequence[Dependents]) -> List[str]:
    if not found.made:
        return [", state: this module has not made the role, so it does not drop it: drop it yourself"]
    if set(found.powers) & set(NEVER_TAKEN):
        return [", state: it has {0}, so it is not dropped: drop it yourself".format(listed(found.powers))]
    problems = []
    for entry in dependents:
        where = 'database "{0}"'.format(entry.database) if entry.database else "the whole server"
        if entry.owned:
            problems.append(
                ", state: it owns {0} objects in {1}: give them to another role (REASSIGN OWNED) or drop them".format(
                    entry.objects, where
                )
            )
        elif not entry.here:
            problems.append(
                ", state: it has rights on {0} objects in {1}: revoke them there (DROP OWNED)".format(
                    entry.objects, where
                )
            )
    return problems
