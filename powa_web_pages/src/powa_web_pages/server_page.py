# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""powa-web's page of a server, with the overview and sets of declared datasources in its menu and in a tab of links."""

from __future__ import annotations

from typing import Any, List

from powa.dashboards import TabContainer
from powa.server import ServerOverview as StockServerOverview

from powa_web_pages import menu, widgets
from powa_web_pages.handler import PageHandler
from powa_web_pages.selection import overview_graphs


class ServerOverview(StockServerOverview):
    """The page."""

    dashboard_handler_cls = PageHandler
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
            if tabs is not None and self.has_contents and self.declared:
                tabs.append(widgets.dashboard("Datasources", _rows(self)))
        return dashboard

    @classmethod
    def get_breadcrumb(cls, handler: Any, params: Any) -> List[Any]:
        own, *above = super().get_breadcrumb(handler, params)
        entries = [menu.entry_of_set(params["server"], entry) for entry in handler.sets]
        if overview_graphs(handler.sets):
            entries.insert(0, menu.entry_of_overview(params["server"]))
        if entries:
            menu.with_children(own, "Databases and sets", [*(own.children or ()), *entries])
        return [own, *above]


def _rows(handler: PageHandler) -> List[List[Any]]:
    group = widgets.links_group("declared_sets", "Its datasources")
    handler.add_group(group, "declared_sets")
    return [[widgets.links("Sets of datasources", "Set", group)]]
