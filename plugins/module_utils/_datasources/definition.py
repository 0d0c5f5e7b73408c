# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datasource definitions: what a user declared, whole and without contradiction."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Dict, Mapping, Optional, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.types import UNDECLARED, ColumnType, find_type

CLUSTER = "cluster"
DATABASE = "database"


@dataclass(frozen=True)
class Column:
    """A key or a metric.

    :param type: C(UNDECLARED) until the query is described, if the user left it out
    :param kind: C(key), C(counter) or C(gauge)
    :param nullable: whether a sample may lack it; metrics always may
    :param renamed_from: what it was called before, or None
    :param shown: C(title), C(unit) and C(description) of a metric, as far as they were given; nothing but what
        draws it reads them
    """

    name: str
    type: ColumnType
    kind: str
    nullable: bool
    renamed_from: Optional[str] = None
    shown: Tuple[Tuple[str, str], ...] = ()

    def as_dict(self) -> Dict[str, Any]:
        """Return what is stored on the server."""
        stored: Dict[str, Any] = {"name": self.name, "type": self.type.name}
        if self.kind == "key":
            stored["nullable"] = self.nullable
        else:
            stored["kind"] = self.kind
        stored.update(self.shown)
        return stored


#: The fields of a metric that say how it is shown.
SHOWN = ("title", "unit", "description")

#: With scope C(database), the collector puts the database of a sample before the columns of the query.
DBID = Column("dbid", ColumnType("oid", 26, fixed=True), "key", False)


@dataclass(frozen=True)
class Query:
    """SQL for servers from C(min_version) (a C(server_version_num)) on."""

    min_version: int
    sql: str


@dataclass(frozen=True)
class Definition:
    """A declared datasource.

    C(enabled), C(servers) and C(databases) are None where the user did not say.

    :param extension: the extension that it belongs to in PoWA's registry, or None
    :param scope: C(cluster), or C(database) for one sample of each database of a remote
    :param retention: an interval, or None for that of the server
    :param query_cleanup: SQL that runs on the server after the query, or None
    :param search_path: further schemas where the query looks up names
    :param adopt: whether objects of the same names are taken over
    :param pause: whether nothing is changed yet, but snapshots stop if other columns are declared than there are
    :param title: what it is called where it is shown, or None
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
    pause: bool = False
    title: Optional[str] = None

    @property
    def module(self) -> str:
        """What PoWA's registry calls it."""
        return self.extension or self.name

    @property
    def stored_keys(self) -> Tuple[Column, ...]:
        """The keys of a sample in the tables: those of the query, with scope C(database) after the database."""
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

    def with_types(self, types: Mapping[str, ColumnType]) -> "Definition":
        """Fill in types that were left out, as far as C(types), by column, has them."""

        def fill(columns: Tuple[Column, ...]) -> Tuple[Column, ...]:
            return tuple(
                replace(column, type=types.get(column.name, UNDECLARED)) if column.type is UNDECLARED else column
                for column in columns
            )

        return replace(self, keys=fill(self.keys), metrics=fill(self.metrics))

    def as_dict(self) -> Dict[str, Any]:
        """Return the definition as it is stored on the server, in JSON's types."""
        return {
            **({"title": self.title} if self.title else {}),
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


#: Comments of our objects begin so: what tells them from objects that are only called alike.
MARK = "pgfleet.powa datasource "


def mark(datasource: str) -> str:
    """Return the comment of an object of a datasource."""
    return MARK + datasource


def definition_comment(definition: Definition, kept: Mapping[str, Any], paused: Tuple[int, ...]) -> str:
    """Return the comment that holds a definition, and beside it what the server keeps.

    :param kept: C(keys) and C(metrics) that are no longer declared, as C(Column.as_dict) gives them
    :param paused: servers whose snapshots wait for their side of a change
    """
    stored = dict(definition.as_dict(), kept=kept, paused=list(paused))
    return "{0}: {1}".format(mark(definition.name), json.dumps(stored, sort_keys=True, ensure_ascii=False))


def stored_definition(comment: Optional[str]) -> Optional[Dict[str, Any]]:
    """Return what C(definition_comment) wrote, or None where a comment is not one of ours."""
    if not comment or not comment.startswith(MARK):
        return None
    try:
        stored = json.loads(comment.split(": ", 1)[1])
    except (IndexError, ValueError):
        return None
    return stored if isinstance(stored, dict) else None


def definition_of(stored: Mapping[str, Any]) -> Definition:
    """Return the definition that was stored."""

    def columns(field: str) -> Tuple[Column, ...]:
        return tuple(
            Column(
                column["name"],
                find_type(column["type"]) or UNDECLARED,
                column.get("kind", "key"),
                column.get("nullable", True),
                shown=tuple((field, column[field]) for field in SHOWN if field in column),
            )
            for column in stored[field]
        )

    return Definition(
        name=stored["name"],
        description=stored["description"],
        queries=tuple(Query(query["min_version"], query["query"]) for query in stored["queries"]),
        keys=columns("keys"),
        metrics=columns("metrics"),
        extension=stored.get("extension"),
        scope=stored.get("scope", CLUSTER),
        servers=None if stored["servers"] is None else tuple(stored["servers"]),
        databases=None if stored.get("databases") is None else tuple(stored["databases"]),
        enabled=stored["enabled"],
        priority=stored["priority"],
        retention=stored.get("retention"),
        query_cleanup=stored.get("query_cleanup"),
        security_definer=stored.get("security_definer", False),
        search_path=tuple(stored.get("search_path", ())),
        title=stored.get("title"),
    )


@dataclass(frozen=True)
class Removal:
    """A datasource that is to go.

    :param drop_history: whether its history goes, too
    """

    name: str
    drop_history: bool


def object_name(datasource: str, suffix: str) -> str:
    """Return the name of one object of a datasource, such as C(powa_lock_modes_history)."""
    return "powa_" + datasource + suffix
