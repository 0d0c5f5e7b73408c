# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of one datasource of one server: a graph for each metric, and a grid of the latest values."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, List, Tuple

from powa_web_pages import graph_lines, menu, widgets
from powa_web_pages.declared_page import DeclaredPage
from powa_web_pages.definitions import Datasource
from powa_web_pages.graph_lines import GraphLines
from powa_web_pages.handler import PageHandler, not_found
from powa_web_pages.selection import all_graphs
from powa_web_pages.shown import USUAL_LENGTH


class DeclaredOverview(DeclaredPage):
    """The page."""

    base_url = r"/server/(\d+)/declared/([a-z_][a-z0-9_]*)/overview/"
    params = ["server", "declared"]
    title = "%(declared)s"

    def contents(self: Any) -> Tuple[str, Callable[[], List[List[Any]]]]:
        datasource = next((entry for entry in self.declared if entry.name == self.path_args[1]), None)
        if datasource is None:
            raise not_found(
                "Datasource %s is not declared for this server, or you may not read it." % self.path_args[1]
            )
        return datasource.title, partial(_rows, self, datasource)

    @classmethod
    def get_breadcrumb(cls, handler: Any, params: Any) -> List[Any]:
        server, above = params["server"], cls.above(handler, params)
        for found in handler.sets:
            for datasource in found.datasources:
                if datasource.name == params["declared"]:
                    return [menu.entry_of_datasource(server, datasource), menu.entry_of_set(server, found), *above]
        return above


def _rows(handler: PageHandler, datasource: Datasource) -> List[List[Any]]:
    (drawn,) = handler.draw([all_graphs(datasource)], among_others=False)
    lengths = {position: shape.length for position, shape in drawn.shapes.items() if shape.length != USUAL_LENGTH}
    group = widgets.grid_group(datasource, lengths)
    units = {position: GraphLines(length=length) for position, length in lengths.items()}
    handler.add_group(group, "declared_latest", datasource.name, graph_lines.written(units))
    return [*widgets.in_rows(drawn.graphs), [widgets.grid(datasource, group)]]
