# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site.yml that changes nothing, on a fleet like the demo's: a repository with the collector, and two remotes."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Collection, Dict, Iterator, List

from measured import RUNS, Amount, Measure, Ratio, Subject
from playing import BENCH, play
from servers import NETWORK, ROOT

DEMO = ROOT / "playbooks" / "inventory" / "demo"
SHARED = ROOT / "molecule" / "shared"
SITE = ROOT / "playbooks" / "site.yml"
#: In the demo's inventory -> here.
NAMES_OF_DEMO = {"pgfleet-demo": NETWORK + "-site", "10.91.10.": "10.91.29."}
SUBNET = "10.91.29.0/24"

NAMES = {
    "site_nochange_vs_facts": Subject(
        "seconds",
        "`site.yml` with nothing to change on the demo's three hosts, against a playbook that only gathers the same"
        " facts: one task for each host",
    ),
    "site_tasks_of_repository": Subject(
        "tasks", "tasks of that run, done or skipped, for the host that is repository and collector", is_amount=True
    ),
    "site_tasks_of_remote": Subject(
        "tasks", "tasks of that run, done or skipped, for each host that is collected from", is_amount=True
    ),
}


def measure(names: Collection[str]) -> Iterator[Measure]:
    """Measure what is named of C(NAMES)."""
    with _fleet() as inventory:
        play(SITE, inventory)
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
        yield Amount(name, NAMES[name], values[name]) if name in values else Ratio(name, NAMES[name], ours, theirs)


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
