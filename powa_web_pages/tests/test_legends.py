# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a legend shows what is longer than its graph is wide."""

from __future__ import annotations

from powa_web_pages.legends import with_wrapped_legends


def test_a_page_gets_the_style_once_at_the_end_of_its_head():
    page = with_wrapped_legends(b"<head><title>a</title></head><body>'</head>'</body>")
    begin, style, end = page.partition(b"<style>")
    assert begin == b"<head><title>a</title>"
    assert style and end.endswith(b"</style>\n</head><body>'</head>'</body>")


def test_a_part_of_a_page_stays_as_it_is():
    assert with_wrapped_legends(b"<p>text</p>") == b"<p>text</p>"
