# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of module history_info as paths of an SVG."""

from __future__ import annotations

from statistics import median_low
from typing import Any, Dict, List, Mapping, Optional, Sequence

Line = Mapping[str, Any]
Values = Sequence[Optional[float]]

#: After so many of the usual distances there is a gap.
_USUAL_DISTANCES = 3


def graph(lines: Sequence[Line], width: float, height: float) -> Dict[str, Any]:
    """Return C(paths) for an SVG of that size, in the order of the lines, and the values at its C(bottom) and C(top).

    Each path has C(d), its C(label) (the values of its keys, or None for the sum of others) and its C(last) value.
    The bottom is 0, unless a value is negative.
    """
    values = [value for line in lines for value in line["points"] if value is not None]
    bottom, top = min([0.0, *values]), max([0.0, *values])
    longest = _longest_distance(lines)
    scale = height / ((top - bottom) or 1)
    paths = [
        {
            "d": _path(
                [None if value is None else height - (value - bottom) * scale for value in line["points"]],
                width,
                longest,
            ),
            "label": None if line["key"] is None else _label(line["key"]),
            "last": next((value for value in reversed(line["points"]) if value is not None), None),
        }
        for line in lines
    ]
    return {"paths": paths, "bottom": bottom, "top": top}


def _label(keys: Mapping[str, Optional[str]]) -> str:
    """Return the values of the keys; with several keys, only those that are not empty."""
    if len(keys) == 1:
        (value,) = keys.values()
        return "(none)" if value is None else value or "(empty)"
    texts = [value for value in keys.values() if value]
    return ", ".join(texts) or ("(none)" if keys else "")


def _longest_distance(lines: Sequence[Line]) -> int:
    """Return how many steps there may be between two values that belong together.

    A step may be shorter than the time between two snapshots, which the line with the most values shows.
    """
    usual = []
    for line in lines:
        known = [position for position, value in enumerate(line["points"]) if value is not None]
        distances = [after - before for before, after in zip(known, known[1:])]
        if distances:
            usual.append(median_low(distances))
    return _USUAL_DISTANCES * min(usual, default=1)


def _path(heights: Values, width: float, longest: int) -> str:
    """Return a line that has gaps where values are missing. A value without neighbours is a dot: a line of length 0."""
    distance = width / max(1, len(heights) - 1)
    runs: List[List[str]] = []
    last = None
    for position, height in enumerate(heights):
        if height is None:
            continue
        if last is None or position - last > longest:
            runs.append([])
        # Whole numbers, since a page has many points.
        runs[-1].append("{0} {1}".format(round(position * distance), round(height)))
        last = position
    return "".join("M" + "L".join(run) + ("h0" if len(run) == 1 else "") for run in runs)
