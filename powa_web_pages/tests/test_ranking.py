# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What graphs name if some of them cannot be read."""

from __future__ import annotations

import psycopg2
import psycopg2.errors
import pytest
from powa_web_pages.definitions import Datasource, Key, Metric
from powa_web_pages.ranking import NAMED, Line, Ranked, complete, has_room, together_or_alone
from powa_web_pages.selection import all_graphs

from powa_web_pages import ranking

TIMEOUT = 1000


def selection(name, keys=()):
    keys = tuple(Key(key, "text") for key in keys)
    return all_graphs(Datasource("powa", name, name, "", keys, (Metric("m", "bigint", True, "M"),)))


class Reading:
    """Reads graphs, but not those of some datasources."""

    def __init__(self, *broken):
        self.broken, self.asked = broken, []

    def __call__(self, selections, timeout):
        self.asked.append((len(selections), timeout))
        if any(entry.datasource.name in self.broken for entry in selections):
            raise psycopg2.errors.QueryCanceled("canceling statement due to statement timeout\n")
        return [{0: Ranked([Line("k", entry.datasource.name)])} for entry in selections]


def labels(found):
    return [[line.label for line in graphs[0].lines] for graphs in found]


def test_all_of_them_in_one_go():
    rank = Reading()
    assert labels(together_or_alone([selection("a"), selection("b")], TIMEOUT, rank)) == [["a"], ["b"]]
    assert rank.asked == [(2, TIMEOUT)]
    assert together_or_alone([], TIMEOUT, rank) == [] and len(rank.asked) == 1


def test_one_that_cannot_be_read_says_so_and_spoils_nothing():
    rank = Reading("b", "c")
    found = together_or_alone([selection("a"), selection("b"), selection("c", ["k"])], TIMEOUT, rank)
    problem = "The busiest keys cannot be read: canceling statement due to statement timeout"
    # A graph with keys has a line for all of them, whose label is the problem.
    assert labels(found) == [["a"], [problem], []]
    assert [graphs[0].problem for graphs in found] == ["", problem, problem]


@pytest.mark.parametrize("broken", [["d0"], ["d0", "d1"], ["d59"], ["d%d" % at for at in range(60)]])
@pytest.mark.parametrize("number", [1, 2, 7, 60])
def test_trying_alone_takes_no_longer_than_all_in_one_go(monkeypatch, number, broken):
    now = [1000.0]
    monkeypatch.setattr(ranking.time, "monotonic", lambda: now[0])
    read = Reading(*broken)

    def rank(selections, timeout):
        now[0] += (timeout if selections[0].datasource.name in broken else 1) / 1000
        return read(selections, timeout)

    together_or_alone([selection("d%d" % at) for at in range(number)], TIMEOUT, rank)
    (asked, first), *alone = read.asked
    assert (asked, first) == (number, TIMEOUT) and len(alone) in (0, number)
    # A timeout of 0 would be none.
    assert now[0] - 1000.0 <= 2 * TIMEOUT / 1000 + 0.001 * number and all(timeout > 0 for _one, timeout in alone)
    if broken == ["d0"] and number == 60:
        # Those after it have what the quick ones before them have left.
        assert alone[0][1] < 20 and alone[-1][1] > TIMEOUT / 2


def test_a_long_message_is_cut():
    def rank(_selections, _timeout):
        raise psycopg2.errors.NumericValueOutOfRange('"1{0}" is out of range'.format("0" * 1000))

    (graphs,) = together_or_alone([selection("a", ["k"])], TIMEOUT, rank)
    assert len(graphs[0].problem) < 250 and graphs[0].problem.endswith("…")


def lines(*keys):
    return [Line(key, key) for key in keys]


def test_quiet_graphs_name_lines_of_all_of_history_too():
    graphs = {0: Ranked(lines("a", "b"), 5.0), 1: Ranked()}
    assert has_room(selection("x", ["k"]), graphs) and not has_room(selection("x"), graphs)
    more = lines(*"cbdefghij")
    complete(graphs, {0: Ranked(more, 9.0), 1: Ranked(more, 9.0)})
    assert [line.key for line in graphs[0].lines] == [*"abcdefgh"] and len(graphs[1].lines) == NAMED
    assert [graph.greatest for graph in graphs.values()] == [5.0, 9.0]
    assert not has_room(selection("x", ["k"]), graphs)


def test_what_is_known_outlives_a_problem_with_all_of_history():
    graphs = {0: Ranked(lines("a"), 5.0), 1: Ranked()}
    complete(graphs, {0: Ranked(problem="no"), 1: Ranked(problem="no")})
    assert graphs == {0: Ranked(lines("a"), 5.0), 1: Ranked(problem="no")}
