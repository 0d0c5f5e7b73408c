# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Units from the names of metrics and their descriptions: other tools have them only there."""

from __future__ import annotations

import re
from typing import Sequence

#: By the last word of a name, the unit. pgwatch shortens bytes and seconds.
_UNITS = {
    **dict.fromkeys(("bytes", "b"), "bytes"),
    **dict.fromkeys(("seconds", "s"), "s"),
    **dict.fromkeys(("milliseconds", "ms"), "ms"),
    **dict.fromkeys(("percent", "percentage", "pct"), "%"),
    "ratio": "ratio",
}
#: What ends with a unit and is a moment, in seconds since 1970. PostgreSQL's total_vacuum_time is a duration.
_MOMENT = re.compile(
    r"""
    (?: ^ | _ )
    (?: timestamp | epoch
      | (?: first | last ) (?: _\w+ )? _time
      | (?: (?:re)? start | end | reset | boot | creation | checkpoint ) _time
      | (?<! total_ ) (?:auto)? (?: vacuum | analyze ) _time
    )
    _s (?:econds)? (?: _total )? $
    """,
    re.VERBOSE,
)
#: What a description says of the value, unless that is so many of them for each of something else.
_IN = re.compile(r"\bin (bytes|seconds|milliseconds|percent)\b(?!\s*(?:/|per\b|or\b|and\b))")
#: Where a description is of a moment, or of how often something happens.
_OF_SOMETHING_ELSE = re.compile(
    r"\b(?:epoch|unix\w*|timestamp|1970)\b"
    r"|\b(?:first|last|start|started)\b[^.,]*\btime\b"
    r"|\btime (?:when|at which|of (?:the )?(?:first|last|start))\b"
    r"|^\W*(?:(?:total|current)\s+)*(?:number|count) of\b"
)
#: Where it says so of the value itself, and a duration is never described so.
_SURELY_OF_MOMENT = re.compile(r"^\W*(?:the )?time (?:when|at which)\b|\bepoch\b|\bunix time")


def unit_of(name: str) -> str:
    """Return the unit of a metric, or an empty text if its name does not say."""
    before, separator, word = name.lower().rpartition("_")
    if word == "total" and separator:
        return unit_of(before)
    if is_moment(name) or (len(word) == 1 and not separator):
        return ""
    return _UNITS.get(word, "")


def is_moment(name: str) -> bool:
    """Return whether the name of a metric says that it is a time."""
    return bool(_MOMENT.search(name.lower()))


def describes_moment(description: str) -> bool:
    """Return whether a description leaves no doubt that the value is a time, whatever the metric is called."""
    return bool(_SURELY_OF_MOMENT.search(description.lower()))


def unit_in(description: str) -> str:
    """Return the unit that a description names, or an empty text unless it names one and means the value itself."""
    text = " ".join(description.lower().split())
    found = {_UNITS[word] for word in _IN.findall(text)}
    return found.pop() if len(found) == 1 and not _OF_SOMETHING_ELSE.search(text) else ""


def stated_unit(names: Sequence[str], described: str) -> str:
    """Return the unit that all names and the description agree on: those that name none do not count.

    :param described: what C(unit_in) finds in the description
    """
    if any(map(is_moment, names)):
        return ""
    found = {unit for unit in (*map(unit_of, names), described) if unit}
    return found.pop() if len(found) == 1 else ""
