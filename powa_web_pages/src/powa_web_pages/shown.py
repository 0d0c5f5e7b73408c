# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a metric is shown: the number that it becomes, and powa-web's format for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Optional, Tuple

from powa_web_pages.definitions import Metric

#: By type, the SQL that turns a value into a number that can be subtracted.
NUMBERS: Dict[str, str] = {
    "smallint": "{value}::numeric",
    "integer": "{value}::numeric",
    "bigint": "{value}::numeric",
    "numeric": "{value}",
    "real": "{value}::double precision",
    "double precision": "{value}",
    "boolean": "{value}::integer",
    "interval": "(pg_catalog.date_part('epoch', {value}) * 1000)",
    "xid8": "{value}::text::numeric",
    "pg_lsn": "({value} - '0/0'::pg_catalog.pg_lsn)",
}
#: Those of these types whose least and greatest values history keeps for a range.
RANGED = frozenset(NUMBERS) - {"boolean", "xid8"}

#: powa-web has formats for bytes, milliseconds and percent. The units that become these, with their factors.
_UNITS: Dict[str, Tuple[str, float]] = {
    "byte": ("size", 1),
    "bytes": ("size", 1),
    "B": ("size", 1),
    "kB": ("size", 1024),
    "KB": ("size", 1024),
    "KiB": ("size", 1024),
    "MB": ("size", 1024**2),
    "MiB": ("size", 1024**2),
    "GB": ("size", 1024**3),
    "GiB": ("size", 1024**3),
    "us": ("duration", 0.001),
    "µs": ("duration", 0.001),
    "ms": ("duration", 1),
    "s": ("duration", 1000),
    "seconds": ("duration", 1000),
    "min": ("duration", 60000),
    "%": ("percent", 1),
    "percent": ("percent", 1),
}


@dataclass(frozen=True)
class Shown:
    """How a metric is shown.

    :param number: SQL of it as a number, with C({value}); None if it is no number and has no graph
    :param rate: whether the graph shows how much it grows in each second
    :param factor: what the number is multiplied by
    :param type: powa-web's format for the graph, and C(value_type) the one for a single value
    :param title: of the graph
    """

    number: Optional[str]
    rate: bool
    factor: float
    type: str
    value_type: str
    title: str


def shown(metric: Metric) -> Shown:
    """Return how a metric is shown."""
    number = NUMBERS.get(metric.type)
    rate = metric.counter and number is not None and metric.type != "boolean"
    unit = metric.unit
    if metric.type == "interval":
        unit = "ms"
    elif metric.type == "pg_lsn":
        unit = unit or "bytes"
    kind, factor = _UNITS.get(unit, ("number", 1.0))
    if number is None:
        return Shown(None, False, 1, "string", "string", metric.title)
    if not rate:
        title = metric.title if kind != "number" or not unit else "{0} ({1})".format(metric.title, unit)
        return Shown(number, False, factor, kind, kind, title)
    if kind == "size":
        return Shown(number, True, factor, "sizerate", "size", metric.title + " per second")
    if kind == "duration":
        # Milliseconds per second have no format of their own.
        return Shown(number, True, factor, "number", "duration", metric.title + " (ms per second)")
    per_second = "{0} per second".format(unit) if unit else "per second"
    return Shown(number, True, factor, "number", kind, "{0} ({1})".format(metric.title, per_second))
