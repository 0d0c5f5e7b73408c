# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The history of a hand-written datasource, taken into that of the declared one: what is refused, planned and said.

Columns are matched by name. The hand-written tables stay as they are.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import first_line
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Hazard, Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.wanted import Wanted, with_names
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Column
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    HISTORY,
    MINMAX,
    RECORD,
    function_names,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.handwritten_history import (
    HandwrittenTable,
    Histories,
    HistoryColumn,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.parts import TIMESTAMP, kept_as
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.taken_history import (
    history_to_take,
    taken_histories,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import adopted_history as texts
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import reshape as savepoint

#: The columns that are neither keys nor metrics.
_SRVID, _TS = "srvid", "ts"


class _Taken(NamedTuple):
    """A table whose rows a datasource takes."""

    wanted: Wanted
    table: HandwrittenTable
    state: DatasourcesState

    def source(self, column: Column) -> Optional[HistoryColumn]:
        """Return the column that has the values of one of ours, or None."""
        if column.name in self.wanted.definition.adopt_history_without:
            return None
        return self.table.column(column.name)

    @property
    def columns(self) -> Tuple[Column, ...]:
        """Our keys and metrics."""
        return (*self.wanted.layout.keys, *self.wanted.layout.metrics)

    def value(self, column: HistoryColumn) -> Any:
        """Return SQL for the value of a column of theirs."""
        if not column.in_record:
            return identifier("h", column.name)
        if self.table.many:
            return identifier("r", column.name)
        return compose("(h.{record}).{name}", record=self._record, name=identifier(column.name))

    @property
    def _record(self) -> Any:
        return identifier(self.table.samples or "")

    def parts(self, name: Optional[str] = None) -> Dict[str, Any]:
        """Return what every statement that reads the samples needs.

        :param name: what the table is called when the statement runs, or None for now
        """
        table = identifier(self.table.schema, name or self.table.present_name or self.table.name)
        text = texts.SAMPLES_OF_RECORDS if self.table.many else texts.SAMPLES
        ts = self.table.column(_TS)
        moment = self.value(ts) if ts else raw("NULL")
        servers = identifier(self.state.archivist.schema, "powa_servers")
        return {
            "samples": compose(text, table=table, record=self._record),
            "ts": moment,
            "servers": servers,
            "usable": compose(texts.USABLE, ts=moment, servers=servers),
        }


def _histories(state: DatasourcesState) -> Histories:
    return state.histories or Histories()


def _taken(wanted: Sequence[Wanted], side: Side, state: DatasourcesState) -> Iterator[Tuple[str, _Taken]]:
    """Yield the tables whose rows the task takes, each with the beginning of a sentence about it."""
    for where, entry in with_names(wanted) if side.stores else ():
        name = history_to_take(entry.definition, state.archivist, state.catalog)
        before = taken_histories(entry.definition.name, state.catalog)
        for table in _histories(state).of(name) if name else ():
            if "{0}.{1}".format(table.schema, table.name) not in before:
                yield where + "adopt_history: ", _Taken(entry, table, state)


def refusals_of_histories(wanted: Sequence[Wanted], side: Side, state: DatasourcesState) -> List[str]:
    """Return why histories cannot be taken, as far as their columns show it."""
    problems = []
    for where, entry in with_names(wanted) if side.stores else ():
        name = history_to_take(entry.definition, state.archivist, state.catalog)
        if name and name not in _histories(state).tables:
            problems.append(
                "{0}adopt_history: this database has no table {1}: correct the name, or leave adopt_history out where"
                " there is no such history".format(where, ".".join(name))
            )
        elif name:
            problems += [where + problem for problem in _of_other_servers(entry, side, state)]
    for where, taken in _taken(wanted, side, state):
        of_table = _of_table(taken.table)
        problems += [where + problem for problem in of_table or [*_of_columns(taken), *_of_keys(taken)]]
    return problems


def _of_other_servers(wanted: Wanted, side: Side, state: DatasourcesState) -> List[str]:
    """Return which functions would go on writing to the history after it was copied."""
    definition = wanted.definition
    ours = function_names(definition.name)
    left = sorted(
        {
            row.function
            for row in state.catalog.registry
            if row.module == definition.module and row.function and row.function not in ours
            if not state.manages(row, side)
        }
    )
    if not left:
        return []
    return [
        "adopt_history: the rows of all servers are copied, but functions that may write further ones stay registered"
        " for servers that the task is not about ({0}): list both repository and local in server_kind, or unregister"
        " these functions".format(", ".join(left))
    ]


def _of_table(table: HandwrittenTable) -> List[str]:
    if table.refusal:
        return [table.refusal]
    found = {name: column for name in (_SRVID, _TS) for column in [table.column(name)] if column is not None}
    types = {name: column.type for name, column in found.items()}
    if types != {_SRVID: "integer", _TS: TIMESTAMP} or found[_SRVID].in_record:
        return [
            "{0} has the columns ({1}), expected srvid of type integer and ts of type {2}, or, as PoWA's own history"
            ' has them, srvid and a column "records" or "record" of a type with such a ts: give a table of one of'
            " these forms".format(table.identity, _listed(table), TIMESTAMP)
        ]
    return []


def _listed(table: HandwrittenTable) -> str:
    return ", ".join("{0} {1}".format(column.name, column.type) for column in table.columns)


def _of_columns(taken: _Taken) -> List[str]:
    problems = []
    known = {column.name for column in taken.columns} | {_SRVID, _TS}
    known |= set(taken.wanted.definition.adopt_history_without)
    others = sorted({column.name for column in taken.table.columns} - known)
    if others:
        problems.append(
            "{0} has columns that the datasource does not have ({1}): declare them, or list them in"
            " adopt_history_without, and their values stay behind in that table".format(
                taken.table.identity, ", ".join(others)
            )
        )
    for column in taken.columns:
        source = taken.source(column)
        if source is None:
            continue
        if not source.own:
            problems.append(
                'column "{0}" of {1} has the type {2}, which is not one of PostgreSQL\'s own, so reading it could run'
                " other people's code: change the type of the column, or list it in adopt_history_without".format(
                    source.name, taken.table.identity, source.type
                )
            )
        elif source.type != column.type.name and (source.type, column.type.name) not in _histories(taken.state).casts:
            problems.append(
                'column "{0}" of {1} has the type {2}, which PostgreSQL does not assign to {3}: declare another type,'
                " or list the column in adopt_history_without".format(
                    source.name, taken.table.identity, source.type, column.type.name
                )
            )
    return problems


def _of_keys(taken: _Taken) -> List[str]:
    problems = []
    for column in taken.wanted.layout.keys:
        source, identity = taken.source(column), taken.table.identity
        if source is None and column.name not in taken.wanted.layout.nullable:
            problems.append(
                'keys: "{0}" has no values in {1}, and must not be NULL: declare it as nullable'.format(
                    column.name, identity
                )
            )
        if source is not None and source.collation:
            problems.append(
                'column "{0}" of {1} has the collation "{2}", which treats different texts as equal, so keys would be'
                " mixed up: change the collation of the column".format(source.name, identity, source.collation)
            )
        if not column.type.sortable:
            problems.append(
                'keys: "{0}" has the type {1}, which cannot be sorted, so the rows of {2} cannot be grouped by it:'
                " declare the type text, or leave adopt_history out".format(column.name, column.type.name, identity)
            )
    return problems


def histories_that_do_not_fit(cursor: Any, wanted: Sequence[Wanted], side: Side, state: DatasourcesState) -> List[str]:
    """Return the columns whose values ours cannot hold; this reads the whole history."""
    problems = []
    for where, taken in _taken(wanted, side, state):
        for column in taken.columns:
            source = taken.source(column)
            if source is not None:
                problem = _misfit(cursor, taken, column, source)
                problems += [where + problem] if problem else []
    return problems


def _misfit(cursor: Any, taken: _Taken, column: Column, source: HistoryColumn) -> Optional[str]:
    parts = dict(taken.parts(), value=taken.value(source), type=kept_as(column.type.name))
    layout = taken.wanted.layout
    if column in layout.keys and column.name not in layout.nullable and not source.not_null:
        cursor.execute(compose(texts.LACKS_KEY, **parts))
        if cursor.fetchone()[0]:
            return (
                'column "{0}" of {1} is NULL in some rows, and the key of that name must not be: declare it as nullable'
            ).format(source.name, taken.table.identity)
    if source.type == column.type.name:
        return None
    cursor.execute(savepoint.SAVEPOINT)
    try:
        cursor.execute(compose(texts.CAST, **parts))
    except (driver.psycopg2.DataError, driver.psycopg2.ProgrammingError) as error:
        cursor.execute(savepoint.ROLLBACK)
        return (
            'column "{0}" of {1} has values that cannot become {2} ({3}): declare a type that holds them, or list the'
            " column in adopt_history_without"
        ).format(source.name, taken.table.identity, column.type.name, first_line(error))
    return None


def plan_histories(plan: Plan, wanted: Sequence[Wanted], side: Side, state: DatasourcesState) -> None:
    """Plan that the rows are taken, once all tables are as wanted."""
    for _where, taken in _taken(wanted, side, state):
        table, name = taken.table, taken.wanted.definition.name
        history = "{0}.{1}".format(state.archivist.schema, object_name(name, HISTORY))
        # To rename a table takes a lock that is held until the end.
        lock = "ACCESS EXCLUSIVE" if table.present_name else "SHARE"
        plan.add(
            "history of {0}".format(table.identity),
            "not in {0}".format(history),
            "\n".join(["also in {0}".format(history), *_pairs(taken)]),
            compose(texts.LOCK, table=identifier(table.schema, table.name)),
            _take(taken),
            hazards=[Hazard("read", table.identity, "its rows are copied to {0}".format(history), lock, table.size)],
        )


def _pairs(taken: _Taken) -> List[str]:
    lines = []
    for column in taken.columns:
        source = taken.source(column)
        lines.append("{0} {1} from {2}".format(column.name, column.type.name, source.type if source else "nothing"))
    return lines


def _take(taken: _Taken) -> Any:
    layout, schema, name = taken.wanted.layout, taken.state.archivist.schema, taken.wanted.definition.name
    keys = {column.name: "k{0}".format(position) for position, column in enumerate(layout.keys)}
    metrics = {column.name: "m{0}".format(position) for position, column in enumerate(layout.metrics)}
    columns = [
        compose(
            ", {value}::{type} AS {name}", value=_value(taken, column), type=kept_as(column.type.name), name=raw(alias)
        )
        for names, listed in ((keys, layout.keys), (metrics, layout.metrics))
        for column, alias in zip(listed, names.values())
    ]
    extremes = {
        function: joined(
            [
                compose(", pg_catalog.{function}(s.{name})", function=raw(function), name=raw(metrics[column.name]))
                for column in layout.minmax
            ],
            "",
        )
        for function in ("min", "max")
    }
    return compose(
        texts.TAKE,
        history=identifier(schema, object_name(name, HISTORY)),
        record_type=identifier(schema, object_name(name, RECORD)),
        minmax_type=identifier(schema, object_name(name, MINMAX)),
        keys=joined([compose("{name}, ", name=identifier(column.name)) for column in layout.keys], ""),
        sample_keys=_each("s.{name}, ", keys.values()),
        group_keys=_each(", s.{name}", keys.values()),
        metrics=_each(", s.{name}", metrics.values()),
        mins=extremes["min"],
        maxs=extremes["max"],
        part=raw(texts.PART_OF_RECORDS)
        if taken.table.many
        else compose(texts.PART, keys=_each(", f.{name}", keys.values())),
        columns=joined(columns, ""),
        **taken.parts(taken.table.name),
    )


def _each(text: str, names: Any) -> Any:
    return joined([compose(text, name=raw(name)) for name in names], "")


def _value(taken: _Taken, column: Column) -> Any:
    source = taken.source(column)
    return taken.value(source) if source else raw("NULL")


def what_stays_behind(cursor: Any, wanted: Sequence[Wanted], side: Side, state: DatasourcesState) -> List[str]:
    """Return warnings about the history that the task does not take; this reads the tables that it takes."""
    warnings = []
    for where, taken in _taken(wanted, side, state):
        cursor.execute(compose(texts.UNUSABLE, **taken.parts()))
        without_time, servers = cursor.fetchone()
        if without_time or servers:
            warnings.append(
                "{0}{1} samples without a time, and those of servers that are not registered ({2}), stay in {3}".format(
                    where, without_time, ", ".join(servers) or "none", taken.table.identity
                )
            )
    for where, entry in with_names(wanted) if side.stores else ():
        name = history_to_take(entry.definition, state.archivist, state.catalog)
        kept = {table.identity.split(" ", 1)[1] for table in _histories(state).of(name)} if name else set()
        left = [table for table in _histories(state).mentioned.get(entry.definition.name, ()) if table not in kept]
        if left:
            warnings.append(
                "{0}adopt: the history of the functions that it replaces stays where it is, in table {1}:"
                " to take it along, name the table of history in adopt_history".format(where, " and ".join(left))
            )
    return warnings
