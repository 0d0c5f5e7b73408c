# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the history of a datasource takes on disk: estimated from the rows of a sample, and from what others take."""

from __future__ import annotations

import math
from typing import Any, Dict, Iterable, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Column

DAY = 86400

#: Bytes of a record's header and of its time, which each sample has besides its metrics.
_OF_EACH_SAMPLE = 24 + 8
#: Bytes of a value of other types than these, as long as no sample shows how long text, arrays and jsonb are.
_OTHER_WIDTH = 16
_WIDTHS = {
    "smallint": 2,
    "integer": 4,
    "bigint": 8,
    "real": 4,
    "double precision": 8,
    "numeric": 12,
    "oid": 4,
    '"char"': 1,
    "boolean": 1,
    "timestamp with time zone": 8,
    "timestamp without time zone": 8,
    "time without time zone": 8,
    "date": 4,
    "macaddr": 6,
    "pg_lsn": 8,
    "xid": 4,
    "xid8": 8,
}
#: Samples below which the pages that every table and index has would count for too much.
_ENOUGH = 10_000
#: Bytes on disk for each byte of a sample, where no history is large enough to tell. PostgreSQL compresses the samples
#: of a row of history together; counters that change every time leave this much.
USUAL_DENSITY = 0.6


class Stored(NamedTuple):
    """The history of a datasource as it is.

    :param width: bytes of one of its samples in memory, on average
    :param samples: how many it has, by PostgreSQL's statistics
    :param bytes: its table on disk with indexes
    """

    width: float
    samples: float
    bytes: int

    @property
    def is_enough(self) -> bool:
        """Whether it is large enough to tell what a sample takes."""
        return self.samples >= _ENOUGH

    @property
    def density(self) -> float:
        """Return the bytes on disk for each byte of a sample."""
        return self.bytes / (self.samples * self.width)


class Load(NamedTuple):
    """What one server adds to the history of a datasource.

    :param rows: of a sample
    :param frequency: seconds between two samples
    :param retention: seconds for which they are kept
    """

    rows: float
    frequency: float
    retention: float


class Cost(NamedTuple):
    """What the history of a datasource takes.

    :param rows: of a sample of all servers together
    :param bytes_per_row: of history on disk, for each row of a sample
    :param bytes_at_retention: once the oldest samples are as old as they get
    """

    rows: int
    bytes_per_row: float
    bytes_per_day: int
    bytes_at_retention: int

    def as_dict(self) -> Dict[str, Any]:
        """Return it as a module returns it."""
        return dict(self._asdict(), bytes_per_row=round(self.bytes_per_row, 1))

    def describe(self) -> str:
        """Return it as a line of a diff."""
        return "expected: {0} rows in a sample of all servers, {1} a day, {2} at its retention".format(
            self.rows, size_text(self.bytes_per_day), size_text(self.bytes_at_retention)
        )


def sample_width(metrics: Sequence[Column]) -> int:
    """Return the bytes of one sample in memory, each value at a multiple of its own width, and the whole of eight."""
    width = 0
    for metric in metrics:
        own = _WIDTHS.get(metric.type.name, _OTHER_WIDTH)
        alignment = own if own in (1, 2, 4, 8) else 4
        width = math.ceil(width / alignment) * alignment + own
    return _OF_EACH_SAMPLE + math.ceil(width / 8) * 8


def density(stored: Iterable[Stored], width: float) -> float:
    """Return how many bytes on disk each byte of a sample is expected to take, by the histories that can tell.

    Long text compresses in another way than a few counters. So samples that are between half and twice as wide count,
    or all if there are none such. Of these the middle one decides, since one that is odd must not change the others.

    :param width: bytes of the sample
    """
    enough = [history for history in stored if history.is_enough]
    similar = [history for history in enough if width <= 2 * history.width and history.width <= 2 * width]
    found = sorted(history.density for history in similar or enough)
    return found[len(found) // 2] if found else USUAL_DENSITY


def bytes_per_row(width: float, own: Optional[Stored], stored: Iterable[Stored]) -> float:
    """Return what a row of a sample takes on disk: what it does, or for little history what similar rows do.

    :param width: bytes of a sample, as far as its types tell
    :param own: its own history, if it has any
    :param stored: all histories
    """
    if own is not None and own.is_enough:
        return own.bytes / own.samples
    known = width if own is None else own.width
    return known * density(stored, known)


def cost(loads: Sequence[Load], row: float) -> Cost:
    """Return what servers cost together.

    :param row: bytes of history for each row of a sample
    """
    days = [(load.rows * row * DAY / load.frequency, load.retention / DAY) for load in loads]
    return Cost(
        rows=math.ceil(sum(load.rows for load in loads)),
        bytes_per_row=row,
        bytes_per_day=math.ceil(sum(day for day, _days in days)),
        bytes_at_retention=math.ceil(sum(day * kept for day, kept in days)),
    )


def add_costs(costs: Sequence[Cost]) -> Cost:
    """Return what servers cost together, of which at least one is given."""
    return Cost(
        sum(part.rows for part in costs),
        costs[0].bytes_per_row,
        sum(part.bytes_per_day for part in costs),
        sum(part.bytes_at_retention for part in costs),
    )


_UNITS: Tuple[str, ...] = ("bytes", "KiB", "MiB", "GiB", "TiB")


def size_text(size: float) -> str:
    """Return a size for people, such as C(1.5 GiB)."""
    unit = 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return "{0:.{1}f} {2}".format(size, 1 if unit else 0, _UNITS[unit])
