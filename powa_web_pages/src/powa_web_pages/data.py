# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of widgets: each request of the browser reads one datasource, so that no other can spoil it."""

from __future__ import annotations

from html import escape
from typing import Any, Callable, Dict, List, Optional

import psycopg2
from powa.framework import AuthHandler
from tornado.web import HTTPError

from powa_web_pages import graph_lines, menu, widgets
from powa_web_pages.connection import reading
from powa_web_pages.definitions import Datasource
from powa_web_pages.graph_lines import GraphLines
from powa_web_pages.ranking import LOG
from powa_web_pages.repository import Range, Repository
from powa_web_pages.selection import overview_graphs, sets_of


class _Data(AuthHandler):
    def answer(self, subject: str, read: Callable[[Any], List[Any]]) -> None:
        """Answer with the rows, or with the problem in a form that powa-web shows.

        :param subject: what cannot be read if there is a problem
        :param read: returns the rows, with a cursor on the repository
        """
        rows: List[Any] = []
        problem: Optional[str] = None
        try:
            with reading(self) as cursor:
                rows = read(cursor)
        except LookupError as error:
            problem = str(error.args[0])
        except psycopg2.Error as error:
            LOG.error("%s cannot be read: %s", subject, error)
            problem = "{0} cannot be read: {1}".format(subject, error)
        answer: Dict[str, Any] = {"data": rows}
        if problem is not None:
            answer["messages"] = {"alert": [escape(problem)]}
        self.render_json(answer)


class _DatasourceData(_Data):
    def rows(
        self, repository: Repository, datasource: Datasource, within: Range, graphs: Dict[int, GraphLines]
    ) -> List[Any]:
        """Return the rows of the answer."""
        raise NotImplementedError

    def get(self, server: str, name: str, part: str) -> None:
        """Answer with the rows of a datasource."""
        within = Range(self.get_argument("from"), self.get_argument("to"))
        try:
            graphs = graph_lines.read(part)
        except ValueError as error:
            raise HTTPError(404, str(error).replace("%", "%%")) from error

        def read(cursor: Any) -> List[Any]:
            repository = Repository(cursor, int(server))
            try:
                repository.ends(within)
            except ValueError as error:
                raise HTTPError(400, str(error).replace("%", "%%")) from error
            datasource = repository.datasource(name)
            if datasource is None:
                raise LookupError("Datasource {0} is no longer declared for this server.".format(name))
            return self.rows(repository, datasource, within, graphs)

        self.answer("The history of datasource {0}".format(name), read)


class GraphData(_DatasourceData):
    """Answers with the points of graphs."""

    def rows(
        self, repository: Repository, datasource: Datasource, within: Range, graphs: Dict[int, GraphLines]
    ) -> List[Any]:
        known = {position: graph for position, graph in graphs.items() if position < len(datasource.metrics)}
        names = [widgets.metric_name(position, key) for position, graph in known.items() for key in graph.keys]
        if datasource.keys:
            names += [widgets.metric_name(position, widgets.OTHERS) for position in known]
        rows = widgets.graph_rows(repository.series(datasource, known, within), names)
        if not rows and widgets.LACKS_TITLES:
            return widgets.empty_rows(names, repository.ends(within))
        return rows


class LatestData(_DatasourceData):
    """Answers with the latest values."""

    def rows(
        self, repository: Repository, datasource: Datasource, within: Range, graphs: Dict[int, GraphLines]
    ) -> List[Any]:
        lengths = {position: graph.length for position, graph in graphs.items()}
        return widgets.grid_rows(datasource, repository.latest(datasource, within, lengths))


class SetsData(_Data):
    """Answers with the sets of a server."""

    def get(self, server: str) -> None:
        """Answer with a row for each set, and one for the overview before them."""

        def read(cursor: Any) -> List[Any]:
            sets = sets_of(Repository(cursor, int(server)).datasources())
            overview = [selection.datasource for selection in overview_graphs(sets)]
            entries = [(entry.title, (menu.SET_PAGE, server, entry.key), entry.datasources) for entry in sets]
            if overview:
                entries.insert(0, (menu.OVERVIEW, (menu.OVERVIEW_PAGE, server), overview))
            return widgets.links_rows(
                (title, self.reverse_url(*address), ", ".join(datasource.title for datasource in datasources))
                for title, address, datasources in entries
            )

        self.answer("The list of sets", read)


class DatasourcesData(_Data):
    """Answers with the datasources of a set."""

    def get(self, server: str, key: str) -> None:
        """Answer with a row for each datasource."""

        def read(cursor: Any) -> List[Any]:
            return widgets.links_rows(
                (
                    datasource.title,
                    self.reverse_url(menu.DATASOURCE_PAGE, server, datasource.name),
                    datasource.description,
                )
                for entry in sets_of(Repository(cursor, int(server)).datasources())
                if entry.key == key
                for datasource in entry.datasources
            )

        self.answer("The list of datasources", read)
