# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which range of time history is read for: the one that was asked for, or as much of it as has samples."""

from __future__ import annotations

from typing import Any, Collection, Dict, Mapping, NamedTuple, Tuple

#: How long it may be from an end to a sample, as it is while the next snapshot is due: a part of the time with samples.
_LACKING = 1 / 20
#: What is new in this last part of the range has a range of its own.
_LATE = 1 / 4


class Moment(NamedTuple):
    """A time as PostgreSQL writes it, since Python's go less far.

    :param literal: exact, for a statement
    :param text: for the result of a module
    :param seconds: since the beginning of the range that was asked for
    """

    literal: str
    text: str
    seconds: float


class Range(NamedTuple):
    """A range of time, in steps of the same length."""

    since: Moment
    until: Moment
    steps: int

    @property
    def length(self) -> float:
        """Its length in seconds."""
        return self.until.seconds - self.since.seconds

    @property
    def step(self) -> float:
        """The length of a step in seconds."""
        return self.length / self.steps

    def as_dict(self) -> Dict[str, Any]:
        """Return it as a module does."""
        return {"since": self.since.text, "until": self.until.text, "step": self.step}


class Sampled(NamedTuple):
    """The first and the last sample of a datasource and a server within the range."""

    first: Moment
    last: Moment


#: By the name of the datasource and srvid.
Samples = Mapping[Tuple[str, int], Sampled]


class Ranges(NamedTuple):
    """The ranges to read.

    :param within: the one of most servers
    :param late: those of datasources on servers where one of both is new
    """

    within: Range
    late: Mapping[Tuple[str, int], Range]

    def own(self, datasource: str) -> Dict[int, Range]:
        """Return the ranges of those servers for a datasource."""
        return {srvid: each for (name, srvid), each in self.late.items() if name == datasource}


def trimmed(asked: Range, samples: Samples) -> Ranges:
    """Return the range that was asked for without an end that has no samples, and what is new in it.

    All graphs have the same range, so that they can be compared. Only those of a server or a datasource whose first
    sample at all is in its last quarter have their own, since a few points at the edge say nothing. A datasource that
    seldom has rows, such as one of blocked sessions, is not new on a server because its first row is. A range of its
    own ends where that of the others does: of a server that has no samples any more, the end is missing.
    """
    within = _with_samples(asked, samples.values())
    datasources: Dict[str, Moment] = {}
    servers: Dict[int, Moment] = {}
    for (name, srvid), each in samples.items():
        datasources[name] = min(each.first, datasources.get(name, each.first), key=_seconds)
        servers[srvid] = min(each.first, servers.get(srvid, each.first), key=_seconds)
    begins = within.until.seconds - within.length * _LATE
    late = {}
    for name, srvid in samples:
        since = max(datasources[name], servers[srvid], key=_seconds)
        if begins < since.seconds < samples[name, srvid].last.seconds:
            late[name, srvid] = within._replace(since=since)
    return Ranges(within, late)


def _with_samples(asked: Range, samples: Collection[Sampled]) -> Range:
    """Return the range without its ends, unless they are short beside the time from the first sample to the last.

    Where all samples are of one moment, its end stays, since a range has a length.
    """
    if not samples:
        return asked
    first = min((each.first for each in samples), key=_seconds)
    last = max((each.last for each in samples), key=_seconds)
    lacking = (last.seconds - first.seconds) * _LACKING
    since = first if first.seconds - asked.since.seconds > lacking else asked.since
    until = last if asked.until.seconds - last.seconds > lacking and last.seconds > first.seconds else asked.until
    return Range(since, until, asked.steps) if until.seconds > since.seconds else asked


def _seconds(moment: Moment) -> float:
    return moment.seconds
