# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a legend shows a line whose keys are longer than its graph is wide.

powa-web 4 makes the page wider than the window then.
"""

from __future__ import annotations

_STYLE = b"<style>.rickshaw_legend .line .label { white-space: normal; overflow-wrap: anywhere; }</style>\n"


def with_wrapped_legends(page: bytes) -> bytes:
    """Return a page of powa-web 4 whose legends go on in the next line."""
    head, end, body = page.partition(b"</head>")
    return head + _STYLE + end + body if end else page
