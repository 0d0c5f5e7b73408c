# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page with the graphs that matter most of all declared datasources of a server.

They have a page of their own and are no tab of the server's page, since a tab that nobody opens costs as much: the page
has to know what its graphs name, and powa-web 4 reads the data of all tabs.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, List, Tuple

from powa_web_pages import menu, widgets
from powa_web_pages.declared_page import DeclaredPage
from powa_web_pages.handler import PageHandler, not_found
from powa_web_pages.selection import Selection, overview_graphs


class DeclaredOfServer(DeclaredPage):
    """The page."""

    base_url = r"/server/(\d+)/declared/overview/"
    params = ["server"]
    title = menu.OVERVIEW

    def contents(self: Any) -> Tuple[str, Callable[[], List[List[Any]]]]:
        selections = overview_graphs(self.sets)
        if not selections:
            raise not_found("No datasource of this server has a metric with overview: true, or you may not read any.")
        return menu.OVERVIEW, partial(_rows, self, selections)

    @classmethod
    def get_breadcrumb(cls, handler: Any, params: Any) -> List[Any]:
        server = params["server"]
        sets = [menu.entry_of_set(server, found) for found in handler.sets]
        return [menu.with_children(menu.entry_of_overview(server), "Sets", sets), *cls.above(handler, params)]


def _rows(handler: PageHandler, selections: List[Selection]) -> List[List[Any]]:
    return widgets.in_rows([graph for drawn in handler.draw(selections) for graph in drawn.graphs])
