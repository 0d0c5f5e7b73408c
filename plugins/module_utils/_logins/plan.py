# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From declared roles to changes, each with the role before and after."""

from __future__ import annotations

from typing import List, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.catalog import FoundRole, LoginRolesState
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.spec import (
    ABSENT,
    ALWAYS,
    ON_CREATE,
    LoginRole,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.writes import (
    CreateRole,
    Demote,
    DropRole,
    GrantGroup,
    LetLogin,
    RevokeGroup,
    RoleWrite,
    SetPassword,
    TakePowers,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._verifier import encryption_of, is_password

_AS_DECLARED = "as declared, stored as {0}"


class RolesPlan(Plan):
    """Changes of roles.

    :param kept_by: the settings that may have kept a verifier, which is known once it is written
    """

    def __init__(self) -> None:
        super().__init__()
        self.kept_by: List[str] = []


def plan_roles(wanted: Sequence[LoginRole], state: LoginRolesState) -> RolesPlan:
    """Return the changes that lead to the roles of a task."""
    plan = RolesPlan()
    for role in wanted:
        found = state.roles.get(role.name)
        if role.state == ABSENT:
            if found:
                has_rights = bool(state.dependents.get(role.name))
                plan.add(_identity(role), _describe(found), None, DropRole(role.name, has_rights))
        elif found:
            _change(plan, role, found, state)
        else:
            _create(plan, role)
    return plan


def _create(plan: RolesPlan, role: LoginRole) -> None:
    after = FoundRole(role.name, True, (), tuple((group, None) for group in role.member_of), True)
    password = None if role.password is None else _AS_DECLARED.format(role.encryption)
    writes: List[RoleWrite] = [CreateRole(role.name)]
    writes += [GrantGroup(role.name, group) for group in role.member_of]
    plan.add(_identity(role), None, _describe(after, password), *writes, *_set_password(plan, role))


def _change(plan: RolesPlan, role: LoginRole, found: FoundRole, state: LoginRolesState) -> None:
    missing = [group for group in role.member_of if group not in found.member_of]
    taken = [entry for entry in found.memberships if entry[0] not in role.member_of] if role.exact else []
    writes: List[RoleWrite] = [] if found.login else [LetLogin(role.name)]
    if role.demote and found.powers:
        writes.append(Demote(role.name, found.powers))
    elif role.exact and found.powers:
        writes.append(TakePowers(role.name))
    writes += [RevokeGroup(role.name, group, grantor) for group, grantor in taken]
    writes += [GrantGroup(role.name, group) for group in missing]
    before = after = None
    if role.password is not None and role.update_password != ON_CREATE:
        before = _stored(role, state)
        after = _AS_DECLARED.format(role.encryption)
        if before != after:
            writes += _set_password(plan, role)
    kept = [entry for entry in found.memberships if entry not in taken]
    wanted = FoundRole(
        role.name,
        True,
        () if role.exact or role.demote else found.powers,
        tuple(kept) + tuple((group, None) for group in missing),
        found.made,
    )
    plan.add(_identity(role), _describe(found, before), _describe(wanted, after), *writes)


def _set_password(plan: RolesPlan, role: LoginRole) -> List[RoleWrite]:
    if role.password is None:
        return []
    return [SetPassword(role.name, role.password, role.encryption, plan.kept_by)]


def _stored(role: LoginRole, state: LoginRolesState) -> str:
    """Return what a diff says of the stored password, of which it never shows anything."""
    if role.update_password == ALWAYS or state.verifiers is None:
        return "not compared"
    verifier = state.verifiers.get(role.name)
    if verifier is None:
        return "none"
    kind = encryption_of(verifier)
    if is_password(role.password or "", verifier, role.name):
        return _AS_DECLARED.format(kind)
    return "another, stored as {0}".format(kind or "something that PostgreSQL cannot use")


def _describe(role: FoundRole, password: Optional[str] = None) -> str:
    """Return a role as the lines of a diff."""
    lines = ["attributes: {0}".format(", ".join([*(["login"] if role.login else []), *role.powers]) or "none")]
    lines.append("made by login_roles: {0}".format("yes" if role.made else "no"))
    if role.memberships:
        lines.append("member of: {0}".format(", ".join(sorted(role.member_of))))
    if password is not None:
        lines.append("password: {0}".format(password))
    return "\n".join(lines)


def _identity(role: LoginRole) -> str:
    return "role {0}".format(role.name)
