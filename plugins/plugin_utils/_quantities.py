# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers, sizes and lengths of time as people read them, short enough for a table."""

from __future__ import annotations

from decimal import Decimal
from typing import Optional, Sequence

_THOUSANDS = ("", "k", "M", "G", "T", "P", "E")
_SIZES = (" bytes", " kB", " MB", " GB", " TB", " PB", " EB")
#: How many bytes, seconds or percent a unit is. The pages of powa-web know the same units.
BYTES = {
    **dict.fromkeys(("byte", "bytes", "B"), 1),
    **dict.fromkeys(("kB", "KB", "KiB"), 1024),
    **dict.fromkeys(("MB", "MiB"), 1024**2),
    **dict.fromkeys(("GB", "GiB"), 1024**3),
    **dict.fromkeys(("TB", "TiB"), 1024**4),
}
SECONDS = {
    **dict.fromkeys(("us", "µs", "microseconds"), 1e-6),
    **dict.fromkeys(("ms", "milliseconds"), 1e-3),
    **dict.fromkeys(("s", "second", "seconds"), 1.0),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
PERCENT = {"%": 1.0, "percent": 1.0, "ratio": 100.0}
#: Each for what is at least twice as long: 90 s say more than 1.5 min.
_LONG = ((86400, "days"), (3600, "h"), (60, "min"))
_SHORT = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"))
#: Three digits round up to the next unit from here on.
_NEARLY = 0.9995
#: Smaller numbers are written out.
_WRITTEN_OUT = 10_000


def number(value: Optional[float], unit: Optional[str] = None, per_second: bool = False) -> str:
    """Return a number with its unit, such as C(12.5k locks), C(3.2 MB/s), C(99.5 %) or C(250 ms).

    Seconds per second are the share of the time, in percent.
    """
    if value is None:
        return "-"
    if is_share(unit, per_second):
        return "{0} %".format(_count(100 * value * SECONDS[unit or ""]))
    if unit in BYTES:
        text = size(value * BYTES[unit])
    elif unit in SECONDS:
        text = duration(value * SECONDS[unit])
    elif unit in PERCENT:
        text = "{0} %".format(_count(value * PERCENT[unit]))
    else:
        text = " ".join([_count(value), *([unit] if unit else [])])
    return text + ("/s" if per_second else "")


def is_share(unit: Optional[str], per_second: bool) -> bool:
    """Return whether a metric counts seconds, which grow by a share of the time."""
    return per_second and unit in SECONDS


def size(value: Optional[float]) -> str:
    """Return bytes, such as C(1.5 MB), in the units of C(pg_size_pretty): 1 kB is 1024 bytes."""
    return "-" if value is None else _scaled(value, 1024, _SIZES)


def duration(seconds: Optional[float]) -> str:
    """Return a length of time, such as C(80 ms), C(12 s), C(3.5 h) or C(2 days)."""
    if seconds is None:
        return "-"
    for length, unit in _LONG:
        if abs(seconds) >= 2 * length:
            return "{0} {1}".format(_digits(seconds / length), unit)
    fitting = [(length, unit) for length, unit in _SHORT if abs(seconds) >= _NEARLY * length]
    scale, name = (fitting or _SHORT[-1:])[0] if seconds else _SHORT[0]
    return "{0} {1}".format(_digits(seconds / scale), name)


def _count(value: float) -> str:
    return _digits(value) if abs(value) < _WRITTEN_OUT - 0.5 else _scaled(value, 1000, _THOUSANDS)


def _scaled(value: float, base: int, units: Sequence[str]) -> str:
    position = 0
    while abs(value) >= base - 0.5 and position < len(units) - 1:
        value /= base
        position += 1
    return _digits(value) + units[position]


def _digits(value: float) -> str:
    """Return three significant digits without trailing zeros or an exponent, or all digits of a greater number."""
    return "{0:,.0f}".format(value) if abs(value) >= 100 else "{0:f}".format(Decimal("{0:.3g}".format(value)))
