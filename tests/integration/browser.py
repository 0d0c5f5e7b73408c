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
_ALERTS = (
    ".v-snackbar:visible, .v-alert:visible, #messages .alert-box.alert:visible, #messages .alert-box.error:visible"
)
#: Lines with more than one point, of powa-web 5 or 4.
_LINES = """() => [...document.querySelectorAll('path.line, .graph_container path')].filter(
    path => (path.getAttribute('d') || '').includes('L') && path.getBoundingClientRect().width > 0).length"""


class Page:
    """A page in the browser, of somebody who has logged in.

    :param errors: what the browser's console and JavaScript have complained of
    """

    def __init__(self, page: Any, powa_web: PowaWeb, powa: str) -> None:
        self._page, self._url, self._powa = page, powa_web.url, powa
        self.errors: List[str] = []
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: (self.errors.append("a script has run"), dialog.dismiss()))

    def open(self, path: str) -> None:
        """Open a page, and wait until it has loaded its data."""
        self._page.goto(self._url + path)
        self.settle()

    def settle(self) -> None:
        """Wait until all data has arrived."""
        self._page.wait_for_load_state("networkidle")

    def menu(self) -> List[str]:
        """Return the entries of the menu, of powa-web 5 without those that one has to scroll to."""
        if self._powa == "4":
            return [text.strip() for text in self._page.locator(".f-dropdown li a").all_text_contents()]
        self._page.locator(".v-breadcrumbs .v-field").click()
        entries = self._page.locator(".v-overlay .v-list-item-title")
        entries.first.wait_for()
        return [text.strip() for text in entries.all_text_contents()]

    def choose(self, entry: str) -> None:
        """Choose an entry of the menu."""
        if self._powa == "4":
            self._page.locator("button.dropdown").click()
            self._page.locator(".f-dropdown li a").get_by_text(entry, exact=True).click()
        else:
            field = self._page.locator(".v-breadcrumbs .v-field")
            field.click()
            field.locator("input").press_sequentially(entry)
            self._page.locator(".v-overlay .v-list-item-title").get_by_text(entry, exact=True).click()
        self._page.wait_for_url("**/overview/*")
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
        found = self._page.locator(".v-card-title:visible, .v-toolbar-title:visible, .widget .title:visible")
        return [text.strip() for text in found.all_inner_texts()]

    def cells(self) -> List[str]:
        """Return what is in the cells of the grids that are visible."""
        return [text.strip() for text in self._page.locator("td:visible").all_inner_texts()]

    def lines(self, least: int) -> int:
        """Return how many lines are drawn, once there are at least so many."""
        self._page.wait_for_function("least => ({0})() >= least".format(_LINES), arg=least)
        return int(self._page.evaluate(_LINES))

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

    def shot(self, name: str) -> None:
        """Save what is seen."""
        folder = ROOT / ".cache" / "screenshots" / ("integration" + self._powa)
        folder.mkdir(parents=True, exist_ok=True)
        self._page.screenshot(path=folder / (name + ".png"), full_page=True)


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
        context.add_cookies(
            [{"name": cookie.name, "value": cookie.value or "", "url": powa_web.url} for cookie in powa_web.cookies]
        )
        yield Page(context.new_page(), powa_web, powa)
        browser.close()
