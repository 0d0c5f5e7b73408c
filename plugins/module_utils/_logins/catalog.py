# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles of a task as the server has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.spec import ABSENT, LoginRole
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import logins as texts

#: The comment of a role that this module made. A role has no owner: whoever may write its comment may drop it, too.
MARK = "pgfleet.powa: made by login_roles"

#: Attributes that are never taken: a holder of CREATEROLE may mark a role that has them, but may not give them.
NEVER_TAKEN = ("superuser", "replication", "bypassrls")


@dataclass(frozen=True)
class FoundRole:
    """A role of the server.

    :param powers: attributes that no login of PoWA needs
    :param memberships: the roles that it is directly a member of, each with the role that granted it
    :param made: whether this module made it
    :param bootstrap: whether it is the superuser that initdb made
    :param connected: whether the task has logged in as it, or acts as it
    """

    name: str
    login: bool
    powers: Tuple[str, ...]
    memberships: Tuple[Tuple[str, Optional[str]], ...]
    made: bool
    bootstrap: bool = False
    connected: bool = False

    @property
    def member_of(self) -> List[str]:
        """The roles that it is directly a member of, each once."""
        return list(dict.fromkeys(group for group, _grantor in self.memberships))


class Dependents(NamedTuple):
    """Objects of one database that a role owns or has rights on.

    :param here: whether the task can reach them
    """

    database: str
    here: bool
    owned: bool
    objects: int


@dataclass(frozen=True)
class LoginRolesState:
    """What the server has.

    :param verifiers: what it stores for the password of each role; None where the login may not read that
    """

    roles: Mapping[str, FoundRole]
    verifiers: Optional[Mapping[str, Optional[str]]]
    dependents: Mapping[str, Sequence[Dependents]]


def read_state(cursor: Any, wanted: Sequence[LoginRole]) -> LoginRolesState:
    """Read the roles of a task, and those that it names as groups, in a fixed number of statements."""
    names = [role.name for role in wanted]
    groups = [group for role in wanted for group in role.member_of]
    cursor.execute(compose(texts.ROLES, names=literal(sorted({*names, *groups}))))
    roles = {
        name: FoundRole(name, login, tuple(powers), tuple(map(tuple, memberships)), comment == MARK, *needed)
        for name, login, comment, powers, memberships, *needed in cursor.fetchall()
    }
    return LoginRolesState(roles, _read_verifiers(cursor, wanted), _read_dependents(cursor, wanted))


def _read_verifiers(cursor: Any, wanted: Sequence[LoginRole]) -> Optional[Mapping[str, Optional[str]]]:
    names = [role.name for role in wanted if role.password is not None]
    if not names:
        return {}
    cursor.execute(texts.MAY_READ)
    (may_read,) = cursor.fetchone()
    if not may_read:
        return None
    cursor.execute(compose(texts.VERIFIERS, names=literal(names)))
    return dict(cursor.fetchall())


def _read_dependents(cursor: Any, wanted: Sequence[LoginRole]) -> Dict[str, List[Dependents]]:
    names = [role.name for role in wanted if role.state == ABSENT]
    found: Dict[str, List[Dependents]] = {}
    if not names:
        return found
    cursor.execute(compose(texts.DEPENDENTS, names=literal(names)))
    for name, database, here, owned, objects in cursor.fetchall():
        found.setdefault(name, []).append(Dependents(database, here, owned, objects))
    return found
