# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The times of module history_info as words, and as the ticks below a graph."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Dict, Iterator, List, Optional, Tuple

#: No more ticks than fit under a small graph with their labels.
_MOST_TICKS = 4
#: Tick labels nearer to an end would reach beyond it.
_EDGE = 9.0
_DAY = 86400
#: How many seconds, or months, there may be between two ticks.
_OF_A_DAY = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)
_LENGTHS = (*_OF_A_DAY, _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000)
_NAMES = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
#: Its ticks are at midnight, and weeks begin on its Mondays.
_MONDAY = datetime(2001, 1, 1)


def ticks(since: str, until: str) -> List[Dict[str, Any]]:
    """Return the round times between two, such as full hours: their place in percent (C(x)), and C(label).

    A label at the edge is empty. There are none where Python does not know the times.
    """
    begin, end = moment(since), moment(until)
    if begin is None or end is None or begin >= end:
        return []
    found = []
    for time, label in _round_times(begin, end):
        place = round(100 * ((time - begin) / (end - begin)), 1)
        found.append({"x": place, "label": label if _EDGE <= place <= 100 - _EDGE else ""})
    return found


def between(since: str, until: str) -> str:
    """Return a range in words, such as C(2026-03-01 12:00 to 12:14 UTC). Short ones have their seconds."""
    begin, end = moment(since), moment(until)
    if begin is None or end is None:
        return "{0} to {1} UTC".format(_plain(since), _plain(until))
    form = "%H:%M:%S" if (end - begin).total_seconds() < 120 else "%H:%M"
    last = form if begin.date() == end.date() else "%Y-%m-%d " + form
    return "{0} to {1} UTC".format(begin.strftime("%Y-%m-%d " + form), end.strftime(last))


def since_when(since: str, until: str) -> str:
    """Return the beginning of a range in words, such as C(2026-03-01 12:00 UTC), or without the date of its end."""
    begin, end = moment(since), moment(until)
    if begin is None or end is None:
        return "{0} UTC".format(_plain(since))
    return begin.strftime("%H:%M UTC" if begin.date() == end.date() else "%Y-%m-%d %H:%M UTC")


def moment(text: str) -> Optional[datetime]:
    """Return a time of the module, or None if Python does not go as far."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return None


def _plain(text: str) -> str:
    return text.replace("T", " ").replace("Z", "")


def _round_times(begin: datetime, end: datetime) -> Iterator[Tuple[datetime, str]]:
    seconds = (end - begin).total_seconds()
    length = next((each for each in _LENGTHS if seconds / each <= _MOST_TICKS), None)
    if length is None:
        yield from _round_months(begin, end)
        return
    distance = timedelta(seconds=length)
    for number in range(-((_MONDAY - begin) // distance), (end - _MONDAY) // distance + 1):
        time = _MONDAY + number * distance
        yield time, _label(time, length)


def _label(time: datetime, length: int) -> str:
    if length >= _DAY or (time.hour, time.minute, time.second) == (0, 0, 0):
        return "{0} {1}".format(time.day, _NAMES[time.month - 1])
    return time.strftime("%H:%M" if length >= 60 else "%H:%M:%S")


def _round_months(begin: datetime, end: datetime) -> Iterator[Tuple[datetime, str]]:
    first, last = begin.year * 12 + begin.month - 1, end.year * 12 + end.month - 1
    length = next((each for each in _MONTHS if (last - first) / each <= _MOST_TICKS), _MONTHS[-1])
    for month in range(-(-first // length) * length, last + 1, length):
        time = datetime(month // 12, month % 12 + 1, 1)
        if time >= begin:
            yield time, str(time.year) if length >= 12 else "{0} {1}".format(_NAMES[time.month - 1], time.year)
