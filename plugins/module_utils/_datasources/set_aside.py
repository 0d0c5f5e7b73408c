# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hand-written tables of history that have the names of ours and other columns: they get others, and ours theirs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.wanted import objects_of_nothing
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    HISTORY,
    HISTORY_TABLES,
    INDEX_SUFFIXES,
    TYPE_SUFFIXES,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog, Found
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.handwritten_history import (
    Histories,
    with_tables,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import (
    DatabaseObject,
    Index,
    RecordType,
    Table,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.taken_history import qualified_name
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import adopted_history as texts

#: What takes the place of the suffix of history in the new names; it is shorter, so they fit.
_SET_ASIDE = "_byhand"

_RENAMES = {Table: texts.RENAME_TABLE, RecordType: texts.RENAME_TYPE, Index: texts.RENAME_INDEX}
_KINDS = ((Table, HISTORY_TABLES), (RecordType, TYPE_SUFFIXES), (Index, INDEX_SUFFIXES))


@dataclass(frozen=True)
class SetAside:
    """The objects of hand-written datasources that get other names.

    :param definitions: those of the task, each with the table that its history comes from by the new name
    :param state: the server as it is without these objects
    """

    definitions: Sequence[Definition]
    state: DatasourcesState
    objects: Sequence[Tuple[DatabaseObject, str]] = ()
    problems: Sequence[str] = ()


def set_aside(cursor: Any, definitions: Sequence[Definition], side: Side, state: DatasourcesState) -> SetAside:
    """Find the hand-written tables that are in the place of ours, and whose history the definitions take."""
    found = {
        definition.name: _in_our_place(cursor, definition, side, state) if _names_ours(definition, side, state) else []
        for definition in definitions
    }
    objects = [(each.object, _new_name(name, each.object.name)) for name in found for each in found[name]]
    if not objects:
        return SetAside(definitions, state)
    taken = [definition for definition in definitions if found[definition.name]]
    schema = state.archivist.schema
    renamed = {
        (schema, _new_name(definition.name, name)): (schema, name)
        for definition in taken
        for name in (object_name(definition.name, suffix) for suffix in HISTORY_TABLES)
    }
    return SetAside(
        [_from_new_name(definition, schema) if found[definition.name] else definition for definition in definitions],
        replace(
            state,
            catalog=_without(state.catalog, [entry for entry, _new in objects]),
            histories=with_tables(cursor, state.histories or Histories(), renamed),
        ),
        objects,
        _taken_names(cursor, schema, objects),
    )


def plan_set_aside(plan: Plan, objects: Sequence[Tuple[DatabaseObject, str]]) -> None:
    """Plan the new names; nothing else of the objects changes."""
    for entry, name in objects:
        plan.add(
            entry.identity,
            "made by hand",
            "made by hand\nrenamed to {0}".format(name),
            compose(_RENAMES[type(entry)], name=entry.qualified, new_name=identifier(name)),
        )


def _names_ours(definition: Definition, side: Side, state: DatasourcesState) -> bool:
    ours = (state.archivist.schema, object_name(definition.name, HISTORY))
    return (
        side.stores
        and definition.adopt_history is not None
        and qualified_name(definition.adopt_history, state.archivist) == ours
        and not state.catalog.strangers(definition.name)
    )


def _in_our_place(cursor: Any, definition: Definition, side: Side, state: DatasourcesState) -> List[Found[Any]]:
    """Return the tables, types and indexes of others that have the names of ours, if any is not as ours would be."""
    made = {(type(entry), entry.name): entry for entry in objects_of_nothing(cursor, definition, side, state)}
    others = [
        found
        for kind, suffixes in _KINDS
        for suffix in suffixes
        for found in [state.catalog.get(kind, object_name(definition.name, suffix))]
        if found is not None and not found.ours and found.extension is None
    ]
    misfits = [
        found
        for found in others
        if not isinstance(found.object, Index)
        and _types(made.get((type(found.object), found.object.name))) != _types(found.object)
    ]
    return others if misfits else []


def _types(entry: Any) -> Dict[str, str]:
    return {column.name: column.type for column in entry.columns} if entry is not None else {}


def _new_name(datasource: str, name: str) -> str:
    """Return the new name of a table, a type or an index of a datasource."""
    history = object_name(datasource, HISTORY)
    return object_name(datasource, _SET_ASIDE) + name[len(history) :]


def _from_new_name(definition: Definition, schema: str) -> Definition:
    name = _new_name(definition.name, object_name(definition.name, HISTORY))
    return replace(definition, adopt_history="{0}.{1}".format(schema, name))


def _without(catalog: Catalog, objects: Sequence[DatabaseObject]) -> Catalog:
    gone = {(type(entry), entry.name) for entry in objects}
    found: Mapping[Any, Dict[str, Found[Any]]] = {
        kind: {name: each for name, each in entries.items() if (kind, name) not in gone}
        for kind, entries in catalog.found.items()
    }
    return replace(catalog, found=found)


def _taken_names(cursor: Any, schema: str, objects: Sequence[Tuple[DatabaseObject, str]]) -> List[str]:
    cursor.execute(compose(texts.NAMES, schema=literal(schema), names=literal([name for _entry, name in objects])))
    taken = {name for (name,) in cursor.fetchall()}
    return [
        "adopt_history: {0} has the name of an object of the datasource and other columns, so it would be renamed to"
        " {1}, but the server has an object of that name: rename or drop that one".format(entry.identity, name)
        for entry, name in objects
        if name in taken
    ]
