# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the rows of a page get their heights."""

from __future__ import annotations

from powa_web_pages.row_heights import with_later_heights


def test_a_page_gets_the_script_once_at_its_end():
    page = with_later_heights(b"<body><pre>SELECT '</body>'</pre></body>\n</html>")
    begin, script, end = page.partition(b"<script>")
    assert begin == b"<body><pre>SELECT '</body>'</pre>"
    assert script and end.endswith(b"</script>\n</body>\n</html>") and end.count(b"equalizer.reflow = ") == 1


def test_a_part_of_a_page_stays_as_it_is():
    assert with_later_heights(b"<p>text</p>") == b"<p>text</p>"
