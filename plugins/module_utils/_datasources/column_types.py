# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The types of all columns of a task: declared, or from the server that described the query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import DATABASE, Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import SOURCE, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Function
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import LOCAL, Side
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import describe as texts

if TYPE_CHECKING:
    from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.describe import Described
    from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.described_texts import DescribeTexts


class Resolution(NamedTuple):
    """The definitions of a task, with the types that are known.

    :param problems: one sentence for each
    :param untried: one sentence for each query that is taken as it is declared
    :param rows: how many rows the planner expects of the queries that this server has described
    """

    definitions: List[Definition]
    problems: List[str]
    untried: Sequence[str]
    rows: Mapping[str, float]


def resolve_types(
    cursor: Any,
    definitions: Sequence[Definition],
    side: Side,
    state: DatasourcesState,
    remote_results: Sequence[Mapping[str, Any]],
    describe_texts: DescribeTexts,
) -> Resolution:
    """Describe the queries that this server has not yet seen, and fill in the types that the task leaves out.

    :param remote_results: what this module returned on remotes
    :param describe_texts: asks this server
    """
    new = {definition.name for definition in definitions if not _is_covered(definition, state)}
    described = _NOTHING
    if side.runs_queries:
        asked = [definition for definition in definitions if definition.name in new]
        described = _describe(cursor, asked, side, state, describe_texts)
    problems: List[str] = []
    resolved = []
    for definition in definitions:
        here = described.types.get(definition.name, {})
        known = definition.with_types(here)
        if definition.undeclared():
            from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.remote_results import (
                with_remote_types,
            )

            # A repository that is its own remote has described the query itself, and the remotes have to agree with it.
            answers = [*remote_results, *([_answer(known)] if here and remote_results else [])]
            known, disagreements = with_remote_types(definition, answers)
            known = known.with_types(here)
            problems += [
                'datasource "{0}": {1}'.format(definition.name, disagreement) for disagreement in disagreements
            ]
        known = _with_stored_types(known, definition.name in new, state)
        if known.undeclared() and not (definition.pause or side.runs_queries or problems):
            problems.append(_undeclared(known))
        resolved.append(known)
    return Resolution(resolved, [*problems, *described.problems], described.untried, described.rows)


def _answer(definition: Definition) -> Dict[str, Any]:
    """Return what this server says of a query, as a remote would."""
    columns = [
        {"name": column.name, "type": column.type.name, "cast_from": column.cast_from}
        for column in definition.columns
        if column.type.name
    ]
    return {"server": "this server", "datasources": [{"name": definition.name, "key_columns": columns}]}


def _is_covered(definition: Definition, state: DatasourcesState) -> bool:
    """Whether this server has described the queries of a definition, and has its source function with those columns."""
    stored = state.catalog.stored(definition.name)
    if stored is None or not stored.covers(definition):
        return False
    source = state.catalog.get(Function, object_name(definition.name, SOURCE))
    if definition.scope == DATABASE or source is None:
        return definition.scope == DATABASE
    created = [(column.name, column.type) for column in source.object.columns[1:]]
    return created == [(column.name, column.type.name) for column in stored.definition.columns]


class _Descriptions(NamedTuple):
    """What a server says of queries.

    :param untried: one sentence for each query that is taken as it is declared
    :param rows: how many rows the planner expects of each
    """

    types: Described
    problems: Sequence[str]
    untried: Sequence[str]
    rows: Mapping[str, float]


_NOTHING = _Descriptions({}, (), (), {})


def _describe(
    cursor: Any, definitions: Sequence[Definition], side: Side, state: DatasourcesState, describe_texts: DescribeTexts
) -> _Descriptions:
    role = side.monitoring_role or None
    if role not in state.roles and LOCAL in side.server_kind:
        # The task makes the role with the same rights.
        role = None
    if not definitions or (role and role not in state.roles):
        # That the role does not exist is told by the checks.
        return _NOTHING
    cursor.execute(compose(texts.ROLE, role=literal(role)))
    is_standby, name, is_superuser, way_up = cursor.fetchone()
    if is_standby:
        return _Descriptions({}, [_on_a_standby(entry) for entry in definitions if entry.undeclared()], (), {})
    # A superuser who names no role gets one that is made for this, and rolled back.
    runs_as = None if is_superuser and role is None else name
    refusal = too_powerful(name, is_superuser, way_up) if runs_as else None
    if refusal:
        return _Descriptions({}, [refusal], (), {})
    # A host compiles whatever a task imports, each time, and most tasks describe nothing.
    from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.describe import Describer

    describer = Describer(
        cursor,
        describe_texts,
        state.archivist.server_version_num,
        runs_as,
        state.query_path,
        state.named_schemas,
    )
    describer.describe(definitions)
    return _Descriptions(describer.types, describer.problems, describer.untried, describer.rows)


def _on_a_standby(definition: Definition) -> str:
    return (
        'datasource "{0}": {1}, and the server is a standby, where no query can be tried: {2}, or run the task on the'
        " primary"
    ).format(definition.name, *_what_is_missing(definition))


def too_powerful(role: str, is_superuser: bool, way_up: Optional[str]) -> Optional[str]:
    """Return why no query may be tried with the rights of a role, or None."""
    if is_superuser:
        return (
            'monitoring_role: role "{0}" is a superuser, and planning a query runs other people\'s code with its'
            ' rights: ALTER ROLE "{0}" NOSUPERUSER and GRANT pg_read_all_stats TO "{0}", or give another role'
        ).format(role)
    if way_up:
        return (
            'monitoring_role: role "{0}" is a member of "{1}", and planning a query runs other people\'s code with its'
            ' rights: REVOKE "{1}" FROM "{0}", or give another role'
        ).format(role, way_up)
    return None


def _with_stored_types(definition: Definition, is_new: bool, state: DatasourcesState) -> Definition:
    stored = state.catalog.stored(definition.name)
    # A datasource whose columns are about to change may get other types, too.
    if stored is None or (definition.pause and is_new):
        return definition
    types = stored.types()
    if is_new:
        # What the other columns are cast from was described, or is not known.
        names = {column.name for column in definition.undeclared()}
        types = {name: typed for name, typed in types.items() if name in names}
    return definition.with_types(types)


def _undeclared(definition: Definition) -> str:
    return (
        'datasource "{0}": {1}, and no remote has described the query: {2}, or run module datasources on a remote'
        " first and pass its result as remote_results"
    ).format(definition.name, *_what_is_missing(definition))


def _what_is_missing(definition: Definition) -> Tuple[str, str]:
    """Return which types are not known, and what to declare."""
    left_out = [column.name for column in definition.undeclared() if not column.cast_from]
    by_name = ['"{0}" is declared as {1}'.format(c.name, c.cast_from) for c in definition.undeclared() if c.cast_from]
    missing = ["no type is declared for {0}".format(", ".join(left_out))] if left_out else []
    if not by_name:
        return missing[0], "declare the types"
    missing.append("{0}, which only a server that has the type can resolve".format(", ".join(by_name)))
    return ", and ".join(missing), "declare the types that the columns get, such as text"
