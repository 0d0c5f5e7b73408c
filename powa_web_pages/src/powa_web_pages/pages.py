# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of declared datasources, and the server's page with a menu entry and a tab for each."""

from __future__ import annotations

import logging
from collections import OrderedDict
from html import escape
from typing import Any, Dict, List, Mapping, Optional, Tuple

import psycopg2
from powa.config import ConfigChangesGlobal
from powa.dashboards import DashboardHandler, DashboardPage, TabContainer
from powa.framework import AuthHandler
from powa.server import ServerOverview as StockServerOverview
from powa.ui_modules import MenuEntry
from tornado.web import HTTPError, URLSpec

from powa_web_pages import widgets
from powa_web_pages.connection import reading
from powa_web_pages.definitions import Datasource
from powa_web_pages.login import LoginOfOnlyServer
from powa_web_pages.page_range import page_range
from powa_web_pages.repository import Line, Range, Repository

_LOG = logging.getLogger("tornado.application")
#: Position of a graph to the lines that it names.
Lines = Mapping[int, List[Line]]


class _Handler(DashboardHandler):
    """Makes a page of what the repository has at the time of the request."""

    @property
    def declared(self) -> List[Datasource]:
        """The datasources of the page's server."""
        if not hasattr(self, "_declared"):
            self._declared: List[Datasource] = []
            try:
                with reading(self) as cursor:
                    self._declared = Repository(cursor, int(self.path_args[0])).datasources()
            except psycopg2.Error as error:
                # powa-web's own part of the page is useful without them.
                _LOG.error("The declared datasources of server %s cannot be read: %s", self.path_args[0], error)
        return self._declared

    def lines(self, datasources: List[Datasource]) -> List[Lines]:
        """Return the lines of the graphs of datasources, without those of a datasource that cannot be read."""
        within = page_range(self.request)
        found: List[Lines] = []
        for datasource in datasources:
            try:
                with reading(self) as cursor:
                    found.append(Repository(cursor, int(self.path_args[0])).busiest(datasource, within))
            except psycopg2.Error as error:
                _LOG.error("The history of datasource %s cannot be read: %s", datasource.name, error)
                found.append({})
        return found

    def add_group(self, group: widgets.Group, url_name: str, *arguments: str) -> None:
        """Give the page a source of data."""
        if not hasattr(self, "_groups"):
            self._groups: List[widgets.Group] = []
            self._group_urls: Dict[str, str] = {}
        self._groups.append(group)
        self._group_urls[group.url_name] = self.reverse_url(url_name, self.path_args[0], *arguments)

    @property
    def datasources(self) -> List[Any]:
        """The groups of the page: its own, then those of declared datasources."""
        self.dashboard()
        return [*self.own_datasources, *getattr(self, "_groups", ())]

    def reverse_url(self, name: str, *arguments: Any) -> str:
        """Return an address. Groups have their own, and changes of the configuration have the server's."""
        urls = getattr(self, "_group_urls", {})
        if name in urls:
            return urls[name]
        if name == ConfigChangesGlobal.url_name:
            arguments = arguments[:1]
        url: str = super().reverse_url(name, *arguments)
        return url


class DeclaredOverview(DashboardPage):
    """The page of one datasource of one server."""

    base_url = r"/server/(\d+)/declared/([a-z_][a-z0-9_]*)/overview/"
    params = ["server", "declared"]
    parent = StockServerOverview
    dashboard_handler_cls = _Handler
    own_datasources: List[Any] = []
    # Without this, powa-web 5 draws nothing.
    timeline = ConfigChangesGlobal
    title = "%(declared)s"

    def dashboard(self: Any) -> Any:
        if getattr(self, "_dashboard", None) is None:
            datasource = next((entry for entry in self.declared if entry.name == self.path_args[1]), None)
            if datasource is None:
                raise HTTPError(
                    404, "Datasource %s is not declared for this server, or you may not read it." % self.path_args[1]
                )
            (lines,) = self.lines([datasource])
            rows = _graphs(self, datasource, lines)
            group = widgets.grid_group(datasource)
            self.add_group(group, "declared_latest", datasource.name)
            self._dashboard = widgets.dashboard(datasource, [*rows, [widgets.grid(datasource, group)]])
        return self._dashboard

    @classmethod
    def get_breadcrumb(cls, handler: Any, params: Any) -> List[Any]:
        name = params["declared"]
        title = next((entry.title for entry in handler.declared if entry.name == name), name)
        server = OrderedDict(server=params["server"])
        return [MenuEntry(title, cls.__name__, params), *StockServerOverview.get_breadcrumb(handler, server)]


class ServerOverview(StockServerOverview):
    """powa-web's page of a server, with an entry in its menu and a tab for each datasource."""

    dashboard_handler_cls = _Handler
    own_datasources = StockServerOverview.datasources
    # Their addresses are powa-web's.
    datasources: List[Any] = []

    def dashboard(self: Any) -> Any:
        dashboard = super().dashboard()
        if not getattr(self, "_has_declared", False):
            self._has_declared = True
            tabs = next(
                (widget.tabs for row in dashboard.widgets for widget in row if isinstance(widget, TabContainer)), None
            )
            if tabs is not None:
                for datasource, lines in zip(self.declared, self.lines(self.declared)):
                    if lines:
                        tabs.append(widgets.dashboard(datasource, _graphs(self, datasource, lines)))
        return dashboard

    @classmethod
    def get_childmenu(cls, handler: Any, params: Any) -> List[Any]:
        entries = [
            MenuEntry(
                datasource.title,
                DeclaredOverview.__name__,
                OrderedDict(server=params["server"], declared=datasource.name),
            )
            for datasource in getattr(handler, "declared", ())
        ]
        return [*(super().get_childmenu(handler, params) or ()), *entries]


def _graphs(handler: _Handler, datasource: Datasource, lines: Lines) -> List[List[Any]]:
    group = widgets.graph_group(datasource, lines)
    handler.add_group(group, "declared_graphs", datasource.name, _named(lines))
    return widgets.graphs(datasource, lines, group)


def _named(lines: Lines) -> str:
    """Return the lines that graphs name as a part of an address, such as C(0-1f0a-9c2e_1-1f0a)."""
    return "_".join("-".join([str(position), *(line.key for line in named)]) for position, named in lines.items())


def _named_of(part: str) -> Dict[int, List[str]]:
    graphs = (graph.split("-") for graph in part.split("_") if graph)
    return {int(position): keys for position, *keys in graphs}


class _Data(AuthHandler):
    """Answers with the data of widgets."""

    def rows(self, repository: Repository, datasource: Datasource, within: Range, *arguments: str) -> List[Any]:
        """Return the rows of the answer."""
        raise NotImplementedError

    def get(self, server: str, name: str, *arguments: str) -> None:
        """Answer with the rows, or with the problem in a form that powa-web shows."""
        within = Range(self.get_argument("from"), self.get_argument("to"))
        rows: List[Any] = []
        problem: Optional[str] = None
        try:
            with reading(self) as cursor:
                repository = Repository(cursor, int(server))
                datasource = repository.datasource(name)
                if datasource is None:
                    problem = "Datasource {0} is no longer declared for this server.".format(name)
                else:
                    rows = self.rows(repository, datasource, within, *arguments)
        except psycopg2.errors.DataError as error:
            raise HTTPError(400, str(error).replace("%", "%%")) from error
        except psycopg2.Error as error:
            _LOG.error("The history of datasource %s cannot be read: %s", name, error)
            problem = "The history of datasource {0} cannot be read: {1}".format(name, error)
        answer: Dict[str, Any] = {"data": rows}
        if problem is not None:
            answer["messages"] = {"alert": [escape(problem)]}
        self.render_json(answer)


class _GraphData(_Data):
    def rows(self, repository: Repository, datasource: Datasource, within: Range, *arguments: str) -> List[Any]:
        named = _named_of(arguments[0])
        known = {position: keys for position, keys in named.items() if position < len(datasource.metrics)}
        names = [widgets.metric_name(position, key) for position, keys in known.items() for key in keys]
        if datasource.keys:
            names += [widgets.metric_name(position, widgets.OTHERS) for position in known]
        return widgets.graph_rows(repository.series(datasource, known, within), names)


class _LatestData(_Data):
    def rows(self, repository: Repository, datasource: Datasource, within: Range, *arguments: str) -> List[Any]:
        return widgets.grid_rows(datasource, repository.latest(datasource, within))


def url_specs(prefix: str) -> List[Any]:
    """Return the addresses of all pages and of their data."""
    base = prefix + r"server/(\d+)/declared/([a-z_][a-z0-9_]*)/"
    data: List[Tuple[str, Any, str]] = [
        (base + r"graphs/([0-9a-f_-]*)/", _GraphData, "declared_graphs"),
        (base + r"latest/", _LatestData, "declared_latest"),
    ]
    return [
        URLSpec(prefix + r"login/", LoginOfOnlyServer, name="login"),
        *DeclaredOverview.url_specs(prefix),
        *ServerOverview.url_specs(prefix),
        *(URLSpec(pattern, handler, name=name) for pattern, handler, name in data),
    ]
