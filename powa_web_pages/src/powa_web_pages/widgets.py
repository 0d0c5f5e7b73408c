# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The graphs and the grid of a datasource, in the form that powa-web's pages need."""

from __future__ import annotations

import math
from html import escape
from typing import Any, Dict, List, Mapping, Sequence

import powa
from powa.dashboards import Dashboard, Graph, Grid, Metric

from powa_web_pages.definitions import Datasource
from powa_web_pages.repository import Line, Point
from powa_web_pages.shown import shown

OTHERS = "others"
#: powa-web 4 writes texts into its pages without escaping them.
_ESCAPES = powa.__VERSION_NUM__[0] < 5


def text(value: str) -> str:
    """Return a text in a form that is safe in a widget: keys may be any text found on a server."""
    return escape(value) if _ESCAPES else value


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


def graph_group(datasource: Datasource, lines: Mapping[int, Sequence[Line]]) -> Group:
    """Return the group of a datasource's graphs, with a metric for each of their lines."""
    group = Group("graphs_" + datasource.name)
    for position, named in lines.items():
        metric = datasource.metrics[position]
        how = shown(metric)
        common = {"type": how.type, "desc": text(metric.description or datasource.description or how.title)}
        for line in named:
            group.add(metric_name(position, line.key), label=text(line.label), **common)
        if datasource.keys:
            group.add(metric_name(position, OTHERS), label="all others" if named else "no samples yet", **common)
    return group


def graphs(datasource: Datasource, lines: Mapping[int, Sequence[Line]], group: Group) -> List[List[Any]]:
    """Return the graphs, two in a row."""
    found = []
    for position in lines:
        metric = datasource.metrics[position]
        prefix = metric_name(position, "")
        found.append(
            Graph(
                title(shown(metric).title),
                metrics=[entry for entry in group.metrics if entry.name.startswith(prefix)],
                desc=text(metric.description or datasource.description),
            )
        )
    return [found[first : first + 2] for first in range(0, len(found), 2)]


def graph_rows(points: Sequence[Point], names: Sequence[str]) -> List[Dict[str, Any]]:
    """Return the rows of the graphs' data: powa-web 4 needs a value for each metric in each row, even if null."""
    rows: Dict[float, Dict[str, Any]] = {}
    for point in points:
        row = rows.setdefault(point.step, dict.fromkeys(names, None))
        row["ts"] = max(point.ts, row.get("ts", point.ts))
        row[metric_name(point.metric, point.line)] = point.value
    return [rows[step] for step in sorted(rows)]


def grid_group(datasource: Datasource) -> Group:
    """Return the group of the grid of a datasource's latest values."""
    group = Group("latest_" + datasource.name)
    for position, metric in enumerate(datasource.metrics):
        how = shown(metric)
        unit = " ({0})".format(metric.unit) if metric.unit and how.value_type == "number" else ""
        group.add("v{0}".format(position), label=text(metric.title + unit), type=how.value_type)
        if how.rate:
            group.add("r{0}".format(position), label=text(how.title), type=how.type)
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
            row["v{0}".format(position)] = _written(values[2 * position])
            if shown(metric).rate:
                row["r{0}".format(position)] = _written(values[2 * position + 1])
        rows.append(row)
    return rows


def _written(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    # JSON has no infinite numbers, and powa-web 4 writes all digits.
    return round(value, 3) if math.isfinite(value) else None


def dashboard(datasource: Datasource, rows: List[List[Any]]) -> Any:
    """Return a page or tab."""
    return Dashboard(title(datasource.title), rows)
