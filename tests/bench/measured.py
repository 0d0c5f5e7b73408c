# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was measured, run by run: the ratio of two values, or a value that there is nothing to compare with."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import Any, Callable, Dict, List, Optional, Sequence

#: Runs of a benchmark that does not say otherwise.
RUNS = 5


@dataclass(frozen=True)
class Subject:
    """What a benchmark is about.

    :param unit: of the values that are measured; their ratio has none
    :param what: ours, and what it is compared with, for docs/benchmarks.md
    :param limit: the highest value that is good enough, if there is one
    :param is_amount: whether there is nothing to compare it with
    """

    unit: str
    what: str
    limit: Optional[float] = None
    is_amount: bool = False


@dataclass
class Measure:
    """Values of one benchmark, one for each run."""

    name: str
    subject: Subject

    @property
    def runs(self) -> List[float]:
        """What counts, of each run."""
        raise NotImplementedError

    @property
    def measured(self) -> str:
        """What C(runs) was made of, for people."""
        return self.subject.unit

    @property
    def ratio(self) -> float:
        """The median of the runs."""
        return median(self.runs)

    @property
    def holds(self) -> bool:
        """Whether it is within its limit."""
        return self.subject.limit is None or self.ratio <= self.subject.limit

    def as_dict(self) -> Dict[str, Any]:
        """Return what is written to the results."""
        return {"ratio": _rounded(self.ratio), "runs": [_rounded(run) for run in self.runs], "unit": self.subject.unit}

    def as_line(self) -> str:
        """Return what is printed."""
        limit = "" if self.subject.limit is None else ", at most {0:g}".format(self.subject.limit)
        return "{0:29} {1:>8}{2}  (median of {3} runs from {4} to {5}; {6})".format(
            self.name,
            shown(self.ratio),
            limit,
            len(self.runs),
            shown(min(self.runs)),
            shown(max(self.runs)),
            self.measured,
        )


@dataclass
class Ratio(Measure):
    """What two things took in each run.

    :param ours: one value for each run
    :param theirs: what ours is compared with, of the same runs
    """

    ours: Sequence[float]
    theirs: Sequence[float]

    @property
    def runs(self) -> List[float]:
        """The ratio of each run."""
        return [one / other for one, other in zip(self.ours, self.theirs)]

    @property
    def measured(self) -> str:
        """The medians of both sides."""
        return "{0:.6g} and {1:.6g} {2}".format(median(self.ours), median(self.theirs), self.subject.unit)


@dataclass
class Amount(Measure):
    """What one thing took in each run; its results have it where others have their ratio."""

    values: Sequence[float]

    @property
    def runs(self) -> List[float]:
        """The value of each run."""
        return list(self.values)


def shown(value: float) -> str:
    """Return a value for people: three digits after the point, or the first three that are not zero."""
    return "{0:.3f}".format(value) if value >= 0.1 else "{0:.3g}".format(value)


def seconds(action: Callable[[], Any]) -> float:
    """Return how long an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _rounded(value: float) -> float:
    """Return what is kept of a value: small ratios have their first digits far behind the point."""
    return float("{0:.5g}".format(value))
