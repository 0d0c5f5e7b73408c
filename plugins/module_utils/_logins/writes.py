# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The writes about roles. Those of one task are made together, and all passwords in the same few statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Tuple, Type, TypeVar

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver, secrets
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Batch
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.catalog import MARK
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import logins as texts


@dataclass(frozen=True)
class RoleWrite(Batch):
    """One write about a role."""

    role: str

    @classmethod
    def family(cls) -> Type[Batch]:
        return RoleWrite

    @staticmethod
    def run(cursor: Any, writes: Sequence["RoleWrite"]) -> None:
        statements = [statement for turn in _TURNS for write in writes for statement in write.in_turn(turn)]
        if statements:
            cursor.execute(joined(statements, ";\n"))
        passwords = [write for write in writes if isinstance(write, SetPassword)]
        if passwords:
            _set_passwords(cursor, passwords)

    def in_turn(self, turn: Type["RoleWrite"]) -> List[Any]:
        """Return the statements of this write, if it is its turn."""
        return self.statements() if isinstance(self, turn) else []

    def statements(self) -> List[Any]:
        """Return the statements of this write; none of them has a secret."""
        return []


@dataclass(frozen=True)
class DropRole(RoleWrite):
    """Drops a role.

    :param has_rights: whether it was granted rights, which are revoked before
    """

    has_rights: bool

    def statements(self) -> List[Any]:
        role = identifier(self.role)
        revoked = [compose(texts.DROP_RIGHTS, role=role)] if self.has_rights else []
        return [*revoked, compose(texts.DROP, role=role)]


@dataclass(frozen=True)
class CreateRole(RoleWrite):
    """Creates a role with the mark of this module."""

    def statements(self) -> List[Any]:
        role = identifier(self.role)
        return [compose(texts.CREATE, role=role), compose(texts.COMMENT, role=role, mark=literal(MARK))]


@dataclass(frozen=True)
class LetLogin(RoleWrite):
    """Lets a role log in."""

    def statements(self) -> List[Any]:
        return [compose(texts.LOGIN, role=identifier(self.role))]


@dataclass(frozen=True)
class TakePowers(RoleWrite):
    """Takes from a role that this module made what somebody else gave it."""

    def statements(self) -> List[Any]:
        return [compose(texts.TAKE, role=identifier(self.role))]


@dataclass(frozen=True)
class Demote(RoleWrite):
    """Takes from a role, whoever made it, what no login of PoWA needs."""

    powers: Tuple[str, ...]

    def statements(self) -> List[Any]:
        attributes = joined((raw(texts.WITHOUT[power]) for power in self.powers), " ")
        return [compose(texts.MAKE_PLAIN, role=identifier(self.role), attributes=attributes)]


@dataclass(frozen=True)
class RevokeGroup(RoleWrite):
    """Ends a membership."""

    group: str
    grantor: Optional[str]

    def statements(self) -> List[Any]:
        by = compose(texts.GRANTED_BY, grantor=identifier(self.grantor)) if self.grantor else raw("")
        return [compose(texts.REVOKE, group=identifier(self.group), role=identifier(self.role), by=by)]


@dataclass(frozen=True)
class GrantGroup(RoleWrite):
    """Makes a role a member of another."""

    group: str

    def statements(self) -> List[Any]:
        return [compose(texts.GRANT, group=identifier(self.group), role=identifier(self.role))]


@dataclass(frozen=True)
class SetPassword(RoleWrite):
    """Stores a password as a verifier.

    :param encryption: C(scram-sha-256) or C(md5)
    :param kept_by: gets the settings that may have kept the verifier, because the login may not change them
    """

    password: str = field(repr=False)
    encryption: str
    kept_by: List[str]


#: A group may be a role that the task creates.
_TURNS: Tuple[Type[RoleWrite], ...] = (CreateRole, LetLogin, TakePowers, Demote, RevokeGroup, GrantGroup, DropRole)
WriteKind = TypeVar("WriteKind", bound=RoleWrite)


def _set_passwords(cursor: Any, writes: Sequence[SetPassword]) -> None:
    verifiers: Dict[int, Optional[str]] = {
        place: _verifier(cursor, write) for place, write in enumerate(writes, start=1)
    }
    writes[0].kept_by[:] = secrets.keepers(secrets.hush(cursor))
    secrets.put(cursor, verifiers)
    cursor.execute(compose(texts.NAMES, names=literal([write.role for write in writes])))
    cursor.execute(texts.SET_PASSWORDS)


def _verifier(cursor: Any, write: SetPassword) -> str:
    """Return what PostgreSQL is to store. The client library makes it, so that the server never has the password."""
    try:
        verifier: str = driver.encrypt_password(write.password, write.role, cursor.connection, write.encryption)
    except (driver.psycopg2.Error, AttributeError) as error:
        raise PowaError(
            'role "{0}", password: the PostgreSQL client library of this host cannot encrypt it as {1}: install libpq'
            " 10 or newer, and psycopg2 2.8 or newer".format(write.role, write.encryption)
        ) from error
    return verifier
