# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""torture.py: torment the modules for some minutes or rounds, with a random seed; it ends with 1 if anything broke.

A round does one of three things on one server: it kills a task at several moments (kills.py), it gives modules hostile
and malformed input (inputs.py), or it runs many tasks at once beside the real collector (together.py). What a round
does depends on the seed, its number and the servers only, and so one round can be repeated.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Dict, List, Optional, Tuple

# Containers of its own: the integration tests may run at the same time.
os.environ.setdefault("PYTEST_XDIST_WORKER", "torture")

from inputs import Inputs  # noqa: E402
from kills import kill_round  # noqa: E402
from servers import MORE_SUITES, SUITES, running_server  # noqa: E402
from together import together_round  # noqa: E402
from world import Broken, Notes, World  # noqa: E402

KINDS = "kill input together input kill input kill input kill input kill input".split()
#: All of them; the tests of a minute use the first two.
SERVERS = [*sorted(SUITES), *sorted(MORE_SUITES)]
#: A broken rule mostly breaks again.
MOST_FAILURES = 20


class Torture:
    """Rounds, and what they have found."""

    def __init__(self, seed: str, servers: List[str]) -> None:
        self.failures: List[str] = []
        self.counts: Dict[str, int] = {}
        self._seed, self._servers = seed, servers
        self._running = ExitStack()
        self._worlds: Dict[str, World] = {}
        self._inputs: Dict[str, Inputs] = {}

    def __enter__(self) -> "Torture":
        return self

    def __exit__(self, *error: object) -> None:
        for world in self._worlds.values():
            world.close()
        self._running.close()

    def start(self, servers: List[str]) -> None:
        """Start servers at the same time."""
        with ThreadPoolExecutor() as pool:
            entered = [self._running.enter_context] * len(servers)
            started = pool.map(lambda enter, key: enter(running_server(key)), entered, servers)
            self._worlds.update({key: World(server) for key, server in zip(servers, started)})

    def round(self, number: int) -> None:
        """Do a round."""
        kind, key = self.plan(number)
        if key not in self._worlds:
            self.start([key])
        world, chance = self._worlds[key], random.Random("{0}/{1}".format(self._seed, number))
        notes = Notes()
        begin = time.monotonic()
        try:
            world.revive()
            self._do(kind, world, key, number, chance, notes)
            outcome = "ok"
        except Broken as broken:
            outcome = "BROKEN"
            self._fail(number, key, "{0}\n{1}".format(broken, broken.diff).rstrip(), notes)
        except Exception:
            outcome = "BROKEN"
            self._fail(number, key, traceback.format_exc(), notes)
        self.counts[kind] = self.counts.get(kind, 0) + notes.done
        seconds = time.monotonic() - begin
        print(
            "round {0}: {1} on powa{2}: {3}: {4} ({5:.1f} s)".format(
                number, kind, key, ", ".join(notes.said), outcome, seconds
            ),
            flush=True,
        )

    def plan(self, number: int) -> Tuple[str, str]:
        """Return what a round does, and on which server."""
        return KINDS[number % len(KINDS)], random.Random("{0}/{1}/server".format(self._seed, number)).choice(
            self._servers
        )

    def _do(self, kind: str, world: World, key: str, number: int, chance: random.Random, notes: Notes) -> None:
        if kind == "kill":
            kill_round(world, chance, notes)
        elif kind == "together":
            together_round(world, chance, notes)
        else:
            self._inputs_of(key, world).round(self._number_of_kind(kind, number), chance, notes)

    def _inputs_of(self, key: str, world: World) -> Inputs:
        if key not in self._inputs:
            self._inputs[key] = Inputs(world, self._seed)
        return self._inputs[key]

    def _number_of_kind(self, kind: str, number: int) -> int:
        """Return how many rounds of that kind come before one."""
        return [self.plan(earlier)[0] for earlier in range(number)].count(kind)

    def _fail(self, number: int, key: str, what: str, notes: Notes) -> None:
        text = "round {0} on powa{1} ({2}): {3}\n  again: make torture SEED={4} SERVERS={5} ROUND={0}".format(
            number, key, ", ".join(notes.said), what, self._seed, ",".join(self._servers)
        )
        print(text, flush=True)
        self.failures.append(text)


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the program."""
    options = _options(arguments)
    # So that the containers are removed.
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit(1))
    servers = options.servers.split(",")
    print("seed {0}, servers {1}".format(options.seed, options.servers), flush=True)
    with Torture(options.seed, servers) as torture:
        if options.round is not None:
            torture.round(options.round)
        else:
            torture.start(servers)
            _rounds(torture, options)
        done = ", ".join("{0} {1}".format(count, _COUNTED[kind]) for kind, count in sorted(torture.counts.items()))
        print("seed {0}: {1}; {2} broken rounds".format(options.seed, done, len(torture.failures)))
    return 1 if torture.failures else 0


_COUNTED = {"input": "inputs", "kill": "kills", "together": "tasks at once"}


def _rounds(torture: Torture, options: Any) -> None:
    deadline = time.monotonic() + options.minutes * 60
    number = 0
    while number < options.rounds if options.rounds else time.monotonic() < deadline:
        if options.kind in (None, torture.plan(number)[0]):
            torture.round(number)
        number += 1
        if len(torture.failures) >= MOST_FAILURES:
            print("enough is broken")
            return


def _options(arguments: Optional[List[str]]) -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", help="any text; without it, a random one", default=str(random.randrange(10**6)))
    parser.add_argument("--servers", help="as tests/integration/servers.py names them", default=",".join(SERVERS))
    parser.add_argument("--minutes", type=float, default=10, help="begin no round after these")
    parser.add_argument("--rounds", type=int, help="how many, however long they take")
    parser.add_argument("--round", type=int, help="only this one")
    parser.add_argument("--kind", choices=sorted(_COUNTED), help="leave out the rounds of other kinds")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
