# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which sets there are, and which graphs pages have."""

from __future__ import annotations

import re

import pytest
from powa_web_pages.definitions import Datasource, Metric
from powa_web_pages.graph_lines import GraphLines
from powa_web_pages.selection import (
    OVERVIEW_GRAPHS,
    TAB_GRAPHS,
    Selection,
    all_graphs,
    overview_graphs,
    sets_of,
    tab_title,
    tabs_of,
)

from powa_web_pages import graph_lines

LONG = "x" * 60


def datasource(title, set_title="", metrics=1, overview=()):
    found = [Metric("m%d" % at, "bigint", True, "M", overview=at in overview) for at in range(metrics)]
    return Datasource("powa", title.lower(), title, "", (), tuple(found), set_title)


def test_sets_in_the_order_of_titles_and_others_last():
    found = sets_of([datasource("z", "b"), datasource("y"), datasource("A", "b"), datasource("x", "C")])
    assert [(entry.title, [each.title for each in entry.datasources]) for entry in found] == [
        ("b", ["A", "z"]),
        ("C", ["x"]),
        ("Other datasources", ["y"]),
    ]
    (alone,) = sets_of([datasource("y")])
    assert alone.title == "Datasources" and sets_of([]) == []


def test_any_title_of_a_set_has_an_address_of_its_own():
    titles = ["Locks", "locks", "a/b", "../x", "%s", "<b>", "ä", "others", "Other datasources", LONG]
    keys = {
        entry.title: entry.key for entry in sets_of([datasource("d", title) for title in titles] + [datasource("e")])
    }
    assert len(keys) == len(titles)
    assert all(re.fullmatch("[0-9a-z]+", key) for key in keys.values()) and len(set(keys.values())) == len(keys)


def test_an_overview_has_the_marked_graphs_and_not_too_many():
    text = Datasource("powa", "t", "T", "", (), (Metric("m", "text", False, "M", overview=True),))
    sets = sets_of([datasource("b", "S", 5, {1, 3}), datasource("a", "S", 2), datasource("c", "", 1, {0}), text])
    assert [(entry.datasource.name, entry.positions) for entry in overview_graphs(sets)] == [("b", (1, 3)), ("c", (0,))]
    many = sets_of([datasource("d%02d" % at, "S", 9, range(9)) for at in range(9)])
    assert sum(len(entry.positions) for entry in overview_graphs(many)) == OVERVIEW_GRAPHS
    assert overview_graphs(sets_of([datasource("a")])) == []


def test_a_large_set_has_tabs():
    graphs = [all_graphs(datasource("d%02d" % at, metrics=5)) for at in range(30)]
    tabs = tabs_of(graphs)
    assert [entry for tab in tabs for entry in tab] == graphs
    assert all(sum(len(entry.positions) for entry in tab) <= TAB_GRAPHS for tab in tabs) and len(tabs) == 8
    assert tab_title(tabs[0]) == "d00 – d03"
    # What one datasource has stays together.
    huge = all_graphs(datasource(LONG, metrics=TAB_GRAPHS + 1))
    assert tabs_of([graphs[0], huge, graphs[1]]) == [[graphs[0]], [huge], [graphs[1]]]
    assert len(tab_title([huge])) < len(LONG) and tabs_of([]) == []


def test_only_numbers_have_graphs():
    metrics = (Metric("a", "text", False, "A"), Metric("b", "interval", False, "B"))
    found = Datasource("powa", "d", "D", "", (), metrics)
    assert all_graphs(found) == Selection(found, (1,))


def test_graphs_in_an_address():
    graphs = {0: GraphLines(("1f0a", "9c2e"), "min"), 12: GraphLines(), 3: GraphLines(("",))}
    assert graph_lines.read(graph_lines.written(graphs)) == graphs
    assert re.fullmatch("[0-9a-z_-]*", graph_lines.written(graphs)) and graph_lines.read("") == {}


def test_many_graphs_have_several_addresses():
    graphs = {at: GraphLines(("0123456789",) * 8, "min") for at in range(3, 1600)}
    parts = list(graph_lines.in_addresses(graphs))
    assert {at: graph for part in parts for at, graph in part.items()} == graphs
    assert sum(map(len, parts)) == len(graphs) and max(len(graph_lines.written(part)) for part in parts) < 5000
    assert list(graph_lines.in_addresses({})) == []


@pytest.mark.parametrize("part", ["x", "0", "0-years", "a-s-1f", "_", "0-s_"])
def test_what_is_no_graph_in_an_address(part):
    with pytest.raises(ValueError):
        graph_lines.read(part)
