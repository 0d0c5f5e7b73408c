# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the rows of a page get their heights.

powa-web 4 gives them to all rows anew for each graph that it draws. With hundreds of graphs, that is more than half of
the time that it takes. So the rows get them once no graph was drawn for a moment.
"""

from __future__ import annotations

from pathlib import Path

_SCRIPT = b"<script>\n" + Path(__file__).with_suffix(".js").read_bytes() + b"</script>\n"


def with_later_heights(page: bytes) -> bytes:
    """Return a page of powa-web 4 whose rows get their heights once all graphs are drawn."""
    # Only the last one ends the page.
    before, end, after = page.rpartition(b"</body>")
    return before + (_SCRIPT if end else b"") + end + after
