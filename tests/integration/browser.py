# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""powa-web in a real browser: what somebody sees there, with powa-web 4 and 5. Screenshots go to .cache/screenshots."""

from __future__ import annotations

import shlex
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright
from powa_web import PowaWeb, inside
from servers import ROOT

LIMIT = 60_000  # ms
#: What powa-web 5 complains of when it changes the tab.
_OF_HIDDEN_TABS = "A negative value is not valid."
#: For so long a page asks for nothing if it has everything.
_QUIET, _PAUSE = 300, 50
_ALERTS = (
    ".v-snackbar:visible, .v-alert:visible, #messages .alert-box.alert:visible, #messages .alert-box.error:visible"
)
#: Entries of an open menu.
_ENTRIES = ".v-overlay--active .v-list-item-title, .f-dropdown li"
#: What powa-web asks of a server for its own widgets, even if the extension is not there.
_OF_POWA_WEB = "/metrics/"
#: Lines with more than one point, of powa-web 5 or 4.
_LINES = """() => [...document.querySelectorAll('path.line, .graph_container path')].filter(
    path => (path.getAttribute('d') || '').includes('L') && path.getBoundingClientRect().width > 0).length"""

#: Rows of powa-web 4 that have widgets with different heights; a row may be in another one.
_UNEVEN = """() => [...document.querySelectorAll('[data-equalizer]')].filter(row =>
    !row.querySelector('[data-equalizer]') && new Set([...row.querySelectorAll('[data-equalizer-watch]')]
    .filter(widget => widget.getClientRects().length).map(widget => widget.offsetHeight)).size > 1).length"""


class Page:
    """A page in the browser, of somebody who has logged in.

    :param errors: what the browser's console and JavaScript have complained of
    """

    def __init__(self, page: Any, powa_web: PowaWeb, powa: str) -> None:
        self._page, self._url, self._powa = page, powa_web.url, powa
        self.errors: List[str] = []
        self._under_way = 0
        page.on("request", lambda _request: self._count(1))
        page.on("requestfinished", lambda _request: self._count(-1))
        page.on("requestfailed", lambda _request: self._count(-1))
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.errors.append(error.stack or str(error)))
        page.on("dialog", lambda dialog: (self.errors.append("a script has run"), dialog.dismiss()))

    def _on_console(self, message: Any) -> None:
        url = message.location["url"]
        of_ours = url.startswith(self._url) and _OF_POWA_WEB not in url
        if message.type == "error" and of_ours and _OF_HIDDEN_TABS not in message.text:
            self.errors.append(message.text)

    def _count(self, requests: int) -> None:
        self._under_way += requests

    def open(self, path: str) -> None:
        """Open a page, and wait until it has loaded its data."""
        self._page.goto(self._url + path)
        self.settle()

    def settle(self) -> None:
        """Wait until all data has arrived that the page has asked for."""
        # Over a graph of powa-web 5 it would look for the nearest values in those that have none, and fail.
        self._page.mouse.move(1, 1)
        quiet = 0
        while quiet < _QUIET:
            self._page.wait_for_timeout(_PAUSE)
            quiet = 0 if self._under_way else quiet + _PAUSE

    def menu(self) -> List[str]:
        """Open the menu and return its entries."""
        if not self._page.locator(_ENTRIES).first.is_visible():
            self._page.locator("button.dropdown, .v-breadcrumbs .v-field").click()
        self._page.locator(_ENTRIES).first.wait_for()
        if self._powa == "4":
            return [text.strip() for text in self._page.locator(_ENTRIES).all_inner_texts()]
        found: List[str] = []
        # Only those are there that one has scrolled to.
        while True:
            shown = [text.strip() for text in self._page.locator(_ENTRIES).all_inner_texts()]
            new = [text for text in shown if text not in found]
            if not new:
                return found
            found += new
            self._page.locator(_ENTRIES).last.scroll_into_view_if_needed()
            self._page.wait_for_timeout(100)

    def choose(self, entry: str) -> None:
        """Choose an entry of the menu."""
        self.menu()
        before = self._page.url
        self._page.locator(_ENTRIES).get_by_text(entry, exact=True).click()
        self._page.wait_for_url(lambda url: url != before)
        self.settle()

    def tab(self, title: str) -> None:
        """Open a tab."""
        self._page.locator(".v-tab, .tab-title a").get_by_text(title, exact=True).click()
        self.settle()

    def tabs(self) -> List[str]:
        """Return the titles of all tabs."""
        return [text.strip() for text in self._page.locator(".v-tab, .tab-title a").all_text_contents()]

    def titles(self) -> List[str]:
        """Return the titles of the graphs and grids that are visible."""
        found = self._page.locator(".v-card-title:visible, h4.title:visible")
        return [text.strip() for text in found.all_inner_texts()]

    def cells(self) -> List[str]:
        """Return what is in the cells of the grids that are visible."""
        return [text.strip() for text in self._page.locator("td:visible").all_inner_texts()]

    def lines(self, least: int) -> int:
        """Return how many lines are drawn, once there are at least so many."""
        self._page.wait_for_function("least => ({0})() >= least".format(_LINES), arg=least)
        return int(self._page.evaluate(_LINES))

    def even(self) -> None:
        """Wait until the widgets of each row have the same height."""
        self._page.wait_for_function("() => ({0})() == 0".format(_UNEVEN))

    def follow(self, text: str) -> None:
        """Click on a link of a grid."""
        self._page.locator("td a:visible").get_by_text(text, exact=True).click()
        self.settle()

    @property
    def path(self) -> str:
        """The address of the page, without the server and the range."""
        return str(urlsplit(self._page.url).path)

    @property
    def alerts(self) -> List[str]:
        """What the page complains of."""
        return [text for text in self._page.locator(_ALERTS).all_inner_texts() if text.strip()]

    @property
    def overflow(self) -> int:
        """How many pixels of the page are beside the window."""
        return max(0, int(self._page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")))

    def shot(self, name: str) -> None:
        """Save what is seen."""
        folder = ROOT / ".cache" / "screenshots" / ("integration" + self._powa)
        folder.mkdir(parents=True, exist_ok=True)
        # The full page would be another size of the window, with which a graph of powa-web 5 without data fails.
        self._page.screenshot(path=folder / (name + ".png"))


@contextmanager
def browsing(powa_web: PowaWeb, container: str, powa: str) -> Iterator[Page]:
    """Run a browser in the network of a container, with the login of somebody."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        program = Path(folder) / "chromium"
        program.write_text(
            '#!/bin/sh\nexec {0} /usr/bin/chromium --no-sandbox "$@"\n'.format(shlex.join(inside(container)))
        )
        program.chmod(0o700)
        browser = playwright.chromium.launch(executable_path=program)
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        context.set_default_timeout(LIMIT)
        # powa-web 5 asks for fonts elsewhere, and a page has loaded only when the name servers have answered.
        context.route(lambda url: not url.startswith(powa_web.url), lambda route: route.abort())
        context.add_cookies(
            [{"name": cookie.name, "value": cookie.value or "", "url": powa_web.url} for cookie in powa_web.cookies]
        )
        yield Page(context.new_page(), powa_web, powa)
        browser.close()
