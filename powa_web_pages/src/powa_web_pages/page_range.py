# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The range of time of a page, which is a part of the page's address in the browser."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

from powa_web_pages.repository import Range

#: The range that powa-web shows first.
_FIRST = timedelta(hours=1)
_RELATIVE = re.compile(r"now(?:-([0-9]{1,6})([smhdwMQy]))?(?:/[smhdwMQy])?\Z")
_LENGTHS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "M": timedelta(days=31),
    "Q": timedelta(days=92),
    "y": timedelta(days=366),
}


def page_range(request: Any) -> Range:
    """Return the range of the page that a request is for, or the one that powa-web shows first.

    powa-web 5 requests the page's contents without it, but the browser sends the page's address as Referer.
    """
    asked = parse_qs(request.query) or parse_qs(urlsplit(request.headers.get("Referer", "")).query)
    now = datetime.now(timezone.utc)
    since = _moment(asked.get("from", [""])[0], now)
    until = _moment(asked.get("to", [""])[0], now)
    if since is None or until is None or since >= until:
        since, until = now - _FIRST, now
    return Range(since.isoformat(), until.isoformat())


def _moment(text: str, now: datetime) -> Any:
    relative = _RELATIVE.match(text)
    if relative:
        number, unit = relative.groups()
        try:
            return now - int(number) * _LENGTHS[unit] if number else now
        except OverflowError:
            return None
    try:
        # A plus sign that is not escaped reads as a space, and Python before 3.11 knows no Z.
        moment = datetime.fromisoformat(re.sub(r" ([0-9]{2}:?[0-9]{2})\Z", r"+\1", text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
