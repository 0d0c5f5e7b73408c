# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers, sizes and lengths of time, short enough for a table."""

from __future__ import annotations

from typing import Any, Optional

_THOUSANDS = ("", "k", "M", "G", "T", "P", "E")
_SIZES = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_BYTES = {"byte": 0, "bytes": 0, "B": 0, "kB": 1, "KB": 1, "KiB": 1, "MB": 2, "MiB": 2, "GB": 3, "GiB": 3}
_SECONDS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "seconds": 1.0, "min": 60.0}
_LENGTHS = ((86400, "d"), (3600, "h"), (60, "min"))


def number(value: Optional[float], unit: Optional[str] = None, per_second: bool = False) -> str:
    """Return a number with its unit, such as C(12.5k locks), C(3.2 MB/s) or C(250 ms)."""
    if value is None:
        return "-"
    if unit in _BYTES:
        return size(value * 1024 ** _BYTES[unit]) + ("/s" if per_second else "")
    if unit in _SECONDS and not per_second:
        return duration(value * _SECONDS[unit])
    # Milliseconds per second keep their unit.
    text = _scaled(value, 1000, _THOUSANDS)
    if unit == "%":
        text += " %"
    elif unit:
        text += " " + unit
    return text + ("/s" if per_second else "")


def size(value: Optional[float]) -> str:
    """Return bytes, such as C(1.5 MB), as PostgreSQL counts them: 1 kB is 1024 bytes."""
    return "-" if value is None else _scaled(value, 1024, [" " + unit for unit in _SIZES])


def duration(seconds: Optional[float]) -> str:
    """Return a length of time, such as C(12 s), C(3.5 h) or C(80 ms)."""
    if seconds is None:
        return "-"
    for length, unit in _LENGTHS:
        if abs(seconds) >= 2 * length:
            return "{0} {1}".format(_short(seconds / length), unit)
    if seconds and abs(seconds) < 1:
        return "{0} ms".format(_short(seconds * 1000))
    return "{0} s".format(_short(seconds))


def _scaled(value: float, base: int, units: Any) -> str:
    position = 0
    while abs(value) >= base and position < len(units) - 1:
        value /= base
        position += 1
    return _short(value) + units[position]


def _short(value: float) -> str:
    """Return three significant digits, without trailing zeros."""
    return "{0:.0f}".format(value) if abs(value) >= 100 else "{0:.3g}".format(value)
