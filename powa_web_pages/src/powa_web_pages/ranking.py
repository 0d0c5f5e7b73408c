# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which combinations of keys the graphs of a page name: the statement that ranks them, for all of its datasources."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional, Sequence

import psycopg2
from psycopg2.sql import SQL, Composable, Literal

from powa_web_pages import composed, sql
from powa_web_pages.composed import comma, identifier
from powa_web_pages.definitions import Datasource
from powa_web_pages.selection import Selection
from powa_web_pages.shown import RANGED, Shown, shown

LOG = logging.getLogger("tornado.application")
#: How many combinations of keys a graph names; powa-web has nine colours, and the last is for all others.
NAMED = 8
#: How long the message of an error in a graph may be.
_PROBLEM = 200


@dataclass(frozen=True)
class Line:
    """A combination of keys that a graph names.

    :param key: its hash
    :param label: its values
    """

    key: str
    label: str


@dataclass
class Ranked:
    """What a graph names.

    :param greatest: the greatest number of any line, or None if there is none
    :param problem: why it is not known, or an empty text
    """

    lines: List[Line] = field(default_factory=list)
    greatest: Optional[float] = None
    problem: str = ""


#: What is known of the graphs of a datasource, by the position of the metric.
Graphs = Dict[int, Ranked]


def together_or_alone(
    selections: Sequence[Selection], timeout: int, rank: Callable[[Sequence[Selection], int], List[Graphs]]
) -> List[Graphs]:
    """Return what graphs name: if that fails for all in one go, then each tries alone, and the others are shown.

    :param timeout: in milliseconds, which those that try alone share, so that they take no longer than all in one go
    :param rank: reads it for some of them, with a timeout
    """
    if not selections:
        return []
    try:
        return rank(selections, timeout)
    except psycopg2.Error as error:
        if len(selections) == 1:
            return [_unranked(selections[0], error)]
    end = time.monotonic() + timeout / 1000
    found: List[Graphs] = []
    for number, selection in enumerate(selections):
        # What one has not used, the others have.
        share = int((end - time.monotonic()) * 1000) // (len(selections) - number)
        found += together_or_alone([selection], max(1, share), rank)
    return found


def _unranked(selection: Selection, error: psycopg2.Error) -> Graphs:
    """Return graphs that name nothing but the problem."""
    LOG.error("The busiest keys of datasource %s cannot be read: %s", selection.datasource.name, error)
    message = (error.diag.message_primary or str(error)).strip()
    # It may quote a value.
    short = message if len(message) <= _PROBLEM else message[: _PROBLEM - 1] + "…"
    problem = "The busiest keys cannot be read: {0}".format(short)
    lines = [] if selection.datasource.keys else [Line("", problem)]
    return {position: Ranked(list(lines), problem=problem) for position in selection.positions}


def has_room(selection: Selection, graphs: Graphs) -> bool:
    """Return whether some of these graphs could name more lines."""
    return bool(selection.datasource.keys) and any(
        len(graph.lines) < NAMED and not graph.problem for graph in graphs.values()
    )


def complete(graphs: Graphs, ever: Graphs) -> None:
    """Let graphs with fewer lines than they could name have those of all of history, too.

    :param ever: what is known of the same graphs there
    """
    for position, graph in graphs.items():
        other = ever[position]
        there = {line.key for line in graph.lines}
        graph.lines += [line for line in other.lines if line.key not in there][: NAMED - len(graph.lines)]
        if graph.greatest is None:
            graph.greatest = other.greatest
        if not graph.lines:
            graph.problem = graph.problem or other.problem


def statement(selections: Sequence[Selection]) -> Composable:
    """Return the statement that ranks the combinations of keys of each selection, in one go."""
    ranked = [_ranked(number, selection) for number, selection in enumerate(selections)]
    return SQL(sql.ALL_BUSIEST).format(ranked=SQL(" UNION ALL ").join(ranked))


def _ranked(number: int, selection: Selection) -> Composable:
    datasource = selection.datasource
    how = [(position, shown(datasource.metrics[position])) for position in selection.positions]
    scores = [identifier("score{0}".format(position)) for position in selection.positions]
    ranks = [identifier("rank{0}".format(position)) for position in selection.positions]
    return SQL(sql.BUSIEST).format(
        number=Literal(number),
        scores_of_history=comma(
            composed.named(_history_score(datasource, position, each), "score{0}", position) for position, each in how
        ),
        scores_of_current=comma(_current_score(datasource, position, each) for position, each in how),
        totals=comma(
            SQL("{total}({score}) AS {score}").format(total=SQL("sum" if each.rate else "max"), score=score)
            for (_position, each), score in zip(how, scores)
        ),
        ranks=comma(SQL(sql.RANK).format(score=score, name=name) for score, name in zip(scores, ranks)),
        rank_columns=comma(ranks),
        score_columns=comma(scores),
        busiest=SQL(" OR ").join(SQL("{0} <= {1}").format(rank, Literal(NAMED)) for rank in ranks),
        **composed.tables(datasource),
        **composed.keys(datasource),
    )


def _history_score(datasource: Datasource, position: int, how: Shown) -> Composable:
    metric = datasource.metrics[position]
    if metric.type not in RANGED:
        return SQL("0::double precision")
    parts = {
        name: SQL("{0}::double precision").format(
            composed.number(how, SQL("(h.{0}).{1}").format(SQL(column), identifier(metric.name)))
        )
        for name, column in (("minimum", "mins_in_range"), ("maximum", "maxs_in_range"))
    }
    return SQL(sql.HISTORY_GROWTH if how.rate else sql.HISTORY_PEAK).format(**parts)


def _current_score(datasource: Datasource, position: int, how: Shown) -> Composable:
    if datasource.metrics[position].type not in RANGED:
        return SQL("0::double precision")
    value = SQL("{0}::double precision").format(composed.number(how, composed.current(datasource, position)))
    return SQL(sql.CURRENT_GROWTH if how.rate else sql.CURRENT_PEAK).format(value=value)
