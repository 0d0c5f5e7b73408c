# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ratio of two measured values, run by run."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import Any, Callable, Dict, List, Optional, Sequence

#: Runs of every benchmark.
RUNS = 5


@dataclass
class Ratio:
    """What two things took in each run.

    :param unit: of both values; the ratio has none
    :param ours: one value for each run
    :param theirs: what ours is compared with, of the same runs
    :param limit: the highest ratio that is good enough, if there is one
    """

    name: str
    unit: str
    ours: Sequence[float]
    theirs: Sequence[float]
    limit: Optional[float] = None

    @property
    def runs(self) -> List[float]:
        """The ratio of each run."""
        return [one / other for one, other in zip(self.ours, self.theirs)]

    @property
    def ratio(self) -> float:
        """The median of the runs."""
        return median(self.runs)

    @property
    def holds(self) -> bool:
        """Whether the ratio is within its limit."""
        return self.limit is None or self.ratio <= self.limit

    def as_dict(self) -> Dict[str, Any]:
        """Return what is written to the results."""
        return {"ratio": round(self.ratio, 4), "runs": [round(run, 4) for run in self.runs], "unit": self.unit}

    def as_line(self) -> str:
        """Return what is printed."""
        limit = "" if self.limit is None else ", at most {0:g}".format(self.limit)
        return "{0:22} {1:7.3f}{2}  (median of {3} runs from {4:.3f} to {5:.3f}; {6:.6g} and {7:.6g} {8})".format(
            self.name,
            self.ratio,
            limit,
            len(self.runs),
            min(self.runs),
            max(self.runs),
            median(self.ours),
            median(self.theirs),
            self.unit,
        )


def seconds(action: Callable[[], Any]) -> float:
    """Return how long an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
