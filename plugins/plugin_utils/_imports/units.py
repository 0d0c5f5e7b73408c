# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Units from the names of metrics: other tools have them only there."""

from __future__ import annotations

import re

#: By the last word of a name, the unit. pgwatch shortens bytes and seconds.
_UNITS = {
    **dict.fromkeys(("bytes", "b"), "bytes"),
    **dict.fromkeys(("seconds", "s"), "s"),
    **dict.fromkeys(("milliseconds", "ms"), "ms"),
    **dict.fromkeys(("percent", "percentage", "pct"), "%"),
    "ratio": "ratio",
}
#: What ends with a unit and is a moment, in seconds since 1970.
_MOMENT = re.compile(r"(?:^|_)(?:timestamp|time|epoch)_s(?:econds)?$")


def unit_of(name: str) -> str:
    """Return the unit of a metric, or an empty text if its name does not say."""
    before, separator, word = name.lower().rpartition("_")
    if word == "total" and separator:
        return unit_of(before)
    if _MOMENT.search(name.lower()) or (len(word) == 1 and not separator):
        return ""
    return _UNITS.get(word, "")
