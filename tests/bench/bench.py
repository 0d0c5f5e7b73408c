# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""bench.py [NAME]: measure everything, or what has that name; print it, and write it to .bench/results.json.

What was measured before, and is not now, stays there. docs/benchmarks.md is written when nothing is missing.
It ends with 1 if something is over its limit.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from typing import Any, Callable, Collection, Dict, Iterator, List, Mapping

import bulk
import fleet
import growth
import history
import large_fleet
import nochange
import report
import site_run
from measured import Measure, Subject
from servers import ROOT

RESULTS = ROOT / ".bench" / "results.json"
DOCUMENT = ROOT / "docs" / "benchmarks.md"

#: What measures, and what it measures by name.
CONCERNS: Dict[Callable[[Collection[str]], Iterator[Measure]], Mapping[str, Subject]] = {
    history.measure: history.NAMES,
    nochange.measure: nochange.NAMES,
    bulk.measure: bulk.NAMES,
    growth.measure: growth.NAMES,
    site_run.measure: site_run.NAMES,
    fleet.measure: fleet.NAMES,
    large_fleet.measure: large_fleet.NAMES,
}
SUBJECTS = {name: subject for subjects in CONCERNS.values() for name, subject in subjects.items()}


def measure(wanted: Collection[str]) -> Iterator[Measure]:
    """Measure what is wanted."""
    for concern, subjects in CONCERNS.items():
        chosen = [name for name in subjects if name in wanted]
        if chosen:
            yield from concern(chosen)


def keep(measured: Measure) -> Dict[str, Any]:
    """Write it to the results, and return all of them."""
    results: Dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[measured.name] = measured.as_dict()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    return results


def main(arguments: Any = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", choices=list(SUBJECTS), help="what to measure; without it, everything")
    name = parser.parse_args(arguments).name
    # So that what was started is removed.
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit(1))
    broken: List[str] = []
    results: Dict[str, Any] = {}
    for measured in measure([name] if name else list(SUBJECTS)):
        print(measured.as_line(), flush=True)
        results = keep(measured)
        if not measured.holds:
            broken.append(measured.name)
    if not set(SUBJECTS) - set(results):
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(report.document(SUBJECTS, results))
    if broken:
        print("Over the limit: {0}".format(", ".join(broken)), file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
