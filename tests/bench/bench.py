# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""bench.py [NAME]: measure each ratio, or the one of that name; print them, and write them to .bench/results.json.

It ends with 1 if a ratio is over its limit.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, Callable, Collection, Dict, Iterator, List

import history
import nochange
from measured import Ratio
from servers import ROOT, Server, running_server

RESULTS = ROOT / ".bench" / "results.json"

#: What measures, and the names of what it measures.
CONCERNS: Dict[Callable[[Server, Collection[str]], Iterator[Ratio]], Collection[str]] = {
    history.measure: history.NAMES,
    nochange.measure: nochange.NAMES,
}
NAMES = [name for names in CONCERNS.values() for name in names]


def measure(wanted: Collection[str]) -> Iterator[Ratio]:
    """Measure on a server with PoWA 4, which is the one that has C(powa_user_functions) to compare with."""
    with running_server("4", "-bench") as server:
        for concern, names in CONCERNS.items():
            chosen = [name for name in names if name in wanted]
            if chosen:
                yield from concern(server, chosen)


def main(arguments: Any = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", choices=NAMES, help="the one to measure; without it, all of them")
    name = parser.parse_args(arguments).name
    ratios: List[Ratio] = []
    for ratio in measure([name] if name else NAMES):
        print(ratio.as_line(), flush=True)
        ratios.append(ratio)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({ratio.name: ratio.as_dict() for ratio in ratios}, indent=2) + "\n")
    broken = [ratio.name for ratio in ratios if not ratio.holds]
    if broken:
        print("Over the limit: {0}".format(", ".join(broken)), file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
