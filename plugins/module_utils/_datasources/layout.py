# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which columns the history of a datasource has: the declared ones, and those that it keeps from before.

Nothing here loses history: a metric that is no longer declared keeps its attribute, a key its column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import (
    DATABASE,
    DBID,
    Column,
    Definition,
    object_name,
    stored_definition,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.types import ColumnType, find_type

#: Columns of our types and tables that are neither keys nor metrics.
_OURS = frozenset("ts srvid coalesce_range record records mins_in_range maxs_in_range".split())


@dataclass(frozen=True)
class Layout:
    """The columns of history, kept ones included.

    :param keys: of both tables
    :param metrics: attributes of the record type, in the order that it has
    :param minmax: attributes of the min/max type, in the order that it has
    :param kept_keys: names of the keys that are not declared
    :param kept_metrics: names of the metrics that are not declared
    :param nullable: names of the keys that may be NULL in history
    :param renames: old to new name of columns that the server has by their old name
    """

    keys: Tuple[Column, ...]
    metrics: Tuple[Column, ...]
    minmax: Tuple[Column, ...]
    kept_keys: FrozenSet[str]
    kept_metrics: FrozenSet[str]
    nullable: FrozenSet[str]
    renames: Mapping[str, str]

    def kept(self) -> Dict[str, List[Dict[str, Any]]]:
        """Return what is kept, as it is stored beside the definition; empty where nothing is."""
        kept = {
            "keys": [column.as_dict() for column in self.keys if column.name in self.kept_keys],
            "metrics": [column.as_dict() for column in self.metrics if column.name in self.kept_metrics],
        }
        return {field: columns for field, columns in kept.items() if columns}


def layout_of(definition: Definition, catalog: Catalog) -> Layout:
    """Return the layout that a definition leads to, from what the server has."""
    holder = catalog.get("function", object_name(definition.name, definition.holder))
    stored = stored_definition(holder.object.comment) if holder else None
    keys = _columns(catalog, definition, "table", "_history")
    known_by_current = _columns(catalog, definition, "table", "_history_current")
    keys += [column for column in known_by_current if column.name not in {key.name for key in keys}]
    record = _columns(catalog, definition, "type", "_history_record")
    renames = _renames(definition, {column.name for column in keys + record})
    known_keys, known_metrics = _known(stored, "keys", renames), _known(stored, "metrics", renames)
    layout_keys = _arrange(keys, definition.stored_keys, known_keys, renames)
    metrics = _arrange(record, definition.metrics, known_metrics, renames)
    without = {column.name for column in definition.metrics if not column.type.minmax}
    minmax = _arrange(
        [
            column
            for column in _columns(catalog, definition, "type", "_history_record_minmax")
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


def _columns(catalog: Catalog, definition: Definition, kind: str, suffix: str) -> List[Any]:
    found = catalog.get(kind, object_name(definition.name, suffix))
    return [column for column in found.object.columns if column.name not in _OURS] if found else []


def _renames(definition: Definition, there: Any) -> Dict[str, str]:
    return {
        column.renamed_from: column.name
        for column in definition.columns
        if column.renamed_from in there and column.name not in there and column.renamed_from
    }


def _known(stored: Optional[Mapping[str, Any]], field: str, renames: Mapping[str, str]) -> Optional[Dict[str, str]]:
    """Return the kind of each column that we made, or None where nothing tells."""
    if stored is None:
        return None
    columns = stored[field] + (stored.get("kept") or {}).get(field, [])
    if field == "keys" and stored.get("scope") == DATABASE:
        columns = columns + [DBID.as_dict()]
    return {renames.get(column["name"], column["name"]): column.get("kind", "key") for column in columns}


def _arrange(
    found: Sequence[Any],
    declared: Sequence[Column],
    known: Optional[Mapping[str, str]],
    renames: Mapping[str, str],
) -> Tuple[Column, ...]:
    """Return the columns that are there, in their order, then new ones. What nobody declared is left out."""
    wanted = {column.name: column for column in declared}
    arranged = []
    for column in found:
        name = renames.get(column.name, column.name)
        if name in wanted:
            arranged.append(wanted.pop(name))
        elif known is None or name in known:
            column_type = find_type(column.type) or ColumnType(column.type, 0, minmax=False)
            arranged.append(Column(name, column_type, (known or {}).get(name, "gauge"), True))
    return tuple(arranged + [column for column in declared if column.name in wanted])
