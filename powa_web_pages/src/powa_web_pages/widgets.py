# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Graphs and grids, in the form that powa-web's pages need."""

from __future__ import annotations

import math
from html import escape
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Tuple

import powa
from powa.dashboards import Dashboard, Graph, Grid, Metric

from powa_web_pages.definitions import Datasource
from powa_web_pages.graph_lines import GraphLines
from powa_web_pages.ranking import Ranked
from powa_web_pages.repository import Point
from powa_web_pages.shown import USUAL_LENGTH, Form, shown

OTHERS = "others"
_IS_5 = powa.__VERSION_NUM__[0] >= 5
#: powa-web 4 shows a graph without any rows as "No data", and nobody knows of what.
LACKS_TITLES = not _IS_5


def text(value: str) -> str:
    """Return a text in a form that is safe in a widget: keys may be any text found on a server."""
    # powa-web 4 writes texts into its pages without escaping them.
    return value if _IS_5 else escape(value)


def title(value: str) -> str:
    """Return the title of a widget, in which powa-web replaces parameters."""
    return text(value).replace("%", "%%")


class Group:
    """What powa-web calls a metric group: the data of some widgets.

    :param name: what widgets call it
    :param url_name: what C(reverse_url) of the page calls it
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.url_name = "declared_" + name
        self.metrics: List[Any] = []

    def add(self, name: str, **attributes: Any) -> Any:
        """Add a metric and return it."""
        metric = Metric(name, **attributes)
        metric.bind(self)
        self.metrics.append(metric)
        return metric

    def parameterized_json(self, handler: Any, **params: Any) -> Dict[str, Any]:
        """Return what the page tells the browser."""
        return {
            "type": "metric_group",
            "name": self.name,
            "xaxis": "ts",
            "axis_type": "time",
            "metrics": self.metrics,
        }


def metric_name(position: int, line: str) -> str:
    """Return the name of one line of one graph."""
    return "m{0}_{1}".format(position, line)


def graph_group(
    datasource: Datasource, number: int, ranked: Mapping[int, Ranked], graphs: Mapping[int, GraphLines]
) -> Group:
    """Return a group of a datasource's graphs, with a metric for each of their lines.

    :param number: of the group, since a datasource with many graphs has several
    """
    group = Group("graphs{0}_{1}".format(number, datasource.name))
    for position, graph in graphs.items():
        metric = datasource.metrics[position]
        form = shown(metric, graph.length).drawn
        lines = ranked[position].lines
        others = ranked[position].problem or ("all others" if lines else "no samples yet")
        common = {"type": form.type, "desc": text(metric.description or datasource.description or form.title)}
        for line in lines:
            group.add(metric_name(position, line.key), label=text(line.label), **common)
        if datasource.keys:
            group.add(metric_name(position, OTHERS), label=text(others), **common)
    return group


def graphs(datasource: Datasource, shapes: Mapping[int, GraphLines], group: Group, among_others: bool) -> List[Any]:
    """Return the graphs of a datasource.

    :param among_others: whether the page has other datasources, so that each title has to say which one it is
    """
    found = []
    for position, shape in shapes.items():
        metric = datasource.metrics[position]
        prefix = metric_name(position, "")
        own = shown(metric, shape.length).drawn.title
        named = among_others and not own.startswith(datasource.title)
        found.append(
            Graph(
                title("{0}: {1}".format(datasource.title, own) if named else own),
                metrics=[entry for entry in group.metrics if entry.name.startswith(prefix)],
                desc=text(metric.description or datasource.description),
            )
        )
    return found


def in_rows(widgets: Sequence[Any]) -> List[List[Any]]:
    """Return widgets as a page has them, two in a row."""
    return [list(widgets[first : first + 2]) for first in range(0, len(widgets), 2)]


def graph_rows(points: Sequence[Point], names: Sequence[str]) -> List[Dict[str, Any]]:
    """Return the rows of the graphs' data: powa-web 4 needs a value for each metric in each row, even if null."""
    rows: Dict[float, Dict[str, Any]] = {}
    for point in points:
        row = rows.setdefault(point.step, dict.fromkeys(names, None))
        row["ts"] = max(point.ts, row.get("ts", point.ts))
        row[metric_name(point.metric, point.line)] = point.value
    return [rows[step] for step in sorted(rows)]


def empty_rows(names: Sequence[str], moments: Iterable[float]) -> List[Dict[str, Any]]:
    """Return rows without values, with which a graph is empty and has its title."""
    return [dict(dict.fromkeys(names, None), ts=moment) for moment in moments]


def grid_group(datasource: Datasource, lengths: Mapping[int, str]) -> Group:
    """Return the group of the grid of a datasource's latest values.

    :param lengths: the units of lengths of time, by the position of the metric
    """
    group = Group("latest_" + datasource.name)
    for position, metric in enumerate(datasource.metrics):
        how = shown(metric, lengths.get(position, USUAL_LENGTH))
        group.add("v{0}".format(position), label=text(how.value.title), type=how.value.grid_type)
        if how.growth is not None:
            group.add("r{0}".format(position), label=text(how.growth.title), type=how.growth.grid_type)
    return group


def grid(datasource: Datasource, group: Group) -> Any:
    """Return the grid."""
    columns = [
        {"name": "k{0}".format(position), "label": text(key.name), "type": "string"}
        for position, key in enumerate(datasource.keys)
    ]
    columns.append({"name": "sampled", "label": "Sampled", "type": "string"})
    return Grid("Latest values", columns=columns, metrics=group.metrics)


def grid_rows(datasource: Datasource, latest: Sequence[Sequence[Any]]) -> List[Dict[str, Any]]:
    """Return the rows of the grid."""
    rows = []
    for names, sampled, *values in latest:
        row: Dict[str, Any] = {"k{0}".format(position): name or "" for position, name in enumerate(names)}
        row["sampled"] = row["ts"] = sampled
        for position, metric in enumerate(datasource.metrics):
            how = shown(metric)
            _put(row, "v{0}".format(position), values[2 * position], how.value)
            if how.growth is not None:
                _put(row, "r{0}".format(position), values[2 * position + 1], how.growth)
        rows.append(row)
    return rows


def _put(row: Dict[str, Any], name: str, value: Any, form: Form) -> None:
    written = _written(value)
    if written is not None:
        row[name] = written
    elif _IS_5 and form.grid_type == "size":
        # It writes a hyphen, and fails where nothing is.
        row[name] = 0


def links_group(name: str, label: str) -> Group:
    """Return the group of a grid of links.

    :param label: of the column with what is said of each
    """
    group = Group(name)
    group.add("about", label=label, type="string")
    return group


def links(heading: str, label: str, group: Group) -> Any:
    """Return a grid of links to other pages.

    :param label: of the column with the links
    """
    columns = [{"name": "title", "label": label, "type": "string", "url_attr": "url"}]
    return Grid(heading, columns=columns, metrics=group.metrics)


def links_rows(entries: Iterable[Tuple[str, str, str]]) -> List[Dict[str, Any]]:
    """Return the rows of a grid of links, which are given as their title, their address and what is said of them."""
    return [
        {"ts": number, "title": heading, "url": url, "about": about}
        for number, (heading, url, about) in enumerate(entries)
    ]


def _written(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    # JSON has no infinite numbers, and powa-web 4 writes all digits.
    return round(value, 3) if math.isfinite(value) else None


def dashboard(heading: str, rows: List[List[Any]]) -> Any:
    """Return a page or tab."""
    return Dashboard(title(heading), rows)
