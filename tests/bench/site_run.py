# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of site.yml on a fleet like the demo's: a repository with the collector, two remotes and powa-web."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Collection, Dict, Iterator, List

from measured import RUNS, Amount, Measure, Ratio, Subject
from playing import BENCH, play
from servers import NETWORK, ROOT

DEMO = ROOT / "playbooks" / "inventory" / "demo"
SHARED = ROOT / "molecule" / "shared"
SITE = ROOT / "playbooks" / "site.yml"
#: In the demo's inventory -> here.
NAMES_OF_DEMO = {"pgfleet-demo": NETWORK + "-site", "10.91.10.": "10.91.29."}
SUBNET = "10.91.29.0/24"

DATASOURCES = 50

NAMES = {
    "site_nochange_vs_facts": Subject(
        "seconds",
        "`site.yml` with nothing to change on the demo's four hosts, against a playbook that only gathers the same"
        " facts: one task for each host",
        5,
    ),
    "site_tasks_of_repository": Subject(
        "tasks",
        "tasks of that run, done or skipped, for the host that is repository and collector",
        11,
        is_amount=True,
    ),
    "site_tasks_of_remote": Subject(
        "tasks", "tasks of that run, done or skipped, for each host that is collected from", 6, is_amount=True
    ),
    "site_first_50_vs_1": Subject(
        "seconds",
        "the first `site.yml` on the same hosts after 50 datasources were declared, against the first after one was",
        2,
    ),
}
FIRST = "site_first_50_vs_1"


def measure(names: Collection[str]) -> Iterator[Measure]:
    """Measure what is named of C(NAMES)."""
    with _fleet() as inventory:
        play(SITE, inventory)
        if set(names) - {FIRST}:
            yield from _measure_nochange(inventory, names)
        if FIRST in names:
            yield _measure_first(inventory)


def _measure_nochange(inventory: Path, names: Collection[str]) -> Iterator[Measure]:
    """Measure runs that change nothing."""
    ours, theirs = [], []
    tasks: Dict[str, List[float]] = {"repository": [], "remote": []}
    for run in range(RUNS):
        # Another one first in each run.
        order = (SITE, BENCH / "site_facts.yml") if run % 2 else (BENCH / "site_facts.yml", SITE)
        played = {playbook: play(playbook, inventory) for playbook in order}
        assert not any(each.changed for each in played.values())
        site = played[SITE]
        ours.append(site.seconds)
        theirs.append(played[BENCH / "site_facts.yml"].seconds)
        for kind, counts in tasks.items():
            counts.append(max(site.tasks_of(host) for host in site.hosts if kind in host))
    values = {"site_tasks_of_" + kind: counts for kind, counts in tasks.items()}
    for name in names:
        if name in values:
            yield Amount(name, NAMES[name], values[name])
        elif name != FIRST:
            yield Ratio(name, NAMES[name], ours, theirs)


def _measure_first(inventory: Path) -> Measure:
    """Measure runs that add datasources to a fleet that has none, and remove them in between."""
    took: Dict[int, List[float]] = {1: [], DATASOURCES: []}
    play(SITE, inventory, _variables([_removed(name) for name in ("lock_modes", "commits", "sessions")]))
    for run in range(RUNS):
        for number in (1, DATASOURCES) if run % 2 else (DATASOURCES, 1):
            played = play(SITE, inventory, _variables([_declared(index) for index in range(number)]))
            assert played.changed
            took[number].append(played.seconds)
            play(SITE, inventory, _variables([_removed(_declared(index)["name"]) for index in range(number)]))
    return Ratio(FIRST, NAMES[FIRST], took[DATASOURCES], took[1])


def _variables(datasources: List[Dict[str, Any]]) -> Dict[str, Any]:
    """Return the variables of a run with these datasources, while the collector takes few snapshots."""
    return {"powa_datasources": datasources, "powa_frequency": 3600}


def _declared(index: int) -> Dict[str, Any]:
    return {
        "name": "first_{0}".format(index),
        "query": "SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode",
        "keys": [{"name": "mode", "type": "text"}],
        "metrics": [{"name": "held", "type": "bigint", "kind": "gauge"}],
    }


def _removed(name: str) -> Dict[str, Any]:
    return {"name": name, "state": "absent", "history": "drop"}


@contextmanager
def _fleet() -> Iterator[Path]:
    """Start bare containers for a copy of the demo's inventory, and remove them in the end."""
    with tempfile.TemporaryDirectory() as folder:
        inventory = Path(shutil.copytree(DEMO, Path(folder, "inventory")))
        for path in sorted(inventory.rglob("*.yml")):
            path.write_text(_renamed(path.read_text()))
            path.rename(path.with_name(_renamed(path.name)))
        variables = {
            "container_network": NETWORK + "-site",
            "container_subnet": SUBNET,
            "container_suite": "bookworm",
        }
        try:
            play(SHARED / "create.yml", inventory, variables)
            play(SHARED / "prepare.yml", inventory, variables)
            yield inventory
        finally:
            play(SHARED / "destroy.yml", inventory, variables)


def _renamed(text: str) -> str:
    for name, other in NAMES_OF_DEMO.items():
        text = text.replace(name, other)
    return text
