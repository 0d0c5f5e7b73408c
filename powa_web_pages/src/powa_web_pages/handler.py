# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pages with declared datasources have in common: they are made of what the repository has at that time."""

from __future__ import annotations

from functools import partial
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence

import powa
import psycopg2
from powa.config import ConfigChangesGlobal
from powa.dashboards import DashboardHandler
from tornado.web import HTTPError

from powa_web_pages import graph_lines, widgets
from powa_web_pages.connection import reading
from powa_web_pages.definitions import Datasource
from powa_web_pages.graph_lines import GraphLines
from powa_web_pages.legends import with_wrapped_legends
from powa_web_pages.page_range import page_range
from powa_web_pages.ranking import LOG, Graphs, complete, has_room, together_or_alone
from powa_web_pages.repository import EVER, Range, Repository
from powa_web_pages.row_heights import with_later_heights
from powa_web_pages.selection import DatasourceSet, Selection, sets_of
from powa_web_pages.shown import is_length, length_for

#: In milliseconds, for each of two statements. With as much again for what tries alone, it is what nginx waits at most.
RANKING_TIMEOUT = 15_000


def not_found(sentence: str) -> HTTPError:
    """Return the error of a page that does not exist. Tornado shows the reason."""
    return HTTPError(404, sentence.replace("%", "%%"), reason=sentence)


class Drawn(NamedTuple):
    """The graphs of a datasource, and the lines and units that they have, by the position of the metric."""

    graphs: List[Any]
    shapes: Mapping[int, GraphLines]


class PageHandler(DashboardHandler):
    """Makes a page."""

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
                LOG.error("The declared datasources of server %s cannot be read: %s", self.path_args[0], error)
        return self._declared

    @property
    def sets(self) -> List[DatasourceSet]:
        """The sets of these datasources."""
        if not hasattr(self, "_sets"):
            self._sets = sets_of(self.declared)
        return self._sets

    @property
    def has_contents(self) -> bool:
        """Whether the answer has more than the page's title: of powa-web 5 the browser asks for the rest later."""
        return powa.__VERSION_NUM__[0] < 5 or self.request.headers.get("Content-Type") == "application/json"

    def render_string(self, template_name: str, **variables: Any) -> bytes:
        """Return a page."""
        page: bytes = super().render_string(template_name, **variables)
        return with_wrapped_legends(with_later_heights(page)) if powa.__VERSION_NUM__[0] < 5 else page

    def draw(self, selections: Sequence[Selection], among_others: bool = True) -> List[Drawn]:
        """Return the graphs of datasources, with a sentence where one cannot be read, and give the page their data.

        :param among_others: whether the page has other datasources
        """
        ranked = together_or_alone(selections, RANKING_TIMEOUT, partial(self._ranked, page_range(self.request)))
        quiet = [number for number, graphs in enumerate(ranked) if has_room(selections[number], graphs)]
        # Somebody who looks at a quiet hour may move on to a busy one. This reads much more than a page's range does,
        # so it must not cost what is known.
        asked = [selections[number] for number in quiet]
        for number, ever in zip(quiet, together_or_alone(asked, RANKING_TIMEOUT, partial(self._ranked, EVER))):
            complete(ranked[number], ever)
        return [self._draw(selection, graphs, among_others) for selection, graphs in zip(selections, ranked)]

    def _draw(self, selection: Selection, ranked: Graphs, among_others: bool) -> Drawn:
        shapes = _shapes(selection, ranked)
        graphs: List[Any] = []
        for number, some in enumerate(graph_lines.in_addresses(shapes)):
            group = widgets.graph_group(selection.datasource, number, ranked, some)
            self.add_group(group, "declared_graphs", selection.datasource.name, graph_lines.written(some))
            graphs += widgets.graphs(selection.datasource, some, group, among_others)
        return Drawn(graphs, shapes)

    def _ranked(self, within: Range, selections: Sequence[Selection], timeout: int) -> List[Graphs]:
        with reading(self, timeout) as cursor:
            return Repository(cursor, int(self.path_args[0])).busiest(selections, within)

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


def _shapes(selection: Selection, ranked: Graphs) -> Dict[int, GraphLines]:
    metrics = selection.datasource.metrics
    return {
        position: GraphLines(
            tuple(line.key for line in graph.lines),
            length_for(metrics[position], graph.greatest) if is_length(metrics[position]) else GraphLines().length,
        )
        for position, graph in ranked.items()
    }
