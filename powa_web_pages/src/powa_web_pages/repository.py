# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a repository has: its declared datasources, and their samples of one server."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, List, Mapping, Optional, Sequence, Tuple

import psycopg2
from psycopg2.sql import SQL, Composable, Literal

from powa_web_pages import composed, sql
from powa_web_pages.composed import comma, identifier
from powa_web_pages.definitions import MARK, Datasource, datasource_of
from powa_web_pages.graph_lines import GraphLines
from powa_web_pages.ranking import NAMED, Graphs, Line, Ranked, statement
from powa_web_pages.selection import Selection
from powa_web_pages.shown import USUAL_LENGTH, is_length, is_number, shown

#: How many points a line has. No graph is wider.
STEPS = 300
#: How much of the value of a key a legend has. The grid of the latest values has all of it.
LONGEST_NAME = 40
#: With more samples than this, only one of each row that PoWA has aggregated is read, if a line has enough rows.
MANY_SAMPLES = 250_000
ENOUGH_ROWS = 60


@dataclass(frozen=True)
class Range:
    """A range of time, as PostgreSQL reads it."""

    since: str
    until: str


#: All of history.
EVER = Range("-infinity", "infinity")


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

    def datasources(self, name: Optional[str] = None) -> List[Datasource]:
        """Return the datasources of the server, or the one of that name, including those with nothing but history."""
        self._cursor.execute(SQL(sql.POWA))
        found = self._cursor.fetchone()
        if found is None or found[1] not in sql.REGISTERED:
            return []
        schema, major = found
        registered = SQL(sql.REGISTERED[major]).format(schema=identifier(schema))
        snapshot = None if name is None else "powa_{0}_snapshot".format(name)
        self._execute(SQL(sql.DEFINITIONS).format(registered=registered), mark=MARK + "%", snapshot=snapshot)
        active, others = [], []
        for function, comment, is_registered in self._cursor.fetchall():
            datasource = datasource_of(schema, comment)
            # Only the tables of that name have been looked at.
            if datasource is not None and function == datasource.table("_snapshot"):
                (active if is_registered else others).append(datasource)
        if others:
            asked = [SQL(sql.COLLECTED).format(name=Literal(entry.name), **composed.tables(entry)) for entry in others]
            self._execute(SQL(" UNION ALL ").join(asked))
            collected = {name for (name,) in self._cursor.fetchall()}
            active += [entry for entry in others if entry.name in collected]
        return sorted(active, key=lambda entry: entry.title.lower())

    def datasource(self, name: str) -> Optional[Datasource]:
        """Return the datasource of that name, or None."""
        return next((entry for entry in self.datasources(name) if entry.name == name), None)

    def busiest(self, selections: Sequence[Selection], within: Range) -> List[Graphs]:
        """Return for each selection the lines that its graphs should name, by the position of the metric."""
        found: List[Graphs] = [{position: Ranked() for position in selection.positions} for selection in selections]
        asked = [number for number, selection in enumerate(selections) if _has_ranks(selection)]
        if asked:
            self._execute(statement([selections[number] for number in asked]), within)
            for number, key, names, ranks, scores in self._cursor.fetchall():
                datasource = selections[asked[number]].datasource
                line = Line(key, label(datasource, names))
                for graph, rank, score in zip(found[asked[number]].values(), ranks, scores):
                    if rank <= NAMED:
                        graph.lines.append(line)
                    if score is not None and math.isfinite(score):
                        graph.greatest = score if graph.greatest is None else max(score, graph.greatest)
        for selection, graphs in zip(selections, found):
            for position, graph in graphs.items():
                if not selection.datasource.keys:
                    graph.lines = [Line("", selection.datasource.metrics[position].title)]
        return found

    def series(self, datasource: Datasource, graphs: Mapping[int, GraphLines], within: Range) -> List[Point]:
        """Return the points of graphs of a datasource.

        :param graphs: what they show, by the position of the metric
        """
        numbers = [
            (position, shown(metric, graphs[position].length))
            for position, metric in enumerate(datasource.metrics)
            if position in graphs and is_number(metric)
        ]
        if not numbers:
            return []
        pairs = [(position, key) for position, _how in numbers for key in graphs[position].keys]
        values = []
        for position, how in numbers:
            number = composed.number(how, SQL("p.{0}").format(identifier("value{0}".format(position))))
            text = sql.COUNTER if how.rate else sql.GAUGE
            values.append(
                composed.named(SQL(text).format(number=number, factor=Literal(how.drawn.factor)), "value{0}", position)
            )
        names = [(position, identifier("value{0}".format(position))) for position, _how in numbers]
        samples, every = self._samples(datasource, [position for position, _how in numbers], within)
        self._execute(
            SQL(sql.SERIES).format(
                samples=samples,
                current_values=comma(composed.current(datasource, position) for position, _how in numbers),
                values=comma(values),
                metrics=comma(SQL("({0}, v.{1})").format(Literal(position), name) for position, name in names),
                **composed.tables(datasource),
                **composed.keys(datasource),
            ),
            within,
            step=self._step(within),
            every=every,
            named_metrics=[position for position, _key in pairs],
            named_keys=[key for _position, key in pairs],
        )
        return [Point(*row) for row in self._cursor.fetchall()]

    def ends(self, within: Range) -> Tuple[float, float]:
        """Return both ends of a range, in seconds since 1970.

        :raises ValueError: if it is no range of time
        """
        try:
            self._execute(SQL(sql.ENDS), within)
        except psycopg2.DataError as error:
            raise ValueError(str(error)) from error
        since, until = self._cursor.fetchone()
        if not -math.inf < since <= until < math.inf:
            raise ValueError("{0} to {1} is no range of time".format(within.since, within.until))
        return since, until

    def _step(self, within: Range) -> float:
        since, until = self.ends(within)
        return max(1.0, float(math.ceil((until - since) / STEPS)))

    def _samples(self, datasource: Datasource, positions: Sequence[int], within: Range) -> Tuple[Composable, int]:
        """Return the query of the samples in history, and of how many samples of a row it should read one."""
        self._execute(
            SQL(sql.EXTENT).format(**composed.tables(datasource)),
            within,
            schema=datasource.schema,
            record=datasource.table("_history_record"),
        )
        attributes, rows, ends, samples_of_row = self._cursor.fetchone()
        last = rows * samples_of_row > MANY_SAMPLES and ends >= ENOUGH_ROWS
        row = SQL("(h.r).{0}") if last else SQL("r.{0}")
        query = SQL(sql.LAST_SAMPLES if last else sql.SAMPLES).format(
            history_values=comma(
                composed.named(row.format(identifier(datasource.metrics[position].name)), "value{0}", position)
                for position in positions
            ),
            attributes=comma(identifier(attribute) for attribute in attributes),
            **composed.tables(datasource),
            **composed.keys(datasource),
        )
        return query, max(1, ends * samples_of_row // (2 * STEPS))

    def latest(
        self, datasource: Datasource, within: Range, lengths: Optional[Mapping[int, str]] = None
    ) -> List[Tuple[Any, ...]]:
        """Return the last sample of each combination of keys.

        :param lengths: the units of lengths of time, by the position of the metric
        :returns: for each, the values of the keys, the time, and the value and rate of each metric, or None
        """
        values: List[Composable] = []
        columns: List[Composable] = []
        for position, metric in enumerate(datasource.metrics):
            how = shown(metric, (lengths or {}).get(position, USUAL_LENGTH))
            value = SQL("p.{0}").format(identifier("value{0}".format(position)))
            number = None if how.number is None else composed.number(how, value)
            plain = (
                SQL("{0}::text").format(value)
                if number is None
                else SQL(sql.GAUGE).format(number=number, factor=Literal(how.value.factor))
            )
            rate = (
                SQL("NULL")
                if how.growth is None
                else SQL(sql.COUNTER).format(number=number, factor=Literal(how.growth.factor))
            )
            values += [composed.named(plain, "plain{0}", position), composed.named(rate, "rate{0}", position)]
            columns += [identifier("plain{0}".format(position)), identifier("rate{0}".format(position))]
        positions = range(len(datasource.metrics))
        self._execute(
            SQL(sql.LATEST).format(
                history_values=comma(
                    composed.named(
                        SQL("r.{0}").format(identifier(datasource.metrics[position].name)), "value{0}", position
                    )
                    for position in positions
                ),
                current_values=comma(composed.current(datasource, position) for position in positions),
                values=comma(values),
                columns=comma(columns),
                **composed.tables(datasource),
                **composed.keys(datasource),
            ),
            within,
        )
        return [tuple(row) for row in self._cursor.fetchall()]

    def _execute(self, statement: Composable, within: Optional[Range] = None, **values: Any) -> None:
        if within is not None:
            values.update({"from": within.since, "to": within.until})
        self._cursor.execute(statement, dict(values, server=self._server))


def _has_ranks(selection: Selection) -> bool:
    """Return whether the database knows something about its graphs that the page needs."""
    metrics = selection.datasource.metrics
    return bool(selection.positions) and (
        bool(selection.datasource.keys) or any(is_length(metrics[position]) for position in selection.positions)
    )


def label(datasource: Datasource, names: Sequence[Optional[str]]) -> str:
    """Return a combination of keys as one text."""
    if len(names) == 1:
        return "(none)" if names[0] is None else _shortened(names[0]) or "(empty)"
    texts = [_shortened(name) for name in names if name]
    return ", ".join(texts) or "(none)"


def _shortened(name: str) -> str:
    # A legend with the texts of queries would cover the graph.
    name = " ".join(name.split())
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"
