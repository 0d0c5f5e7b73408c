# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a repository has: its declared datasources, and their samples of one server."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from psycopg2.sql import SQL, Composable, Identifier, Literal

from powa_web_pages import sql
from powa_web_pages.definitions import MARK, Datasource, datasource_of
from powa_web_pages.shown import RANGED, Shown, shown


def identifier(*names: str) -> Composable:
    """Return a name for a statement with bound values, where a bare percent sign would begin a parameter."""
    return Identifier(*(name.replace("%", "%%") for name in names))


#: How many combinations of keys a graph names; powa-web has nine colours, and the last is for all others.
NAMED = 8
#: How many points a line has. No graph is wider.
STEPS = 300
#: With more samples than this, only one of each row that PoWA has aggregated is read, if a line has enough rows.
MANY_SAMPLES = 250_000
ENOUGH_ROWS = 60


@dataclass(frozen=True)
class Range:
    """A range of time, as PostgreSQL reads it."""

    since: str
    until: str


@dataclass(frozen=True)
class Line:
    """A combination of keys that a graph names.

    :param key: its hash
    :param label: its values
    """

    key: str
    label: str


@dataclass(frozen=True)
class Point:
    """A value of a graph.

    :param ts: seconds since 1970
    :param metric: position in the datasource
    :param line: hash of the keys, or C(others)
    """

    step: float
    ts: float
    metric: int
    line: str
    value: float


class Repository:
    """Reads one server's part of a repository.

    :param cursor: one that C(connection.reading) gives
    :param server: the server's number in C(powa_servers)
    """

    def __init__(self, cursor: Any, server: int) -> None:
        self._cursor = cursor
        self._server = server

    def datasources(self) -> List[Datasource]:
        """Return the datasources of the server, including those of which it has only history."""
        self._cursor.execute(SQL(sql.POWA))
        found = self._cursor.fetchone()
        if found is None or found[1] not in sql.REGISTERED:
            return []
        schema, major = found
        registered = SQL(sql.REGISTERED[major]).format(schema=identifier(schema))
        self._execute(SQL(sql.DEFINITIONS).format(registered=registered), mark=MARK + "%")
        active, others = [], []
        for comment, is_registered in self._cursor.fetchall():
            datasource = datasource_of(schema, comment)
            if datasource is not None:
                (active if is_registered else others).append(datasource)
        if others:
            asked = [SQL(sql.COLLECTED).format(name=Literal(entry.name), **_tables(entry)) for entry in others]
            self._execute(SQL(" UNION ALL ").join(asked))
            collected = {name for (name,) in self._cursor.fetchall()}
            active += [entry for entry in others if entry.name in collected]
        return sorted(active, key=lambda entry: entry.title.lower())

    def datasource(self, name: str) -> Optional[Datasource]:
        """Return the datasource of that name, or None."""
        return next((entry for entry in self.datasources() if entry.name == name), None)

    def busiest(self, datasource: Datasource, within: Range) -> Dict[int, List[Line]]:
        """Return the lines that the graph of each metric should name, by the metric's position."""
        graphs = _graphs(datasource)
        if not datasource.keys:
            return {position: [Line("", datasource.metrics[position].title)] for position, _how in graphs}
        if not graphs:
            return {}
        found = self._ranked(datasource, graphs, within)
        if any(len(lines) < NAMED for lines in found.values()):
            # Somebody who looks at a quiet hour may move on to a busy one.
            ever = self._ranked(datasource, graphs, Range("-infinity", "infinity"))
            for position, lines in found.items():
                there = {line.key for line in lines}
                lines += [line for line in ever[position] if line.key not in there][: NAMED - len(lines)]
        return found

    def _ranked(self, datasource: Datasource, graphs: "Graphs", within: Range) -> Dict[int, List[Line]]:
        ranks = [identifier("rank{0}".format(position)) for position, _how in graphs]
        self._execute(
            SQL(sql.BUSIEST).format(
                **_tables(datasource),
                **_keys(datasource),
                scores_of_history=_comma(
                    _named(_history_score(datasource, position, how), "score{0}", position) for position, how in graphs
                ),
                scores_of_current=_comma(_current_score(datasource, position, how) for position, how in graphs),
                totals=_comma(
                    SQL("{total}({score}) AS {score}").format(
                        total=SQL("sum" if how.rate else "max"), score=identifier("score{0}".format(position))
                    )
                    for position, how in graphs
                ),
                ranks=_comma(
                    SQL(sql.RANK).format(
                        score=identifier("score{0}".format(position)), name=identifier("rank{0}".format(position))
                    )
                    for position, _how in graphs
                ),
                rank_columns=_comma(ranks),
                busiest=SQL(" OR ").join(SQL("{0} <= {1}").format(rank, Literal(NAMED)) for rank in ranks),
            ),
            within,
        )
        found: Dict[int, List[Line]] = {position: [] for position, _how in graphs}
        for key, names, *positions in self._cursor.fetchall():
            line = Line(key, label(datasource, names))
            for (position, _how), rank in zip(graphs, positions):
                if rank <= NAMED:
                    found[position].append(line)
        return found

    def series(self, datasource: Datasource, named: Mapping[int, Sequence[str]], within: Range) -> List[Point]:
        """Return the points of all graphs of a datasource.

        :param named: the hashes of the keys that each graph names; all others are summed
        """
        graphs = _graphs(datasource)
        if not graphs:
            return []
        pairs = [(position, key) for position, keys in named.items() for key in keys]
        values = []
        for position, how in graphs:
            number = _number(how, SQL("p.{0}").format(identifier("value{0}".format(position))))
            text = sql.COUNTER if how.rate else sql.GAUGE
            values.append(_named(SQL(text).format(number=number, factor=Literal(how.factor)), "value{0}", position))
        names = [(position, identifier("value{0}".format(position))) for position, _how in graphs]
        samples, every = self._samples(datasource, graphs, within)
        self._execute(
            SQL(sql.SERIES).format(
                samples=samples,
                current_values=_comma(_current(datasource, position) for position, _how in graphs),
                values=_comma(values),
                metrics=_comma(SQL("({0}, v.{1})").format(Literal(position), name) for position, name in names),
                **_tables(datasource),
                **_keys(datasource),
            ),
            within,
            step=self._step(within),
            every=every,
            named_metrics=[position for position, _key in pairs],
            named_keys=[key for _position, key in pairs],
        )
        return [Point(*row) for row in self._cursor.fetchall()]

    def _step(self, within: Range) -> float:
        self._execute(SQL("SELECT pg_catalog.date_part('epoch', %(to)s::timestamptz - %(from)s::timestamptz)"), within)
        (seconds,) = self._cursor.fetchone()
        return max(1.0, float(math.ceil(seconds / STEPS)))

    def _samples(self, datasource: Datasource, graphs: "Graphs", within: Range) -> Tuple[Composable, int]:
        """Return the query of the samples in history, and of how many samples of a row it should read one."""
        self._execute(
            SQL(sql.EXTENT).format(**_tables(datasource)),
            within,
            schema=datasource.schema,
            record=datasource.table("_history_record"),
        )
        attributes, rows, ends, samples_of_row = self._cursor.fetchone()
        last = rows * samples_of_row > MANY_SAMPLES and ends >= ENOUGH_ROWS
        row = SQL("(h.r).{0}") if last else SQL("r.{0}")
        query = SQL(sql.LAST_SAMPLES if last else sql.SAMPLES).format(
            history_values=_comma(
                _named(row.format(identifier(datasource.metrics[position].name)), "value{0}", position)
                for position, _how in graphs
            ),
            attributes=_comma(identifier(attribute) for attribute in attributes),
            **_tables(datasource),
            **_keys(datasource),
        )
        return query, max(1, ends * samples_of_row // (2 * STEPS))

    def latest(self, datasource: Datasource, within: Range) -> List[Tuple[Any, ...]]:
        """Return the last sample of each combination of keys.

        :returns: for each, the values of the keys, the time, and the value and rate of each metric, or None
        """
        values: List[Composable] = []
        columns: List[Composable] = []
        for position, metric in enumerate(datasource.metrics):
            how = shown(metric)
            value = SQL("p.{0}").format(identifier("value{0}".format(position)))
            factor = Literal(how.factor)
            number = None if how.number is None else _number(how, value)
            plain = (
                SQL("{0}::text").format(value)
                if number is None
                else SQL(sql.GAUGE).format(number=number, factor=factor)
            )
            rate = SQL(sql.COUNTER).format(number=number, factor=factor) if how.rate else SQL("NULL")
            values += [_named(plain, "plain{0}", position), _named(rate, "rate{0}", position)]
            columns += [identifier("plain{0}".format(position)), identifier("rate{0}".format(position))]
        positions = range(len(datasource.metrics))
        self._execute(
            SQL(sql.LATEST).format(
                history_values=_comma(
                    _named(SQL("r.{0}").format(identifier(datasource.metrics[position].name)), "value{0}", position)
                    for position in positions
                ),
                current_values=_comma(_current(datasource, position) for position in positions),
                values=_comma(values),
                columns=_comma(columns),
                **_tables(datasource),
                **_keys(datasource),
            ),
            within,
        )
        return [tuple(row) for row in self._cursor.fetchall()]

    def _execute(self, statement: Composable, within: Optional[Range] = None, **values: Any) -> None:
        if within is not None:
            values.update({"from": within.since, "to": within.until})
        self._cursor.execute(statement, dict(values, server=self._server))


#: The metrics that have a graph, each with its position in the datasource.
Graphs = List[Tuple[int, Shown]]


def _graphs(datasource: Datasource) -> Graphs:
    found = ((position, shown(metric)) for position, metric in enumerate(datasource.metrics))
    return [(position, how) for position, how in found if how.number is not None]


def label(datasource: Datasource, names: Sequence[Optional[str]]) -> str:
    """Return a combination of keys as one text."""
    if len(names) == 1:
        return "(none)" if names[0] is None else names[0] or "(empty)"
    texts = [name for name in names if name]
    return ", ".join(texts) or "(none)"


def _tables(datasource: Datasource) -> Dict[str, Composable]:
    return {
        "history": identifier(datasource.schema, datasource.table("_history")),
        "current": identifier(datasource.schema, datasource.table("_history_current")),
        "range": SQL(sql.RANGE),
    }


def _keys(datasource: Datasource) -> Dict[str, Composable]:
    found: Dict[str, Composable] = {}
    for name, row in (("history", SQL("h")), ("current", SQL("c"))):
        columns = [SQL("{0}.{1}").format(row, identifier(key.name)) for key in datasource.keys]
        found["key_of_" + name] = SQL(sql.KEY).format(values=_comma(columns)) if columns else SQL(sql.NO_KEY)
        values = [
            SQL(sql.DATABASE_VALUE if (key.name, key.type) == ("dbid", "oid") else sql.PLAIN_VALUE).format(
                row=row, column=identifier(key.name), schema=identifier(datasource.schema)
            )
            for key in datasource.keys
        ]
        found["values_of_" + name] = SQL(sql.KEY_VALUES).format(values=_comma(values))
    return found


def _current(datasource: Datasource, position: int) -> Composable:
    return SQL("(c.record).{0}").format(identifier(datasource.metrics[position].name))


def _number(how: Shown, value: Composable) -> Composable:
    assert how.number is not None
    return SQL(how.number).format(value=value)


def _history_score(datasource: Datasource, position: int, how: Shown) -> Composable:
    metric = datasource.metrics[position]
    if metric.type not in RANGED:
        return SQL("0::double precision")
    parts = {
        name: SQL("{0}::double precision").format(
            _number(how, SQL("(h.{0}).{1}").format(SQL(column), identifier(metric.name)))
        )
        for name, column in (("minimum", "mins_in_range"), ("maximum", "maxs_in_range"))
    }
    return SQL(sql.HISTORY_GROWTH if how.rate else sql.HISTORY_PEAK).format(**parts)


def _current_score(datasource: Datasource, position: int, how: Shown) -> Composable:
    if datasource.metrics[position].type not in RANGED:
        return SQL("0::double precision")
    value = SQL("{0}::double precision").format(_number(how, _current(datasource, position)))
    return SQL(sql.CURRENT_GROWTH if how.rate else sql.CURRENT_PEAK).format(value=value)


def _named(value: Composable, name: str, position: int) -> Composable:
    return SQL("{0} AS {1}").format(value, identifier(name.format(position)))


def _comma(parts: Any) -> Composable:
    return SQL(", ").join(parts)
