# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pages of declared datasources have in common."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Callable, List, Tuple

from powa.config import ConfigChangesGlobal
from powa.dashboards import DashboardPage
from powa.server import ServerOverview as StockServerOverview

from powa_web_pages import widgets
from powa_web_pages.handler import PageHandler


class DeclaredPage(DashboardPage):
    """A page below powa-web's page of a server."""

    parent = StockServerOverview
    dashboard_handler_cls = PageHandler
    own_datasources: List[Any] = []
    # Without this, powa-web 5 draws nothing.
    timeline = ConfigChangesGlobal

    def contents(self) -> Tuple[str, Callable[[], List[List[Any]]]]:
        """Return the page's title, and what makes its rows of widgets."""
        raise NotImplementedError

    def dashboard(self: Any) -> Any:
        if getattr(self, "_dashboard", None) is None:
            heading, rows = self.contents()
            self._dashboard = widgets.dashboard(heading, rows() if self.has_contents else [])
        return self._dashboard

    @classmethod
    def above(cls, handler: Any, params: Any) -> List[Any]:
        """Return the entries of the menu that lead to the server and beyond."""
        found: List[Any] = StockServerOverview.get_breadcrumb(handler, OrderedDict(server=params["server"]))
        return found
