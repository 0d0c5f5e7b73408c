# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The types of all columns of a task: declared, or from the server that described the query."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import DATABASE, Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.describe import Described, Describer, may_become
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.names import SOURCE, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.objects import Function
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.remote_results import with_remote_types
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import State
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side


def resolve_types(
    cursor: Any,
    definitions: Sequence[Definition],
    side: Side,
    state: State,
    remote_results: Sequence[Mapping[str, Any]],
) -> Tuple[List[Definition], List[str]]:
    """Describe the queries that this server has not yet seen, and fill in the types that the task leaves out.

    :param remote_results: what this module returned on remotes
    :return: the definitions with the types that are known, and one sentence for each problem
    """
    new = {definition.name for definition in definitions if not _is_covered(definition, state)}
    described: Described = {}
    problems: List[str] = []
    wrong_queries: List[str] = []
    if side.runs_queries:
        described, problems, wrong_queries = _describe(cursor, definitions, new, side, state)
    resolved = []
    for definition in definitions:
        known = definition.with_types(described.get(definition.name, {}))
        if known.undeclared():
            known, disagreements = with_remote_types(known, remote_results)
            problems += [
                'datasource "{0}": {1}'.format(definition.name, disagreement) for disagreement in disagreements
            ]
            known = _with_stored_types(known, definition.name in new, state)
        if known.undeclared() and not (definition.pause or side.runs_queries or problems):
            problems.append(_undeclared(known))
        resolved.append(known)
    return resolved, problems + wrong_queries


def _is_covered(definition: Definition, state: State) -> bool:
    """Whether this server has described the queries of a definition, and has its source function with those columns."""
    stored = state.catalog.stored(definition.name)
    if stored is None or not stored.covers(definition):
        return False
    source = state.catalog.get(Function, object_name(definition.name, SOURCE))
    if definition.scope == DATABASE or source is None:
        return definition.scope == DATABASE
    created = [(column.name, column.type) for column in source.object.columns[1:]]
    return created == [(column.name, column.type.name) for column in stored.definition.columns]


def _describe(
    cursor: Any, definitions: Sequence[Definition], new: Set[str], side: Side, state: State
) -> Tuple[Dict[str, Any], List[str], List[str]]:
    """Return the types by datasource, why nothing could be described, and what is wrong with queries."""
    role = side.monitoring_role if side.monitoring_role in state.roles else None
    # A remote stores nothing about a query of scope database, so it is described each time.
    of_databases = [definition for definition in definitions if definition.scope == DATABASE]
    others = [definition for definition in definitions if definition.name in new and definition.scope != DATABASE]
    refused = may_become(cursor, role) if role else None
    if refused:
        return {}, [refused] if new or of_databases else [], []
    describer = Describer(cursor, state.archivist.server_version_num, role, state.query_path)
    describer.describe(others)
    describer.describe_together(of_databases)
    return describer.types, [], describer.problems


def _with_stored_types(definition: Definition, is_new: bool, state: State) -> Definition:
    stored = state.catalog.stored(definition.name)
    # A datasource whose columns are about to change may get other types, too.
    if stored is None or (definition.pause and is_new):
        return definition
    return definition.with_types(stored.types())


def _undeclared(definition: Definition) -> str:
    return (
        'datasource "{0}": no type is declared for {1}, and no remote has described the query:'
        " declare the types, or run the task on a remote first and pass its result as remote_results"
    ).format(definition.name, ", ".join(column.name for column in definition.undeclared()))
