# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a metric is shown: the number that it becomes, its unit, and powa-web's format for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Dict, Optional, Tuple

from powa_web_pages.definitions import Metric

_EXACT = "{value}::numeric"
# One value that double precision cannot hold must not spoil the graphs of all.
_FLOAT = """CASE WHEN {value} OPERATOR(pg_catalog.<) '1e-140'::double precision
        AND {value} OPERATOR(pg_catalog.>) '-1e-140'::double precision THEN '0'::double precision
    WHEN {value} OPERATOR(pg_catalog.<) '1e140'::double precision
        AND {value} OPERATOR(pg_catalog.>) '-1e140'::double precision THEN {value} END"""
_NUMERIC = """CASE WHEN {value} OPERATOR(pg_catalog.<) '1e140'::numeric
        AND {value} OPERATOR(pg_catalog.>) '-1e140'::numeric
    THEN CASE WHEN pg_catalog.scale({value}) OPERATOR(pg_catalog.>) 140 THEN pg_catalog.round({value}, 140)
        ELSE {value} END END"""
#: By type, the SQL that turns a value into a number that can be subtracted, as the collection's own functions do.
NUMBERS: Dict[str, str] = {
    "smallint": _EXACT,
    "integer": _EXACT,
    "bigint": _EXACT,
    "numeric": _NUMERIC,
    "real": _FLOAT.replace("{value}", "{value}::double precision"),
    "double precision": _FLOAT,
    "boolean": "{value}::integer",
    "interval": "extract(epoch FROM {value})::double precision",
    "xid8": "{value}::pg_catalog.text::numeric",
    "pg_lsn": "({value} OPERATOR(pg_catalog.-) '0/0'::pg_catalog.pg_lsn)",
}
#: Those of these types whose least and greatest values history keeps for a range.
RANGED = frozenset(NUMBERS) - {"boolean", "xid8"}
#: The units that the values of a type have, whatever is declared.
_UNITS_OF_TYPES = {"interval": "s", "pg_lsn": "bytes"}

_BYTES, _TIME, _PERCENT = "bytes", "time", "percent"
#: What a unit measures, and how many bytes, seconds or percent it is.
_UNITS: Dict[str, Tuple[str, float]] = {
    **dict.fromkeys(("byte", "bytes", "B"), (_BYTES, 1)),
    **dict.fromkeys(("kB", "KB", "KiB"), (_BYTES, 1024)),
    **dict.fromkeys(("MB", "MiB"), (_BYTES, 1024**2)),
    **dict.fromkeys(("GB", "GiB"), (_BYTES, 1024**3)),
    **dict.fromkeys(("TB", "TiB"), (_BYTES, 1024**4)),
    **dict.fromkeys(("us", "µs", "microseconds"), (_TIME, 0.000001)),
    **dict.fromkeys(("ms", "milliseconds"), (_TIME, 0.001)),
    **dict.fromkeys(("s", "second", "seconds"), (_TIME, 1)),
    **dict.fromkeys(("min", "minute", "minutes"), (_TIME, 60)),
    **dict.fromkeys(("h", "hour", "hours"), (_TIME, 3600)),
    **dict.fromkeys(("d", "day", "days"), (_TIME, 86400)),
    **dict.fromkeys(("%", "percent"), (_PERCENT, 1)),
    "ratio": (_PERCENT, 100),
}
#: Units for lengths of time, each with its seconds and its text. On an axis of powa-web 5, its own format for them has
#: millions of milliseconds.
_LENGTHS: Dict[str, Tuple[float, str]] = {
    "d": (86400, "days"),
    "h": (3600, "h"),
    "min": (60, "min"),
    "s": (1, "s"),
    "ms": (0.001, "ms"),
}
LENGTHS = frozenset(_LENGTHS)
#: That of a metric of which nothing is known.
USUAL_LENGTH = "s"


@dataclass(frozen=True)
class Form:
    """How numbers are shown.

    :param factor: what a number is multiplied by
    :param type: powa-web's format in a graph, and C(grid_type) in a grid, whose formats differ
    :param title: what the numbers are, with their unit unless the format shows it
    """

    factor: float
    type: str
    grid_type: str
    title: str


@dataclass(frozen=True)
class Shown:
    """How a metric is shown.

    :param number: SQL of it as a number, with C({value}); None if it is no number and has no graph
    :param value: the form of its values
    :param growth: the form of how much it grows in each second, or None for what is no counter
    """

    number: Optional[str]
    value: Form
    growth: Optional[Form]

    @property
    def rate(self) -> bool:
        """Whether the graph shows how much it grows in each second."""
        return self.growth is not None

    @property
    def drawn(self) -> Form:
        """The form of what the graph shows."""
        return self.growth or self.value


def is_number(metric: Metric) -> bool:
    """Return whether a metric has a graph."""
    return metric.type in NUMBERS


def shown(metric: Metric, length: str = USUAL_LENGTH) -> Shown:
    """Return how a metric is shown.

    :param length: the unit for it if it is a length of time, one of C(LENGTHS)
    """
    number = NUMBERS.get(metric.type)
    if number is None:
        return Shown(None, Form(1, "string", "string", metric.title), None)
    growth = _growth(metric) if metric.counter and metric.type != "boolean" else None
    return Shown(number, _value(metric, length), growth)


def is_length(metric: Metric) -> bool:
    """Return whether the graph of a metric shows lengths of time."""
    how = shown(metric)
    return how.number is not None and not how.rate and _measured(metric)[0] == _TIME


def length_for(metric: Metric, greatest: Optional[float]) -> str:
    """Return in which of C(LENGTHS) people would say the greatest of a metric's values."""
    seconds = _measured(metric)[1] * abs(greatest or 0)
    if not seconds or not math.isfinite(seconds):
        return USUAL_LENGTH
    if seconds < 1:
        return "ms"
    return next(name for name, (each, _text) in _LENGTHS.items() if seconds >= (2 * each if each > 1 else 1))


def _unit(metric: Metric) -> str:
    return _UNITS_OF_TYPES.get(metric.type, metric.unit)


def _measured(metric: Metric) -> Tuple[str, float]:
    return _UNITS.get(_unit(metric), ("", 1))


def _value(metric: Metric, length: str) -> Form:
    measured, factor = _measured(metric)
    if measured == _BYTES:
        return Form(factor, "size", "size", metric.title)
    if measured == _TIME:
        seconds, text = _LENGTHS[length]
        return _plain(metric, factor / seconds, text)
    if measured == _PERCENT:
        return _percent(metric, factor, "%")
    return _plain(metric, factor, metric.unit)


def _growth(metric: Metric) -> Form:
    measured, factor = _measured(metric)
    if measured == _BYTES:
        return Form(factor, "sizerate", "size", metric.title + " per second")
    if measured == _TIME:
        # Seconds per second. More than 100 % is what several processes spend at once.
        return _percent(metric, 100 * factor, "% of the time")
    unit = "%" if measured == _PERCENT else _unit(metric)
    return _plain(metric, factor, "{0} per second".format(unit).strip())


def _plain(metric: Metric, factor: float, unit: str) -> Form:
    return Form(factor, "number", "number", "{0} ({1})".format(metric.title, unit) if unit else metric.title)


def _percent(metric: Metric, factor: float, unit: str) -> Form:
    # The grid of powa-web 5 shows 0 % where a value is missing.
    return Form(factor, "percent", "number", "{0} ({1})".format(metric.title, unit))
