# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of one set of a server: the graphs of all its datasources, and links to their pages."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, List, Tuple

from powa.dashboards import TabContainer

from powa_web_pages import menu, widgets
from powa_web_pages.declared_page import DeclaredPage
from powa_web_pages.handler import PageHandler, not_found
from powa_web_pages.selection import DatasourceSet, all_graphs, tab_title, tabs_of


class DeclaredSet(DeclaredPage):
    """The page."""

    base_url = r"/server/(\d+)/set/([0-9a-z]+)/overview/"
    params = ["server", "set"]
    title = "%(set)s"

    def contents(self: Any) -> Tuple[str, Callable[[], List[List[Any]]]]:
        found = next((entry for entry in self.sets if entry.key == self.path_args[1]), None)
        if found is None:
            raise not_found("This server has no set of datasources with this address, or you may not read any.")
        return found.title, partial(_rows, self, found)

    @classmethod
    def get_breadcrumb(cls, handler: Any, params: Any) -> List[Any]:
        server = params["server"]
        return [
            *(
                menu.with_children(
                    menu.entry_of_set(server, found),
                    "Datasources",
                    (menu.entry_of_datasource(server, datasource) for datasource in found.datasources),
                )
                for found in handler.sets
                if found.key == params["set"]
            ),
            *cls.above(handler, params),
        ]


def _rows(handler: PageHandler, found: DatasourceSet) -> List[List[Any]]:
    selections = [all_graphs(datasource) for datasource in found.datasources]
    graphs = {selection.datasource.name: drawn.graphs for selection, drawn in zip(selections, handler.draw(selections))}
    tabs = [
        (tab_title(tab), widgets.in_rows([graph for entry in tab for graph in graphs[entry.datasource.name]]))
        for tab in tabs_of([selection for selection in selections if graphs[selection.datasource.name]])
    ]
    group = widgets.links_group("declared_datasources", "What it shows")
    handler.add_group(group, "declared_datasources", found.key)
    links = [widgets.links("Datasources", "Datasource", group)]
    if len(tabs) > 1:
        return [[TabContainer("", [widgets.dashboard(*tab) for tab in tabs])], links]
    return [*(row for _title, rows in tabs for row in rows), links]
