# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this server should have of a task's datasources: computed once, for the checks and the plan."""

from __future__ import annotations

from typing import Any, FrozenSet, List, NamedTuple, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._datasources import arrival
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.arrival import Seen
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.build import build_objects
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.layout import Layout, layout_of
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import DatabaseObject, Function
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.parts import Parts
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.source import source_path
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.taken_history import (
    history_to_take,
    taken_histories,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Grantees
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import REPOSITORY, Side


class Wanted(NamedTuple):
    """One datasource as this server should have it.

    :param layout: the columns of its history
    :param objects: its objects, in an order in which they can be created
    :param was_paused: servers whose snapshots we have paused
    :param paused: servers whose snapshots stay paused, or wait for the first time
    :param held_back: servers because of which the registry must not have it yet
    """

    definition: Definition
    layout: Layout
    objects: Sequence[DatabaseObject]
    was_paused: FrozenSet[int]
    paused: FrozenSet[int]
    held_back: FrozenSet[int] = frozenset()


def wanted_datasources(
    cursor: Any, definitions: Sequence[Definition], side: Side, state: DatasourcesState, seen: Seen
) -> List[Wanted]:
    """Return each of these definitions as wanted; their types are known.

    :param cursor: only renders SQL, and sends nothing to the server
    :param seen: the servers whose side is known to be as declared
    """
    waiting = []
    for definition in definitions:
        before = state.paused(definition.name)
        if REPOSITORY in side.server_kind:
            waiting.append(arrival.waiting(definition, state, before, seen))
        else:
            waiting.append(arrival.Waiting(definition, before, before))
    held_back = arrival.held_back(waiting, state) if REPOSITORY in side.server_kind else {}
    wanted = []
    for definition, before, now in waiting:
        layout = layout_of(definition, state.catalog)
        objects = _objects(cursor, definition, layout, side, state, now)
        wanted.append(Wanted(definition, layout, objects, before, now, held_back.get(definition.name, frozenset())))
    return wanted


def objects_of_nothing(
    cursor: Any, definition: Definition, side: Side, state: DatasourcesState
) -> List[DatabaseObject]:
    """Return the objects that a definition needs on a server that has none of them."""
    return _objects(cursor, definition, layout_of(definition, Catalog()), side, state, frozenset())


def _objects(
    cursor: Any, definition: Definition, layout: Layout, side: Side, state: DatasourcesState, paused: FrozenSet[int]
) -> List[DatabaseObject]:
    archivist = state.archivist
    roles = (side.collector_role, side.web_role, side.reader_role)
    parts = Parts(
        definition=definition,
        layout=layout,
        stored=layout.stored(definition, paused),
        archivist=archivist,
        grantees=archivist.grantees(*roles) if side.stores else Grantees({}, {}, (), ()),
        search_path=source_path(definition, archivist, state.quoted_query_schemas(definition)),
        render=lambda composed: str(composed.as_string(cursor)),
        taken=_taken(definition, state),
    )
    return build_objects(parts, side)


def _taken(definition: Definition, state: DatasourcesState) -> Tuple[str, ...]:
    name = history_to_take(definition, state.archivist, state.catalog)
    before = taken_histories(definition.name, state.catalog)
    # Its neighbour is taken as well.
    tables = state.histories.of(name) if name and state.histories else []
    names = [name, *((table.schema, table.name) for table in tables)] if name else []
    return (*before, *(text for text in dict.fromkeys(map(".".join, names)) if text not in before))


def with_names(wanted: Sequence[Wanted]) -> List[Tuple[str, Wanted]]:
    """Return each datasource with the beginning of a sentence about it."""
    return [('datasource "{0}", '.format(entry.definition.name), entry) for entry in wanted]


def changes_history(wanted: Sequence[Wanted], catalog: Catalog) -> bool:
    """Return whether any history that the server has is not as wanted, so that its size matters."""
    for entry in wanted:
        for wanted_object in entry.objects:
            found = None if isinstance(wanted_object, Function) else catalog.there(wanted_object)
            if found is not None and found != wanted_object.keeping(found):
                return True
    return False
