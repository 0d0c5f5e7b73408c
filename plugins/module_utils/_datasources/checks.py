# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server refuses about datasources, found out before anything is written."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState, Schema
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import DATABASE, Definition, Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import function_names
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Found
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import NOT_TRUSTED, Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import LOCAL, REPOSITORY, Side
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import resolve


def refusals(
    definitions: Sequence[Definition], removals: Sequence[Removal], side: Side, state: DatasourcesState
) -> List[str]:
    """Return the problems that can be seen without the types of columns."""
    problems = []
    for option in ("monitoring_role", "collector_role", "web_role", "reader_role"):
        role = getattr(side, option)
        made = option == "monitoring_role" and LOCAL in side.server_kind
        if role and role not in state.roles and not made:
            problems.append('{0}: role "{1}" does not exist on this server: create it first'.format(option, role))
    if definitions and state.own_queries:
        # Only tasks about a local server pay for it.
        from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.local_mode import refusals_of_local_mode

        problems += refusals_of_local_mode(state.own_queries, side, state.archivist)
    for removal in removals:
        if removal.unregister and REPOSITORY not in side.server_kind:
            problems.append('datasource "{0}", {1}'.format(removal.name, _PAUSED_ELSEWHERE))
        problems += refusals_of_strangers(removal.name, state) or _foreign(
            removal.name, state.catalog.of_datasource(removal.name)
        )
    for definition in definitions:
        where = 'datasource "{0}", '.format(definition.name)
        problems += [where + problem for problem in _unsupported(definition, side, state)]
        # Not even adopt makes an object ours that its owner can change again at any time.
        strangers = refusals_of_strangers(definition.name, state)
        problems += strangers
        if not definition.adopt and not strangers:
            found = state.catalog.of_datasource(definition.name)
            problems += _foreign(definition.name, found) or _foreign_rows(definition, state)
        if REPOSITORY in side.server_kind and not definition.pause:
            problems += [
                "{0}servers: {1}".format(where, problem)
                for problem in resolve(state.servers, definition.servers or ())[1]
            ]
    return problems + _disagreements(definitions, state.archivist)


def refusals_of_strangers(datasource: str, state: DatasourcesState) -> List[str]:
    """Return that the names of a datasource belong to somebody else, whose objects may hold any code."""
    found = state.catalog.strangers(datasource)
    if not found:
        return []
    # A host compiles whatever a task imports, each time, and few servers have such objects.
    from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.impostors import refusal

    owners = [str(entry.stranger) for entry in found]
    return [refusal(datasource, [entry.object.identity for entry in found], owners)]


def refusal_of_login(stranger: Optional[str]) -> List[str]:
    """Return that what the task makes would belong to a stranger, too.

    :param stranger: the role of the session, if it is one
    """
    if stranger is None:
        return []
    return [
        'login_user: role "{0}" is {1}, so the next task would not recognize what this one makes as its own:'
        " log in as a superuser or that owner, or give one of them as session_role".format(stranger, NOT_TRUSTED)
    ]


def _unsupported(definition: Definition, side: Side, state: DatasourcesState) -> List[str]:
    archivist = state.archivist
    problems = []
    if definition.scope == DATABASE and not archivist.scope_database:
        problems.append(
            'scope: found "database", which PoWA {0} does not know: use PoWA 5, or scope "cluster"'.format(
                archivist.version_text
            )
        )
    elif definition.scope == DATABASE and LOCAL in side.server_kind:
        problems.append(
            'scope: found "database", which PoWA supports only for remotes: use scope "cluster" on a local server'
        )
    if definition.retention is not None and not archivist.own_retention:
        problems.append(
            "retention: PoWA {0} keeps all datasources of a server for the same time, and a retention of its own needs"
            " PoWA 5.1.2: leave it out, and set the retention of the servers".format(archivist.version_text)
        )
    elif definition.retention is not None and definition.retention in state.bad_intervals:
        problems.append("retention: {0}".format(state.bad_intervals[definition.retention]))
    if definition.pause and REPOSITORY not in side.server_kind:
        problems.append(_PAUSED_ELSEWHERE)
    if side.runs_queries:
        for name in state.query_schemas(definition):
            schema = state.schemas[name]
            if not schema.present:
                problems.append('search_path: schema "{0}" does not exist: create it, or leave it out'.format(name))
            elif definition.security_definer and schema.creators:
                problems.append(_open_schema(name, schema))
    return problems


_PAUSED_ELSEWHERE = 'state: found "paused", which needs server_kind repository: leave it out on other servers'


def _open_schema(name: str, schema: Schema) -> str:
    roles = ['role "{0}"'.format(role) if role else "PUBLIC" for role in schema.creators]
    cures = []
    if any(role != schema.owner for role in schema.creators):
        cures.append("revoke that right (REVOKE CREATE ON SCHEMA)")
    if schema.owner in schema.creators:
        cures.append("give the schema to a superuser (ALTER SCHEMA ... OWNER TO)")
    return (
        'security_definer: {0} may create objects in schema "{1}" without being a superuser, and so run code as the'
        " function's owner: {2}, or leave the schema out"
    ).format(" and ".join(roles), name, " and ".join(cures))


def _disagreements(definitions: Sequence[Definition], archivist: Archivist) -> List[str]:
    """Return where datasources of one extension differ in what they share on PoWA 5: a row for each server."""
    problems = []
    first: Dict[str, Definition] = {}
    if not archivist.shares_extensions:
        return []
    for definition in definitions:
        if definition.extension is None:
            continue
        other = first.setdefault(definition.extension, definition)
        for field in ("enabled", "retention", "servers"):
            if getattr(definition, field) != getattr(other, field):
                problems.append(
                    'datasource "{0}", {1}: found {2}, but {3} in datasource "{4}" of the same extension "{5}",'
                    " and on PoWA 5 they share it: give both the same".format(
                        definition.name,
                        field,
                        _shown(getattr(definition, field)),
                        _shown(getattr(other, field)),
                        other.name,
                        definition.extension,
                    )
                )
    return problems


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return ", ".join(value) if isinstance(value, tuple) else str(value).lower()


def _foreign(datasource: str, found: Sequence[Found[Any]]) -> List[str]:
    foreign = [entry for entry in found if not entry.ours]
    if not foreign:
        return []
    names = ", ".join(entry.object.identity for entry in foreign)
    owners = sorted({entry.extension for entry in foreign if entry.extension})
    what = "belong to the extension " + ", ".join(owners) if owners else "this collection did not make"
    advice = "choose another name, or rename them" + ("" if owners else ", or take them over with adopt: true")
    return [
        'datasource "{0}", name: the server has objects of that name that {1} ({2}): {3}'.format(
            datasource, what, names, advice
        )
    ]


def _foreign_rows(definition: Definition, state: DatasourcesState) -> List[str]:
    if definition.extension is not None:
        return []
    ours = set(function_names(definition.name))
    functions = state.catalog.registered_functions.get(definition.name, set())
    if functions <= ours:
        return []
    return [
        'datasource "{0}", name: PoWA\'s registry has other functions under that name ({1}):'
        " choose another name, or unregister those, or take the name over with adopt: true".format(
            definition.name, ", ".join(sorted(functions - ours))
        )
    ]
