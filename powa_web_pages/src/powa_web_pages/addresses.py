# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The addresses of all pages and of their data."""

from __future__ import annotations

from typing import Any, List, Tuple

from tornado.web import URLSpec

from powa_web_pages.data import DatasourcesData, GraphData, LatestData, SetsData
from powa_web_pages.datasource_page import DeclaredOverview
from powa_web_pages.login import LoginOfOnlyServer
from powa_web_pages.overview_page import DeclaredOfServer
from powa_web_pages.server_page import ServerOverview
from powa_web_pages.set_page import DeclaredSet


def url_specs(prefix: str) -> List[Any]:
    """Return the addresses.

    :param prefix: what all of them begin with
    """
    server = prefix + r"server/(\d+)/"
    datasource = server + r"declared/([a-z_][a-z0-9_]*)/"
    data: List[Tuple[str, Any, str]] = [
        (server + r"sets/", SetsData, "declared_sets"),
        (server + r"set/([0-9a-z]+)/datasources/", DatasourcesData, "declared_datasources"),
        (datasource + r"graphs/([0-9a-z_-]*)/", GraphData, "declared_graphs"),
        (datasource + r"latest/([0-9a-z_-]*)/", LatestData, "declared_latest"),
    ]
    return [
        URLSpec(prefix + r"login/", LoginOfOnlyServer, name="login"),
        *DeclaredOfServer.url_specs(prefix),
        *DeclaredOverview.url_specs(prefix),
        *DeclaredSet.url_specs(prefix),
        *ServerOverview.url_specs(prefix),
        *(URLSpec(pattern, handler, name=name) for pattern, handler, name in data),
    ]
