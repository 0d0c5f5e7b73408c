# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The columns of a datasource's history: the declared ones, and those that it keeps from before.

Nothing here loses history: a metric that is no longer declared keeps its attribute, a key its column.
"""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Type, Union

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import (
    Column,
    Definition,
    Kind,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    CURRENT,
    HISTORY,
    MINMAX,
    RECORD,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import Stored
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import ColumnType, find_type
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import RecordType, Table, TableColumn

#: Columns of our types and tables that are neither keys nor metrics.
_OURS = frozenset("ts srvid coalesce_range record records mins_in_range maxs_in_range".split())


class Layout(NamedTuple):
    """The columns of history, kept ones included.

    :param keys: of both tables
    :param metrics: attributes of the record type, in its order
    :param minmax: attributes of the min/max type, in its order
    :param kept_keys: names of the keys that are not declared
    :param kept_metrics: names of the metrics that are not declared
    :param nullable: names of the keys that may be NULL in history
    :param renames: old to new name of columns that the server still has by their old name
    """

    keys: Tuple[Column, ...]
    metrics: Tuple[Column, ...]
    minmax: Tuple[Column, ...]
    kept_keys: FrozenSet[str]
    kept_metrics: FrozenSet[str]
    nullable: FrozenSet[str]
    renames: Mapping[str, str]

    def stored(self, definition: Definition, paused: Iterable[int]) -> Stored:
        """Return what the server should store about the datasource.

        :param paused: servers whose snapshots wait for their side of a change
        """
        return Stored(
            definition,
            tuple(column for column in self.keys if column.name in self.kept_keys),
            tuple(column for column in self.metrics if column.name in self.kept_metrics),
            frozenset(paused),
        )


def layout_of(definition: Definition, catalog: Catalog) -> Layout:
    """Return the layout that a definition leads to, from what the server has."""
    keys = _columns(catalog, definition, Table, HISTORY)
    known_by_current = _columns(catalog, definition, Table, CURRENT)
    keys += [column for column in known_by_current if column.name not in {key.name for key in keys}]
    record = _columns(catalog, definition, RecordType, RECORD)
    renames = _renames(definition, {column.name for column in keys + record})
    stored = catalog.stored(definition.name)
    known_keys = _known(stored.keys if stored else None, renames)
    known_metrics = _known(stored.metrics if stored else None, renames)
    layout_keys = _arrange(keys, definition.stored_keys, known_keys, renames, Kind.KEY)
    metrics = _arrange(record, definition.metrics, known_metrics, renames)
    without = {column.name for column in definition.metrics if not column.type.minmax}
    minmax = _arrange(
        [
            column
            for column in _columns(catalog, definition, RecordType, MINMAX)
            if renames.get(column.name, column.name) not in without
        ],
        [column for column in definition.metrics if column.type.minmax],
        known_metrics,
        renames,
    )
    not_null = {renames.get(column.name, column.name) for column in keys if column.not_null}
    if not keys and not record:
        not_null = {column.name for column in definition.stored_keys}
    declared = {column.name for column in definition.stored_keys if not column.nullable}
    return Layout(
        keys=layout_keys,
        metrics=metrics,
        minmax=minmax,
        kept_keys=_names(layout_keys) - _names(definition.stored_keys),
        kept_metrics=_names(metrics) - _names(definition.metrics),
        nullable=_names(layout_keys) - (not_null & declared),
        renames=renames,
    )


def _names(columns: Sequence[Column]) -> FrozenSet[str]:
    return frozenset(column.name for column in columns)


def _columns(
    catalog: Catalog, definition: Definition, kind: Union[Type[Table], Type[RecordType]], suffix: str
) -> List[TableColumn]:
    found = catalog.get(kind, object_name(definition.name, suffix))
    return [column for column in found.object.columns if column.name not in _OURS] if found else []


def _renames(definition: Definition, there: Any) -> Dict[str, str]:
    return {
        column.renamed_from: column.name
        for column in definition.columns
        if column.renamed_from in there and column.name not in there and column.renamed_from
    }


def _known(columns: Optional[Sequence[Column]], renames: Mapping[str, str]) -> Optional[Dict[str, Kind]]:
    """Return the kind of each column that we made, or None if nothing shows it."""
    if columns is None:
        return None
    return {renames.get(column.name, column.name): column.kind for column in columns}


def _arrange(
    found: Sequence[Any],
    declared: Sequence[Column],
    known: Optional[Mapping[str, Kind]],
    renames: Mapping[str, str],
    otherwise: Kind = Kind.GAUGE,
) -> Tuple[Column, ...]:
    """Return the existing columns in their order, then new ones, but no column that nobody ever declared.

    :param otherwise: the kind of a column if nothing shows it
    """
    wanted = {column.name: column for column in declared}
    arranged = []
    for column in found:
        name = renames.get(column.name, column.name)
        if name in wanted:
            arranged.append(wanted.pop(name))
        elif known is None or name in known:
            column_type = find_type(column.type) or ColumnType(column.type, 0, minmax=False)
            arranged.append(Column(name, column_type, (known or {}).get(name, otherwise), True))
    return tuple(arranged + [column for column in declared if column.name in wanted])
