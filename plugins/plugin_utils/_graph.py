# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of module history as paths of an SVG."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

Line = Mapping[str, Any]
Values = Sequence[Optional[float]]


def graph(lines: Sequence[Line], width: float, height: float) -> Dict[str, Any]:
    """Return C(paths) for an SVG of that size, in the order of the lines, and the values at its C(bottom) and C(top).

    Each path has C(d), its C(label) (the values of its keys, or None for the sum of others) and its C(last) value.
    The bottom is 0, unless a value is negative.
    """
    values = [value for line in lines for value in line["points"] if value is not None]
    bottom, top = min([0.0, *values]), max([0.0, *values])
    scale = height / ((top - bottom) or 1)
    paths = [
        {
            "d": _path(
                [None if value is None else height - (value - bottom) * scale for value in line["points"]], width
            ),
            "label": None if line["key"] is None else _label(line["key"]),
            "last": next((value for value in reversed(line["points"]) if value is not None), None),
        }
        for line in lines
    ]
    return {"paths": paths, "bottom": bottom, "top": top}


def _label(keys: Mapping[str, Optional[str]]) -> str:
    """Return the values of the keys; of several, those that say something."""
    if len(keys) == 1:
        (value,) = keys.values()
        return "(none)" if value is None else value or "(empty)"
    texts = [value for value in keys.values() if value]
    return ", ".join(texts) or ("(none)" if keys else "")


def _path(heights: Values, width: float) -> str:
    """Return a line that has gaps where there is no value. A lonely value is a dot: a line without length."""
    distance = width / max(1, len(heights) - 1)
    parts: List[str] = []
    command = "M"
    for position, height in enumerate(heights):
        if height is None:
            command = "M"
            continue
        alone = command == "M" and (position + 1 == len(heights) or heights[position + 1] is None)
        parts.append("{0}{1:.4g} {2:.4g}{3}".format(command, position * distance, height, "h0" if alone else ""))
        command = "L"
    return "".join(parts)
