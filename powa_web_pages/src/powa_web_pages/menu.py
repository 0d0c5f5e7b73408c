# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries of powa-web's menus that lead to a server's overview, to sets and to datasources."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Iterable, List

from powa.ui_modules import MenuEntry

from powa_web_pages.definitions import Datasource
from powa_web_pages.selection import DatasourceSet

#: The names that the addresses of the pages have.
OVERVIEW_PAGE = "DeclaredOfServer"
SET_PAGE = "DeclaredSet"
DATASOURCE_PAGE = "DeclaredOverview"

#: The title of the page with what matters most.
OVERVIEW = "Overview of datasources"


def entry_of_overview(server: str) -> Any:
    """Return the entry that leads to the graphs that matter most."""
    return MenuEntry(OVERVIEW, OVERVIEW_PAGE, OrderedDict(server=server))


def entry_of_set(server: str, entry: DatasourceSet) -> Any:
    """Return the entry that leads to a set."""
    return MenuEntry(entry.title, SET_PAGE, OrderedDict(server=server, set=entry.key))


def entry_of_datasource(server: str, datasource: Datasource) -> Any:
    """Return the entry that leads to a datasource."""
    return MenuEntry(datasource.title, DATASOURCE_PAGE, OrderedDict(server=server, declared=datasource.name))


def with_children(entry: Any, title: str, children: Iterable[Any]) -> Any:
    """Return an entry with a list of entries below it.

    :param title: of the list, with powa-web 5
    """
    found: List[Any] = list(children)
    entry.children_title, entry.children = title, found
    return entry
