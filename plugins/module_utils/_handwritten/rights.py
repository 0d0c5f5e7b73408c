# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights that the collector's and the monitoring role need on hand-written datasources. None is ever revoked.

C(Grants) compares the ACL of an object that this collection made with the rights that it should have. Hand-written
objects have other owners, and a role may hold its rights on them through PUBLIC or a membership. What counts here is
whether the role has a right, and whether the login may grant it. Only the GRANT statements come from C(Grants).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import Name, printable
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.grants import EXECUTE, Grants, Privileges
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import handwritten as texts
from ansible_collections.pgfleet.powa.plugins.module_utils._sql.catalog import ROLES

COLLECTOR = "collector_role"
MONITORING = "monitoring_role"

_USAGE: Privileges = ("USAGE",)
_WRITE: Privileges = ("DELETE", "INSERT", "SELECT", "UPDATE")


@dataclass(frozen=True)
class Object:
    """An object that a role needs rights on."""

    schema: str
    name: str = ""

    #: How C(RIGHTS) tells the classes of objects apart.
    kind: ClassVar[str]
    #: The object as messages write it, and as GRANT ... ON names it.
    message: ClassVar[str]
    statement: ClassVar[str]

    def __str__(self) -> str:
        return self.message.format(self.schema, self.name)

    @property
    def target(self) -> Any:
        """The object as GRANT ... ON names it."""
        return compose(self.statement, schema=identifier(self.schema), name=identifier(self.schema, self.name))


class Schema(Object):
    """A schema that a role needs rights on. It has no other name."""

    kind = "schema"
    message = "schema {0}"
    statement = "SCHEMA {schema}"


class Function(Object):
    """A function of one integer that a role needs rights on."""

    kind = "function"
    message = "function {0}.{1}(integer)"
    statement = "FUNCTION {name}(integer)"


class Table(Object):
    """A table that a role needs rights on."""

    kind = "table"
    message = "table {0}.{1}"
    statement = "TABLE {name}"


@dataclass(frozen=True)
class Needed:
    """Rights that a role needs on an object.

    :param option: the option of the task that names the role
    """

    option: str
    role: str
    object: Object
    privileges: Privileges


@dataclass(frozen=True)
class Right:
    """Needed rights as the server has them.

    :param owner: of the object, or None if there is no such object
    :param lacking: the privileges that the role lacks
    :param not_grantable: those of them that the login may not grant
    """

    needed: Needed
    owner: Optional[str] = None
    lacking: Privileges = ()
    not_grantable: Privileges = ()


class Roles:
    """The roles that a task names.

    :param params: the parameters of the task
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.problems: List[str] = []
        self.named: Dict[str, str] = {}
        for option in (COLLECTOR, MONITORING):
            role = params.get(option)
            if role is None:
                continue
            if not role or "\0" in role:
                self.problems.append(
                    "{0}: it is empty or contains a zero byte: give a role's name, or leave it out".format(option)
                )
            else:
                self.named[option] = role

    @property
    def collector(self) -> Optional[str]:
        """The role that the collector logs in to the repository as, or None."""
        return self.named.get(COLLECTOR)

    def missing(self, found: Iterable[str]) -> List[str]:
        """Return a sentence for each role that the server does not have."""
        return [
            '{0}: role "{1}" does not exist on this server: create it first'.format(option, printable(role))
            for option, role in self.named.items()
            if role not in found
        ]

    def calls(self, functions: Iterable[Name], options: Sequence[str] = (COLLECTOR, MONITORING)) -> List[Needed]:
        """Return what these roles need to call functions."""
        return self._on([Function(*name) for name in functions], EXECUTE, options)

    def writes(self, tables: Iterable[Name]) -> List[Needed]:
        """Return what the collector's role needs to keep rows in tables."""
        return self._on([Table(*name) for name in tables], _WRITE, (COLLECTOR,))

    def _on(self, named: Sequence[Object], privileges: Privileges, options: Sequence[str]) -> List[Needed]:
        return [
            needed
            for option in options
            if option in self.named
            for each in named
            for needed in (
                Needed(option, self.named[option], Schema(each.schema), _USAGE),
                Needed(option, self.named[option], each, privileges),
            )
        ]


def read_roles(cursor: Any, roles: Roles) -> List[str]:
    """Return those of a task's roles that exist."""
    cursor.execute(compose(ROLES, names=literal(sorted(set(roles.named.values())))))
    return [found for (found,) in cursor.fetchall()]


def read_rights(cursor: Any, needed: Iterable[Needed]) -> List[Right]:
    """Read which of these rights the roles have, by whatever way, in one statement."""
    wanted = _once(needed)
    rows = [
        {
            "place": place,
            "role": one.role,
            "kind": one.object.kind,
            "schema": one.object.schema,
            "name": one.object.name,
            "privilege": each,
        }
        for place, one in enumerate(wanted)
        for each in one.privileges
    ]
    if not rows:
        return []
    cursor.execute(compose(texts.RIGHTS, wanted=literal(json.dumps(rows))))
    found: Dict[int, List[Tuple[Any, ...]]] = {}
    for place, *answer in cursor.fetchall():
        found.setdefault(place, []).append(tuple(answer))
    return [_right(one, found.get(place, ())) for place, one in enumerate(wanted)]


def _once(needed: Iterable[Needed]) -> List[Needed]:
    """Return each need once: two options may name the same role, and many objects are in one schema."""
    found: Dict[Tuple[str, Object], Needed] = {}
    for one in needed:
        found.setdefault((one.role, one.object), one)
    return list(found.values())


def _right(needed: Needed, answers: Sequence[Tuple[Any, ...]]) -> Right:
    owner = answers[0][1] if answers else None
    # The server answers in any order.
    lacking = {privilege: may_grant for privilege, _owner, has, may_grant in answers if has is False}
    return Right(
        needed,
        owner,
        tuple(privilege for privilege in needed.privileges if privilege in lacking),
        tuple(privilege for privilege in needed.privileges if lacking.get(privilege) is False),
    )


def not_grantable(rights: Iterable[Right]) -> List[str]:
    """Return a sentence for each right that a role lacks and the login may not grant."""
    return [
        '{0}: role "{1}" lacks {2} on {3}, which belongs to role "{4}", and the login may not grant that:'
        " log in as that role or as a superuser, or grant it yourself".format(
            right.needed.option,
            printable(right.needed.role),
            ", ".join(right.not_grantable),
            right.needed.object,
            right.owner,
        )
        for right in rights
        if right.not_grantable
    ]


def plan_rights(plan: Plan, rights: Iterable[Right]) -> None:
    """Add what grants the rights that roles lack."""
    for right in rights:
        needed = right.needed
        if right.lacking:
            has = [privilege for privilege in needed.privileges if privilege not in right.lacking]
            plan.add(
                "rights of role {0} on {1}".format(needed.role, needed.object),
                "privileges: {0}".format(", ".join(has) or "none"),
                "privileges: {0}".format(", ".join(needed.privileges)),
                *Grants({needed.role: right.lacking}).grant(needed.object.target, {}),
            )
