# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a definition to the database objects that it needs on a kind of server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import (
    CLUSTER,
    DATABASE,
    Column,
    Definition,
    Query,
    definition_comment,
    mark,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.layout import Layout
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.objects import (
    SERVER_AND_RANGE,
    Function,
    Index,
    RecordType,
    Table,
    TableColumn,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.sample_query import cast_columns
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist, Grantees
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import functions as bodies

REMOTE = "remote"
REPOSITORY = "repository"
LOCAL = "local"

_TS = "timestamp with time zone"

#: How values of a counter become numbers that can be subtracted. Counters of other types have no rate.
_NUMBERS = {
    "smallint": "{value}::numeric",
    "integer": "{value}::numeric",
    "bigint": "{value}::numeric",
    "numeric": "{value}",
    "real": "{value}::double precision",
    "double precision": "{value}",
    "pg_lsn": "({value} - '0/0'::pg_catalog.pg_lsn)",
}


@dataclass(frozen=True)
class Side:
    """The side of a datasource that one server has.

    :param server_kind: any of C(remote), C(repository) and C(local)
    :param monitoring_role: who calls the source function of a remote
    :param collector_role: who takes snapshots on a repository that has no roles of PoWA's own
    """

    server_kind: Tuple[str, ...]
    monitoring_role: Optional[str]
    collector_role: Optional[str]

    @property
    def stores(self) -> bool:
        """Whether history is kept on this server."""
        return REPOSITORY in self.server_kind or LOCAL in self.server_kind

    @property
    def runs_queries(self) -> bool:
        """Whether the users' queries run on this server."""
        return REMOTE in self.server_kind or LOCAL in self.server_kind


def build_objects(
    definition: Definition,
    layout: Layout,
    archivist: Archivist,
    side: Side,
    search_path: Sequence[str],
    paused: Tuple[int, ...],
) -> List[Any]:
    """Return the objects of a definition, in an order in which they can be made.

    :param layout: the columns of its history
    :param search_path: quoted schemas where the query looks up names beside PoWA's
    :param paused: the servers that wait for their side of a change
    """
    grantees = archivist.grantees(side.collector_role) if side.stores else Grantees({}, {}, (), ())
    builder = _Builder(definition, layout, archivist, grantees, search_path)
    objects: List[Any] = []
    if side.stores:
        objects += [*builder.types(), *builder.tables(), *builder.indexes()]
    if definition.scope == CLUSTER:
        monitors = {side.monitoring_role} if REMOTE in side.server_kind and side.monitoring_role else set()
        execute = tuple(sorted(set(grantees.functions) | monitors))
        objects.append(builder.source(execute, paused))
        if definition.query_cleanup and side.runs_queries:
            objects.append(builder.cleanup(execute))
    if side.stores:
        objects += [*builder.operations(paused), *builder.readers()]
    return objects


def source_path(definition: Definition, archivist: Archivist, search_path: Sequence[str]) -> str:
    """Return where a query looks up names; as its owner, never where anybody may create objects.

    :param search_path: quoted schemas beside PoWA's
    """
    own = [] if definition.security_definer else [archivist.quoted_schema]
    return ", ".join(dict.fromkeys(["pg_catalog", *own, *search_path, "pg_temp"]))


class _Builder:
    """Builds the objects of one definition."""

    def __init__(
        self,
        definition: Definition,
        layout: Layout,
        archivist: Archivist,
        grantees: Grantees,
        search_path: Sequence[str],
    ) -> None:
        self.definition = definition
        self.layout = layout
        self.archivist = archivist
        self.grantees = grantees
        self.search_path = search_path
        self.comment = mark(definition.name)
        self.schema = identifier(archivist.schema)
        self.tables_by_use = {
            "transient": self.qualified("_src_tmp"),
            "current": self.qualified("_history_current"),
            "history": self.qualified("_history"),
        }

    def name(self, suffix: str) -> str:
        return object_name(self.definition.name, suffix)

    def qualified(self, suffix: str) -> Any:
        return identifier(self.archivist.schema, self.name(suffix))

    def type_text(self, suffix: str) -> str:
        return "{0}.{1}".format(self.archivist.quoted_schema, self.name(suffix))

    def types(self) -> List[RecordType]:
        return [
            self._record("_history_record", self.layout.metrics),
            self._record("_history_record_minmax", self.layout.minmax),
        ]

    def _record(self, suffix: str, metrics: Sequence[Column]) -> RecordType:
        attributes = [TableColumn("ts", _TS), *_typed(metrics)]
        return RecordType(self.name(suffix), tuple(attributes), self.comment)

    def tables(self) -> List[Table]:
        srvid, sampled = TableColumn("srvid", "integer", True), TableColumn("ts", _TS, True)
        now = [
            TableColumn(column.name, column.type.name, not column.nullable) for column in self.definition.stored_keys
        ]
        ever = [
            TableColumn(column.name, column.type.name, column.name not in self.layout.nullable)
            for column in self.layout.keys
        ]
        record = self.type_text("_history_record")
        minmax = self.type_text("_history_record_minmax")
        aggregated = [
            TableColumn("coalesce_range", "tstzrange", True),
            TableColumn("records", record + "[]", True),
            TableColumn("mins_in_range", minmax, True),
            TableColumn("maxs_in_range", minmax, True),
        ]
        transient = Table(
            name=self.name("_src_tmp"),
            columns=(srvid, sampled, *now, *_typed(self.definition.metrics)),
            unlogged=True,
            server_key=False,
            toast_target=False,
            main_columns=(),
            comment=self.comment,
            grants=self.grantees.transient,
        )
        current = Table(
            name=self.name("_history_current"),
            columns=(srvid, *ever, TableColumn("record", record, True)),
            unlogged=False,
            server_key=True,
            toast_target=False,
            main_columns=(),
            comment=self.comment,
            grants=self.grantees.history,
        )
        history = Table(
            name=self.name("_history"),
            columns=(srvid, *ever, *aggregated),
            unlogged=False,
            server_key=True,
            toast_target=True,
            main_columns=("mins_in_range", "maxs_in_range"),
            comment=self.comment,
            grants=self.grantees.history,
        )
        return [transient, current, history]

    def indexes(self) -> List[Index]:
        keys = self.layout.keys
        gist = [identifier("srvid"), *(_index_key(column) for column in keys), identifier("coalesce_range")]
        shape = ", ".join(column.type.name if column.type.fixed else "hash of " + column.type.name for column in keys)
        return [
            Index(
                self.name("_history_current_srvid"),
                self.name("_history_current"),
                "btree",
                1,
                self.comment,
                identifier("srvid"),
            ),
            Index(
                self.name("_history_ts"),
                self.name("_history"),
                "gist",
                len(gist),
                "{0}: keys ({1})".format(self.comment, shape),
                joined(gist),
            ),
        ]

    def source(self, execute: Tuple[str, ...], paused: Tuple[int, ...]) -> Function:
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
            transient=self.tables_by_use["transient"],
            branches=branches,
        )
        return Function(
            name=self.name("_src"),
            columns=(TableColumn("ts", _TS), *_typed(definition.columns)),
            returns="SETOF record",
            body=body,
            volatility="STABLE",
            search_path=source_path(self.definition, self.archivist, self.search_path),
            comment=definition_comment(definition, self.layout.kept(), paused),
            execute=execute,
            security_definer=definition.security_definer,
        )

    def _quoted(self, query: Query) -> Any:
        """Quote a query with dollars, so that it stays readable in the function."""
        return _dollar_quoted(
            compose(bodies.TIMED_SAMPLE, columns=cast_columns(self.definition.columns), query=raw(query.sql)),
            self.definition,
        )

    def cleanup(self, execute: Tuple[str, ...]) -> Function:
        """Return the function that the registry's query_cleanup calls: a text there may hold no brace."""
        cleanup = _dollar_quoted(raw(self.definition.query_cleanup or ""), self.definition)
        return Function(
            name=self.name("_cleanup"),
            columns=(),
            returns="void",
            body=compose(bodies.CLEANUP, cleanup=cleanup),
            volatility="VOLATILE",
            search_path=source_path(self.definition, self.archivist, self.search_path),
            comment=self.comment,
            execute=execute,
            security_definer=self.definition.security_definer,
        )

    def operations(self, paused: Tuple[int, ...]) -> List[Function]:
        texts = {
            "snapshot": self._snapshot(),
            "aggregate": self._aggregate(),
            "purge": compose(
                bodies.PURGE,
                schema=self.schema,
                history=self.tables_by_use["history"],
                retention=self.archivist.retention(self.definition.module, self.definition.scope == DATABASE),
            ),
            "reset": compose(bodies.RESET, **self.tables_by_use),
            "unregister": compose(bodies.UNREGISTER, schema=self.schema, name=literal(self.definition.module)),
        }
        holder = definition_comment(self.definition, self.layout.kept(), paused)
        return [
            Function(
                name=self.name("_" + operation),
                columns=(),
                returns="boolean" if operation == "unregister" else "void",
                body=texts[operation],
                volatility="VOLATILE",
                search_path=self.archivist.search_path,
                comment=holder if "_" + operation == self.definition.holder else self.comment,
                execute=self.grantees.functions,
            )
            for operation in self.archivist.operations
        ]

    def _snapshot(self) -> Any:
        definition = self.definition
        if definition.scope == DATABASE:
            samples = compose(bodies.SAMPLES_OF_TRANSIENT, **self.tables_by_use)
        else:
            samples = compose(bodies.SAMPLES_OF_SOURCE, source=self.qualified("_src"))
        values = [
            compose("NULL::{type}", type=raw(column.type.name))
            if column.name in self.layout.kept_metrics
            else identifier("s", column.name)
            for column in self.layout.metrics
        ]
        cleanup = raw("")
        if definition.query_cleanup:
            cleanup = compose(bodies.LOCAL_CLEANUP, function=self.qualified("_cleanup"))
        return compose(
            bodies.SNAPSHOT,
            schema=self.schema,
            keys=_each(definition.stored_keys, "{name}, "),
            sample_keys=_each(definition.stored_keys, "s.{name}, "),
            sample_metrics=joined(values),
            record_type=self.qualified("_history_record"),
            samples=samples,
            cleanup=cleanup,
            **self.tables_by_use,
        )

    def _aggregate(self) -> Any:
        keys = self.layout.keys
        return compose(
            bodies.AGGREGATE,
            schema=self.schema,
            keys=_each(keys, "{name}, "),
            current_keys=_each(keys, "c.{name}, "),
            group_keys=_each(keys, ", c.{name}"),
            mins=self._extremes("min"),
            maxs=self._extremes("max"),
            minmax_type=self.qualified("_history_record_minmax"),
            **self.tables_by_use,
        )

    def _extremes(self, function: str) -> Any:
        values = [compose("{function}((c.record).ts)", function=raw(function))]
        values += [
            compose("{function}((c.record).{name})", function=raw(function), name=identifier(column.name))
            for column in self.layout.minmax
        ]
        return joined(values)

    def readers(self) -> List[Function]:
        """Return the functions that read history back. Without a search_path the planner can look into them."""
        keys = self.layout.keys
        metrics = [column for column in self.layout.metrics if column.name not in {key.name for key in keys}]
        get = compose(
            bodies.GET,
            keys=_each(keys, "h.{name}, "),
            metrics=_columns("r", metrics),
            current_keys=_each(keys, "c.{name}, "),
            current_metrics=joined(compose("(c.record).{name}", name=identifier(column.name)) for column in metrics),
            **self.tables_by_use,
        )
        by_keys = compose("PARTITION BY {keys} ", keys=_columns("g", keys)) if keys else raw("")
        rate = compose(
            bodies.RATE,
            keys=_each(keys, "g.{name}, "),
            rates=joined(_rate(column) for column in metrics),
            get=self.qualified("_get"),
            by_keys=by_keys,
        )
        samples = (*_typed(keys), TableColumn("ts", _TS))
        rates = tuple(
            TableColumn(column.name, "double precision" if has_rate(column) else column.type.name) for column in metrics
        )
        return [
            Function(
                name=self.name(suffix),
                columns=columns,
                returns="SETOF record",
                body=body,
                volatility="STABLE",
                search_path=None,
                comment=self.comment,
                execute=self.grantees.readers,
                parameters=SERVER_AND_RANGE,
                language="sql",
            )
            for suffix, body, columns in (
                ("_get", get, (*samples, *_typed(metrics))),
                ("_rate", rate, (*samples, *rates)),
            )
        ]


def _typed(columns: Sequence[Column]) -> Tuple[TableColumn, ...]:
    return tuple(TableColumn(column.name, column.type.name) for column in columns)


def _dollar_quoted(text: Any, definition: Definition) -> Any:
    everything = str(definition.as_dict())
    tag = "query"
    while "${0}$".format(tag) in everything:
        tag += "_"
    quote = raw("${0}$".format(tag))
    return joined((quote, text, quote), "\n")


def _index_key(column: Column) -> Any:
    """Keys of fixed length as they are; of others a hash, since a long one would not fit into an index page."""
    if column.type.fixed:
        return identifier(column.name)
    return compose(column.type.hashed, name=identifier(column.name))


def has_rate(column: Column) -> bool:
    """Whether the function C(_rate) returns a metric per second."""
    return column.kind == "counter" and column.type.name in _NUMBERS


def _rate(column: Column) -> Any:
    value = identifier("g", column.name)
    if not has_rate(column):
        return value
    before = compose("pg_catalog.lag({value}) OVER w", value=value)
    number = _NUMBERS[column.type.name]
    return compose(
        bodies.RATE_OF_COUNTER,
        value=value,
        before=before,
        now=compose(number, value=value),
        then=compose(number, value=compose("({before})", before=before)),
    )


def _columns(alias: str, columns: Sequence[Column]) -> Any:
    return joined(identifier(alias, column.name) for column in columns)


def _each(columns: Sequence[Column], text: str) -> Any:
    return joined((compose(text, name=identifier(column.name)) for column in columns), "")
