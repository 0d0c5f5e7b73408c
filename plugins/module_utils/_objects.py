# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The database objects that a definition needs on a kind of server."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._archivist import OPERATIONS, Archivist, Grantees
from ansible_collections.pgfleet.powa.plugins.module_utils._definition import Column, Definition, Query, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._driver import compose, identifier, joined, literal, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import functions as bodies

#: Comments of our objects begin so: what tells them from objects that are only called alike.
MARK = "pgfleet.powa datasource "

REMOTE = "remote"
REPOSITORY = "repository"
LOCAL = "local"

#: The suffixes of every object that a datasource may have, by kind.
FUNCTION_SUFFIXES = ("_src",) + tuple("_" + operation for operation in OPERATIONS + ("unregister",))
TABLE_SUFFIXES = ("_src_tmp", "_history_current", "_history")
TYPE_SUFFIXES = ("_history_record", "_history_record_minmax")
INDEX_SUFFIXES = ("_history_current_srvid", "_history_ts")
#: What keeps history, and stays when a datasource goes.
HISTORY_TABLES = ("_history", "_history_current")


@dataclass(frozen=True)
class TableColumn:
    """A column of a table, or an attribute of a type; C(type) as C(format_type) writes it."""

    name: str
    type: str
    not_null: bool = False

    def describe(self) -> str:
        """Return the column as one line of a diff."""
        return "{0} {1}{2}".format(self.name, self.type, " not null" if self.not_null else "")


@dataclass(frozen=True)
class RecordType:
    """A composite type."""

    name: str
    attributes: Tuple[TableColumn, ...]
    comment: Optional[str]

    kind = "type"

    def describe(self) -> str:
        """Return the type as the lines of a diff."""
        return "\n".join([column.describe() for column in self.attributes] + ["comment: {0}".format(self.comment)])


@dataclass(frozen=True)
class Table:
    """A table.

    :param server_key: whether C(srvid) is a key to C(powa_servers) that cascades
    :param toast_target: whether C(toast_tuple_target) is set as for PoWA's own history
    :param main_columns: the columns with storage MAIN
    :param grants: role to the privileges that it has; as wanted, at least
    """

    name: str
    columns: Tuple[TableColumn, ...]
    unlogged: bool
    server_key: bool
    toast_target: bool
    main_columns: Tuple[str, ...]
    comment: Optional[str]
    grants: Mapping[str, Tuple[str, ...]] = field(default_factory=dict)

    kind = "table"

    def describe(self) -> str:
        """Return the table as the lines of a diff."""
        lines = ["unlogged" if self.unlogged else "logged"]
        lines += [column.describe() for column in self.columns]
        lines.append("key to powa_servers: {0}".format("yes" if self.server_key else "no"))
        lines.append("toast_tuple_target 128: {0}".format("yes" if self.toast_target else "no"))
        lines.append("storage main: {0}".format(", ".join(self.main_columns) or "no column"))
        lines.append("comment: {0}".format(self.comment))
        lines += ["grant {0} to {1}".format(", ".join(self.grants[role]), role) for role in sorted(self.grants)]
        return "\n".join(lines)


@dataclass(frozen=True)
class Index:
    """An index of a table of ours; C(columns) is composed SQL as wanted, and only counted as it is."""

    name: str
    table: str
    method: str
    width: int
    comment: Optional[str]
    columns: Any = field(default=None, compare=False)

    kind = "index"

    def describe(self) -> str:
        """Return the index as the lines of a diff."""
        return "on {0} using {1}, {2} columns\ncomment: {3}".format(self.table, self.method, self.width, self.comment)


@dataclass(frozen=True)
class Function:
    """A PL/pgSQL function of one parameter, C(_srvid integer).

    :param out_columns: what a set-returning function returns, or empty
    :param returns: the type that any other function returns
    :param body: its text; as wanted, composed SQL until it is rendered
    :param execute: roles that may call it; as wanted, at least, and never PUBLIC
    """

    name: str
    out_columns: Tuple[TableColumn, ...]
    returns: str
    body: Any
    volatility: str
    search_path: str
    comment: Optional[str]
    execute: Tuple[str, ...] = ()

    kind = "function"

    def describe(self) -> str:
        """Return the function as the lines of a diff."""
        lines = ["returns {0}".format(self.returns)]
        lines += ["out {0}".format(column.describe()) for column in self.out_columns]
        lines.append("{0}, search_path {1}".format(self.volatility.lower(), self.search_path))
        lines += ["comment: {0}".format(self.comment)]
        lines += ["grant execute to {0}".format(role or "public") for role in sorted(self.execute)]
        return "\n".join(lines) + "\n" + str(self.body).strip("\n")


def mark(datasource: str) -> str:
    """Return the comment of an object of a datasource."""
    return MARK + datasource


def stored_definition(comment: Optional[str]) -> Optional[Dict[str, Any]]:
    """Return the definition in the comment of a source function, or None where it is not one of ours."""
    if not comment or not comment.startswith(MARK):
        return None
    try:
        stored = json.loads(comment.split(": ", 1)[1])
    except (IndexError, ValueError):
        return None
    return stored if isinstance(stored, dict) else None


def sample_query(definition: Definition, query: Query) -> Any:
    """Return the SELECT that a source function runs: the time, then the columns with the declared types."""
    return compose(
        bodies.SAMPLE,
        columns=joined(
            compose("q.{name}::{type}", name=identifier(column.name), type=raw(column.type.name))
            for column in definition.columns
        ),
        query=raw(query.sql),
    )


class _Builder:
    """Builds the objects of one definition."""

    def __init__(self, definition: Definition, archivist: Archivist, grantees: Grantees) -> None:
        self.definition = definition
        self.archivist = archivist
        self.grantees = grantees
        self.comment = mark(definition.name)
        self.minmax = [column for column in definition.metrics if column.type.minmax]
        self.minmax_suffix = "_history_record"
        if len(self.minmax) < len(definition.metrics):
            self.minmax_suffix = "_history_record_minmax"

    def name(self, suffix: str) -> str:
        return object_name(self.definition.name, suffix)

    def qualified(self, suffix: str) -> Any:
        return identifier(self.archivist.schema, self.name(suffix))

    def type_text(self, suffix: str) -> str:
        return "{0}.{1}".format(self.archivist.quoted_schema, self.name(suffix))

    def types(self) -> List[RecordType]:
        types = [self._record("_history_record", self.definition.metrics)]
        if self.minmax_suffix != "_history_record":
            types.append(self._record(self.minmax_suffix, self.minmax))
        return types

    def _record(self, suffix: str, metrics: Sequence[Column]) -> RecordType:
        attributes = [TableColumn("ts", "timestamp with time zone")]
        attributes += [TableColumn(column.name, column.type.name) for column in metrics]
        return RecordType(self.name(suffix), tuple(attributes), self.comment)

    def tables(self) -> List[Table]:
        srvid = TableColumn("srvid", "integer", True)
        keys = [TableColumn(column.name, column.type.name, not column.nullable) for column in self.definition.keys]
        metrics = [TableColumn(column.name, column.type.name) for column in self.definition.metrics]
        sampled = TableColumn("ts", "timestamp with time zone", True)
        record = TableColumn("record", self.type_text("_history_record"), True)
        aggregated = [
            TableColumn("coalesce_range", "tstzrange", True),
            TableColumn("records", self.type_text("_history_record") + "[]", True),
            TableColumn("mins_in_range", self.type_text(self.minmax_suffix), True),
            TableColumn("maxs_in_range", self.type_text(self.minmax_suffix), True),
        ]
        transient, history = self.grantees.transient, self.grantees.history
        return [
            Table(
                self.name("_src_tmp"),
                (srvid, sampled, *keys, *metrics),
                True,
                False,
                False,
                (),
                self.comment,
                transient,
            ),
            Table(self.name("_history_current"), (srvid, *keys, record), False, True, False, (), self.comment, history),
            Table(
                self.name("_history"),
                (srvid, *keys, *aggregated),
                False,
                True,
                True,
                ("mins_in_range", "maxs_in_range"),
                self.comment,
                history,
            ),
        ]

    def indexes(self) -> List[Index]:
        keys = [_index_key(column) for column in self.definition.keys]
        gist = [identifier("srvid"), *keys, identifier("coalesce_range")]
        return [
            Index(
                self.name("_history_current_srvid"),
                self.name("_history_current"),
                "btree",
                1,
                self.comment,
                identifier("srvid"),
            ),
            Index(self.name("_history_ts"), self.name("_history"), "gist", len(gist), self.comment, joined(gist)),
        ]

    def source(self, execute: Tuple[str, ...]) -> Function:
        definition = self.definition
        if len(definition.queries) == 1 and definition.queries[0].min_version == 0:
            branches = compose(bodies.SOURCE_ONE_QUERY, query=self._quoted(definition.queries[0]))
        else:
            branches = compose(
                bodies.SOURCE_BY_VERSION,
                name=literal(definition.name),
                branches=joined(
                    (
                        compose(
                            bodies.SOURCE_VERSION_BRANCH,
                            min_version=literal(query.min_version),
                            query=self._quoted(query),
                        )
                        for query in reversed(definition.queries)
                    ),
                    "\n",
                ),
            )
        body = compose(
            bodies.SOURCE,
            columns=_columns("t", definition.columns),
            transient=self.qualified("_src_tmp"),
            branches=branches,
        )
        out = [TableColumn("ts", "timestamp with time zone")]
        out += [TableColumn(column.name, column.type.name) for column in definition.columns]
        return Function(
            self.name("_src"),
            tuple(out),
            "SETOF record",
            body,
            "STABLE",
            self.archivist.search_path,
            "{0}: {1}".format(self.comment, definition.as_json()),
            execute,
        )

    def _quoted(self, query: Query) -> Any:
        """Quote a query with dollars, so that it stays readable in the function; the tag is not in the query."""
        tag = "query"
        while "${0}$".format(tag) in self.definition.as_json():
            tag += "_"
        quote = raw("${0}$".format(tag))
        return joined((quote, sample_query(self.definition, query), quote), "\n")

    def operations(self) -> List[Function]:
        keys, metrics = self.definition.keys, self.definition.metrics
        schema = identifier(self.archivist.schema)
        tables = {
            "transient": self.qualified("_src_tmp"),
            "current": self.qualified("_history_current"),
            "history": self.qualified("_history"),
        }
        after_each = {"keys": _each(keys, "{name}, "), "current_keys": _each(keys, "c.{name}, ")}
        texts: Dict[str, Any] = {
            "snapshot": compose(
                bodies.SNAPSHOT,
                schema=schema,
                source=self.qualified("_src"),
                source_keys=_each(keys, "s.{name}, "),
                source_metrics=_columns("s", metrics),
                record_type=self.qualified("_history_record"),
                keys=after_each["keys"],
                current=tables["current"],
                transient=tables["transient"],
            ),
            "aggregate": compose(
                bodies.AGGREGATE,
                schema=schema,
                mins=self._extremes("min"),
                maxs=self._extremes("max"),
                minmax_type=self.qualified(self.minmax_suffix),
                group_keys=_each(keys, ", c.{name}"),
                current=tables["current"],
                history=tables["history"],
                **after_each,
            ),
            "purge": compose(bodies.PURGE, schema=schema, history=tables["history"]),
            "reset": compose(bodies.RESET, **tables),
            "unregister": compose(bodies.UNREGISTER, schema=schema, name=literal(self.definition.name)),
        }
        return [
            Function(
                self.name("_" + operation),
                (),
                "boolean" if operation == "unregister" else "void",
                texts[operation],
                "VOLATILE",
                self.archivist.search_path,
                self.comment,
                self.grantees.functions,
            )
            for operation in self.archivist.operations
        ]

    def _extremes(self, function: str) -> Any:
        values = [compose("{function}((c.record).ts)", function=raw(function))]
        values += [
            compose("{function}((c.record).{name})", function=raw(function), name=identifier(column.name))
            for column in self.minmax
        ]
        return joined(values)


def _index_key(column: Column) -> Any:
    """Keys of fixed length as they are; of others a hash, since a long one would not fit into an index page."""
    if column.type.fixed:
        return identifier(column.name)
    return compose("pg_catalog.hashtext({name}::text)", name=identifier(column.name))


def _columns(alias: str, columns: Sequence[Column]) -> Any:
    return joined(identifier(alias, column.name) for column in columns)


def _each(columns: Sequence[Column], text: str) -> Any:
    return joined((compose(text, name=identifier(column.name)) for column in columns), "")


def build_objects(
    definition: Definition,
    archivist: Archivist,
    server_kind: Sequence[str],
    monitoring_role: Optional[str],
    collector_role: Optional[str],
) -> List[Any]:
    """Return the objects of a definition, in an order in which they can be made.

    :param server_kind: any of C(remote), C(repository) and C(local)
    :param monitoring_role: who calls the source function of a remote
    :param collector_role: who takes snapshots on a repository that has no roles of PoWA's own
    """
    stores = REPOSITORY in server_kind or LOCAL in server_kind
    grantees = archivist.grantees(collector_role) if stores else Grantees({}, {}, ())
    builder = _Builder(definition, archivist, grantees)
    execute = set(grantees.functions)
    if REMOTE in server_kind and monitoring_role:
        execute.add(monitoring_role)
    source = builder.source(tuple(sorted(execute)))
    if not stores:
        return [source]
    return [*builder.types(), *builder.tables(), *builder.indexes(), source, *builder.operations()]
