# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datasource definitions: what a user declared, complete and consistent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import UNDECLARED, ColumnType, Typed

CLUSTER = "cluster"
DATABASE = "database"

#: No index of PostgreSQL has more than 32 columns. Ours begins with the server, and ends with the range of times.
MAX_KEYS = 30


class Kind(str, Enum):
    """What a column is for. A counter only grows until it is reset, and a gauge goes up and down."""

    KEY = "key"
    COUNTER = "counter"
    GAUGE = "gauge"


class Column(NamedTuple):
    """A key or a metric.

    :param type: C(UNDECLARED) until the query is described, if the user left it out
    :param nullable: whether a sample may lack it; metrics always may
    :param renamed_from: its former name, or None
    :param shown: C(title), C(unit) and C(description) of a metric, as far as they were given; only graphs and tables
        use them
    :param overview: whether it is among the few metrics that the overview of a server shows
    :param cast_from: the type that the query returns, if that is known and another one, which a cast in the query turns
        into C(type); or the type that was declared, if no column can have that
    """

    name: str
    type: ColumnType
    kind: Kind
    nullable: bool
    renamed_from: Optional[str] = None
    shown: Tuple[Tuple[str, str], ...] = ()
    cast_from: Optional[str] = None
    overview: bool = False

    @property
    def is_key(self) -> bool:
        """Whether the column tells the rows of a snapshot apart, and measures nothing."""
        return self.kind is Kind.KEY

    @property
    def has_rate(self) -> bool:
        """Whether the function C(_rate) returns the column per second."""
        return self.kind is Kind.COUNTER and self.type.has_rate

    def as_dict(self) -> Dict[str, Any]:
        """Return what is stored on the server."""
        stored: Dict[str, Any] = {"name": self.name, "type": self.type.name}
        if self.is_key:
            stored["nullable"] = self.nullable
        else:
            stored["kind"] = self.kind.value
        if self.cast_from:
            stored["cast_from"] = self.cast_from
        if self.overview:
            stored["overview"] = True
        stored.update(self.shown)
        return stored


#: The fields of a metric that say how it is shown.
SHOWN = ("title", "unit", "description")

#: With scope C(database), the collector puts the database of a sample before the columns of the query.
DBID = Column("dbid", ColumnType("oid", 26, fixed=True), Kind.KEY, False)


class Query(NamedTuple):
    """SQL for servers from C(min_version) (a C(server_version_num)) on."""

    min_version: int
    sql: str


@dataclass(frozen=True)
class Definition:
    """A declared datasource.

    C(enabled), C(servers) and C(databases) are None if the user left them out.

    :param extension: the extension that it belongs to in PoWA's registry, or None
    :param scope: C(cluster), or C(database) for one sample of each database of a remote
    :param retention: an interval, or None for the server's own
    :param query_cleanup: SQL that runs on the server after the query, or None
    :param search_path: further schemas where the query looks up names
    :param adopt: whether objects of the same names are taken over
    :param adopt_history: the table of history of a hand-written datasource whose rows are taken, or None
    :param adopt_history_without: columns of that table which stay behind
    :param pause: whether to change nothing yet, and only to stop snapshots if the declared columns are new
    :param pause_on: servers whose snapshots to stop then, whatever the columns
    :param title: its name where it is shown, or None
    :param set_title: the title of the set that it is shown with, or None
    :param may_be_empty: whether it is normal that its query returns no rows
    """

    name: str
    description: str
    queries: Tuple[Query, ...]
    keys: Tuple[Column, ...]
    metrics: Tuple[Column, ...]
    extension: Optional[str] = None
    scope: str = CLUSTER
    servers: Optional[Tuple[str, ...]] = None
    databases: Optional[Tuple[str, ...]] = None
    enabled: Optional[bool] = None
    priority: int = 10
    retention: Optional[str] = None
    query_cleanup: Optional[str] = None
    security_definer: bool = False
    search_path: Tuple[str, ...] = ()
    adopt: bool = False
    adopt_history: Optional[str] = None
    adopt_history_without: Tuple[str, ...] = ()
    pause: bool = False
    pause_on: Tuple[str, ...] = ()
    title: Optional[str] = None
    set_title: Optional[str] = None
    may_be_empty: bool = False

    @property
    def module(self) -> str:
        """What PoWA's registry calls it."""
        return self.extension or self.name

    @property
    def stored_keys(self) -> Tuple[Column, ...]:
        """The keys of a sample in the tables: those of the query, preceded by the database with scope C(database)."""
        return ((DBID,) if self.scope == DATABASE else ()) + self.keys

    @property
    def columns(self) -> Tuple[Column, ...]:
        """The columns of the query: keys, then metrics."""
        return self.keys + self.metrics

    @property
    def holder(self) -> str:
        """The suffix of the function whose comment holds the definition."""
        return "_snapshot" if self.scope == DATABASE else "_src"

    def query_for(self, server_version_num: int) -> Optional[Query]:
        """Return the query that runs on that version of PostgreSQL, or None."""
        fitting = [query for query in self.queries if query.min_version <= server_version_num]
        return fitting[-1] if fitting else None

    def undeclared(self) -> Tuple[Column, ...]:
        """Return the columns whose type is not known yet."""
        return tuple(column for column in self.columns if column.type is UNDECLARED)

    def with_types(self, types: Mapping[str, Typed]) -> "Definition":
        """Fill in the types that were left out, and what they are cast from, as far as C(types) has them by column."""

        def filled(column: Column) -> Column:
            found = types.get(column.name)
            if found is None or column.type not in (UNDECLARED, found.type):
                return column
            return column._replace(type=found.type, cast_from=found.cast_from or column.cast_from)

        return replace(self, keys=tuple(map(filled, self.keys)), metrics=tuple(map(filled, self.metrics)))

    def as_dict(self) -> Dict[str, Any]:
        """Return the definition as it is stored on the server, in types that JSON has."""
        return {
            **({"title": self.title} if self.title else {}),
            **({"set": self.set_title} if self.set_title else {}),
            **({"may_be_empty": True} if self.may_be_empty else {}),
            "name": self.name,
            "description": self.description,
            "extension": self.extension,
            "scope": self.scope,
            "queries": [{"min_version": query.min_version, "query": query.sql} for query in self.queries],
            "keys": [column.as_dict() for column in self.keys],
            "metrics": [column.as_dict() for column in self.metrics],
            "servers": list(self.servers) if self.servers is not None else None,
            "databases": list(self.databases) if self.databases is not None else None,
            "enabled": self.enabled,
            "priority": self.priority,
            "retention": self.retention,
            "query_cleanup": self.query_cleanup,
            "security_definer": self.security_definer,
            "search_path": list(self.search_path),
        }


class Removal(NamedTuple):
    """A datasource to remove.

    :param drop_history: whether to drop its history, too
    :param unregister: whether only its registrations go yet, so that no snapshot calls what is dropped afterwards
    """

    name: str
    drop_history: bool
    unregister: bool = False
