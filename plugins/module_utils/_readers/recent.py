# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the latest samples of a datasource are like: how many rows, from how many databases, and how far apart."""

from __future__ import annotations

from typing import Any, Collection, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import DATABASE, DBID, Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import CURRENT, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import ColumnType, find_type
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Table
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.parts import comparable
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import info as texts

#: Rows of a datasource that are read at most. With scope database there are those of many databases, and fewer such
#: datasources.
_MOST = 10_000
_MOST_OF_DATABASES = 100_000
#: Pages that are read at most of all tables of which that is not enough: 128 MiB, of which each has its part. A table
#: of which fewer pages than the least are read would tell nothing.
_MOST_PAGES = 16_384
_LEAST_PAGES = 1_024
#: Rows of a snapshot in those pages from which it is all but certain that no snapshot of the kind is in none of them.
_ENOUGH_ROWS = 500


class Recent(NamedTuple):
    """The latest samples of a datasource of a server, of which some rows were read.

    :param snapshots: how many snapshots they are of
    :param rows: those of a sample on average, or of the largest where some rows were not read
    :param duplicates: rows with the keys of another row of their sample
    :param databases: with scope database, those that the samples are from
    :param interval: the median of the seconds from one of the latest snapshots to the next, if there are two and enough
        rows were read to tell
    :param read: rows that were compared to find duplicates
    :param sampled: whether there are rows that were not read, so that there may be more snapshots or databases
    """

    snapshots: int
    rows: float
    duplicates: int
    databases: Optional[int]
    interval: Optional[float]
    read: int = 0
    sampled: bool = False

    def as_dict(self) -> Dict[str, Any]:
        """Return it as module server_info returns it."""
        interval = None if self.interval is None else round(self.interval, 1)
        return dict(self._asdict(), rows=round(self.rows, 1), interval=interval)


#: A server of which no row was among those that were read.
_NOT_READ = Recent(0, 0, 0, None, None)


def most_rows(definition: Definition) -> int:
    """Return how many rows of a datasource are read at most."""
    return _MOST_OF_DATABASES if _has_databases(definition) else _MOST


def read_recent(
    cursor: Any, archivist: Archivist, state: DatasourcesState, definitions: Sequence[Definition]
) -> Mapping[Tuple[str, int], Recent]:
    """Return them by datasource and srvid, read in one statement, and a second one for those of very many databases.

    :param definitions: those whose samples the session's role may read
    """
    readable = [definition for definition in definitions if _has_columns(definition, state)]
    if not readable:
        return {}
    cursor.execute(joined([_part(definition, archivist, state) for definition in readable], texts.EITHER))
    found = {(name, srvid): Recent(*recent) for name, srvid, *recent in cursor.fetchall()}
    sampled = {name for (name, _srvid), recent in found.items() if recent.sampled}
    return {**found, **_read_many(cursor, archivist, state, readable, sampled, found)}


def _read_many(
    cursor: Any,
    archivist: Archivist,
    state: DatasourcesState,
    definitions: Sequence[Definition],
    sampled: Collection[str],
    found: Mapping[Tuple[str, int], Recent],
) -> Dict[Tuple[str, int], Recent]:
    """Return the samples of many databases, also those of servers of which no row was read before.

    :param sampled: the datasources that have rows which were not read
    :param found: what those that were read have told
    """
    many = [
        entry for entry in definitions if entry.name in sampled and _has_databases(entry) and _is_kept(entry, state)
    ]
    if not many:
        return {}
    pages = max(_LEAST_PAGES, _MOST_PAGES // len(many))
    cursor.execute(joined([_part_of_many(definition, archivist, pages) for definition in many], texts.EITHER))
    told = {}
    for name, srvid, snapshots, average, largest, databases, interval, is_sampled in cursor.fetchall():
        before = found.get((name, srvid), _NOT_READ)
        rows = max(largest, before.rows) if average is None else average
        told[name, srvid] = Recent(snapshots, rows, before.duplicates, databases, interval, before.read, is_sampled)
    return told


def _part(definition: Definition, archivist: Archivist, state: DatasourcesState) -> Any:
    # Names of ours, since a key may have any name.
    keys: List[Tuple[Any, Any]] = [
        (comparable(identifier("t", name), column_type), identifier("k{0}".format(position)))
        for position, (name, column_type) in enumerate(_keys(definition, state))
    ]
    return compose(
        texts.RECENT,
        name=literal(definition.name),
        current=identifier(archivist.schema, object_name(definition.name, CURRENT)),
        read=joined((compose(", {key} AS {ours}", key=key, ours=ours) for key, ours in keys), ""),
        keys=joined((compose(", c.{ours}", ours=ours) for _key, ours in keys), ""),
        databases=raw("pg_catalog.count(DISTINCT r.k0)" if _has_databases(definition) else "NULL::bigint"),
        limit=literal(most_rows(definition)),
    )


def _part_of_many(definition: Definition, archivist: Archivist, pages: int) -> Any:
    table = object_name(definition.name, CURRENT)
    return compose(
        texts.MANY_RECENT,
        name=literal(definition.name),
        current=identifier(archivist.schema, table),
        table=literal("{0}.{1}".format(archivist.quoted_schema, table)),
        pages=literal(pages),
        enough=literal(_ENOUGH_ROWS),
    )


def _has_databases(definition: Definition) -> bool:
    return definition.scope == DATABASE and definition.stored_keys[0] == DBID


def _is_kept(definition: Definition, state: DatasourcesState) -> bool:
    """Whether the table has pages of its own: views, foreign tables and the parents of partitions have none."""
    found = state.catalog.get(Table, object_name(definition.name, CURRENT))
    return found is not None and found.object.is_plain


def _keys(definition: Definition, state: DatasourcesState) -> List[Tuple[str, ColumnType]]:
    """Return the keys of the definition, and those that it had when some of the samples were taken."""
    keys = [(key.name, key.type) for key in definition.stored_keys]
    names = {"srvid", "record", *(name for name, _type in keys)}
    columns = state.catalog.found[Table][object_name(definition.name, CURRENT)].object.columns
    others = [(column.name, find_type(column.type)) for column in columns if column.name not in names]
    return keys + [(name, found) for name, found in others if found is not None and found.groupable]


def _has_columns(definition: Definition, state: DatasourcesState) -> bool:
    """Whether the table has the keys with their types, whatever else was done to it."""
    found = state.catalog.get(Table, object_name(definition.name, CURRENT))
    columns = {column.name: column.type for column in found.object.columns} if found else {}
    return found is not None and all(columns.get(key.name) == key.type.name for key in definition.stored_keys)
