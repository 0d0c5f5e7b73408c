# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles that users' queries run as in local mode, where PoWA's background worker is a superuser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import QUERIES_ROLE, Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.creators import Creator, read_creators
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import local_mode as texts

_READ_STATISTICS = "pg_read_all_stats"


class Role(NamedTuple):
    """A role of the server.

    :param privileged: whether it can log in, or has any attribute that lets it do more than a role without
    :param superusers: superusers among itself and the roles that it is a member of, directly or not
    :param groups: roles that it is a direct member of
    :param members: its direct members that are no superusers
    :param inherits: whether it has the rights of those groups without SET ROLE
    """

    privileged: bool
    superusers: Sequence[str]
    groups: Sequence[str]
    members: Sequence[str]
    inherits: bool


@dataclass(frozen=True)
class LocalMode:
    """What decides whether a server can run users' queries itself.

    :param roles: by name, the monitoring role and C(powa_queries), if they exist
    :param creators: roles other than superusers that can create objects in PoWA's schema
    """

    roles: Mapping[str, Role]
    creators: Sequence[Creator]
    database: str


def read_local_mode(cursor: Any, side: Side, archivist: Archivist) -> LocalMode:
    """Read what matters to local mode."""
    cursor.execute(compose(texts.ROLES, names=literal([side.monitoring_role, QUERIES_ROLE])))
    roles: Dict[str, Role] = {name: Role(*rest) for name, *rest in cursor.fetchall()}
    creators = read_creators(cursor, archivist.schema)
    cursor.execute(texts.DATABASE)
    (database,) = cursor.fetchone()
    return LocalMode(roles, creators, database)


def refusals_of_local_mode(found: LocalMode, side: Side, archivist: Archivist) -> List[str]:
    """Return why queries of users would run with other rights than those of the monitoring role."""
    problems = []
    monitoring = found.roles.get(side.monitoring_role or "")
    if monitoring and monitoring.superusers:
        problems.append(_too_much("monitoring_role", side.monitoring_role or "", monitoring))
    queries = found.roles.get(QUERIES_ROLE)
    if queries is not None:
        problems += _refusals_of_queries_role(queries, side.monitoring_role or "")
    if not archivist.qualifies_names:
        problems += [
            "server_kind: {0} may create objects in schema {1}, and the functions of PoWA {2} could run them as"
            " superuser: run {3}".format(
                creator.name, creator.schema, archivist.version_text, creator.cure(found.database)
            )
            for creator in found.creators
            if not _loses_right(creator, side)
        ]
    return problems


def _too_much(option: str, name: str, role: Role) -> str:
    if name in role.superusers:
        return '{0}: role "{1}" is a superuser, and queries must not run as one: name another role'.format(option, name)
    return (
        '{0}: role "{1}" is a member of "{2}", which has the power of a superuser, and queries must not have that:'
        " revoke it".format(option, name, role.superusers[0])
    )


def _refusals_of_queries_role(role: Role, monitoring_role: str) -> List[str]:
    where = 'server_kind: role "{0}", which owns the functions that run queries, '.format(QUERIES_ROLE)
    problems = []
    if role.privileged:
        problems.append(
            "{0}can log in or has other attributes: run ALTER ROLE {1} NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB"
            " NOREPLICATION NOBYPASSRLS".format(where, QUERIES_ROLE)
        )
    if role.members:
        problems.append(
            '{0}has members ("{1}"), who could change them: run REVOKE {2} FROM "{3}"'.format(
                where, '", "'.join(role.members), QUERIES_ROLE, '", "'.join(role.members)
            )
        )
    others = [group for group in role.groups if group != monitoring_role]
    if others:
        problems.append(
            '{0}is a member of "{1}", and queries would have those rights, too: run REVOKE "{2}" FROM {3}'.format(
                where, '", "'.join(others), '", "'.join(others), QUERIES_ROLE
            )
        )
    if not role.inherits:
        problems.append("{0}does not inherit rights: run ALTER ROLE {1} INHERIT".format(where, QUERIES_ROLE))
    return problems


def _loses_right(creator: Creator, side: Side) -> bool:
    """Whether the task takes the right away: from an owner nobody can."""
    return side.revoke_create and not creator.owns


def plan_schema(plan: Plan, found: LocalMode, side: Side) -> None:
    """Plan that others than superusers may no longer create objects in PoWA's schema, if the task says so."""
    losing = [creator for creator in found.creators if _loses_right(creator, side)]
    if not losing:
        return
    plan.add(
        "schema {0}".format(losing[0].schema),
        "\n".join("grant create to {0}".format(creator.role or "public") for creator in losing),
        "",
        *(
            compose(
                texts.REVOKE_CREATE,
                schema=identifier(creator.schema),
                role=identifier(creator.role) if creator.role else raw("PUBLIC"),
            )
            for creator in losing
        ),
    )


def plan_roles(plan: Plan, found: LocalMode, side: Side) -> None:
    """Plan the roles that are missing. Those that exist keep what they have."""
    for name, group in ((side.monitoring_role or "", _READ_STATISTICS), (QUERIES_ROLE, side.monitoring_role or "")):
        role = found.roles.get(name)
        if role is None:
            plan.add("role " + name, None, _described((group,)), *_created(name, group))
        elif name == QUERIES_ROLE and group not in role.groups:
            plan.add("role " + name, _described(role.groups), _described((*role.groups, group)), _granted(name, group))


def _described(groups: Sequence[str]) -> str:
    return "\n".join(["nologin", *("member of {0}".format(group) for group in sorted(groups))])


def _created(name: str, group: str) -> Tuple[Any, Any]:
    return compose(texts.CREATE_ROLE, role=identifier(name)), _granted(name, group)


def _granted(name: str, group: str) -> Any:
    return compose(texts.GRANT_ROLE, group=identifier(group), role=identifier(name))
