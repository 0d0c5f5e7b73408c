# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""rotations.py INVENTORY REPOSITORY: change the password of all remotes again and again, and print the gaps.

INVENTORY is one whose fleet site.yml has made, in containers, and REPOSITORY the container of its repository. Each run
of site.yml declares another powa_monitoring_password, and gets the options that are not listed here. The program ends
with 1 if any two snapshots of a server are further apart than two frequencies, or if a snapshot has failed. That takes
a fleet with PoWA 5: collector 1.2, that of PoWA 4, takes a snapshot every three frequencies anyway.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOTS = """
    SELECT coalesce(json_agg(json_build_array(s.id, s.frequency, extract(epoch FROM m.snapts), m.errors)), '[]')
    FROM powa_servers AS s JOIN powa_snapshot_metas AS m ON m.srvid = s.id
    WHERE s.frequency > 0 AND m.snapts > '-infinity'
"""
_LOOK_AGAIN_SECONDS = 1


class Watch(threading.Thread):
    """Notes the time of each snapshot, and its errors."""

    def __init__(self, repository: str) -> None:
        super().__init__(daemon=True)
        self.repository = repository
        self.times: Dict[Tuple[int, int], List[float]] = {}
        self.errors: List[Any] = []
        self.ends = threading.Event()

    def run(self) -> None:
        """Look until it is told to end."""
        while not self.ends.wait(_LOOK_AGAIN_SECONDS):
            self.look()

    def look(self) -> None:
        """Read the last snapshot of each server."""
        psql = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--dbname=powa", "--command", SNAPSHOTS]
        podman = [str(ROOT / "tests/containers/podman"), "exec", "--user=postgres", self.repository]
        done = subprocess.run([*podman, *psql], stdout=subprocess.PIPE, text=True, check=True)
        for srvid, frequency, taken, errors in json.loads(done.stdout):
            times = self.times.setdefault((srvid, frequency), [])
            if not times or times[-1] != taken:
                times.append(taken)
                if errors:
                    self.errors.append((srvid, taken, errors))

    def sees_all_after(self, moment: float) -> bool:
        """Wait until each server has had a snapshot after this moment, for at most four frequencies."""
        limit = time.monotonic() + 4 * max(frequency for _srvid, frequency in self.times)
        while any(times[-1] <= moment for times in list(self.times.values())):
            if time.monotonic() > limit:
                return False
            time.sleep(_LOOK_AGAIN_SECONDS)
        return True


def rotate(inventory: str, password: str, options: Sequence[str]) -> bool:
    """Run site.yml with another password."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as variables:
        json.dump({"powa_monitoring_password": password}, variables)
        variables.flush()
        command = ["ansible-playbook", "--inventory", inventory, "--extra-vars", "@" + variables.name]
        done = subprocess.run(
            [*command, *options, str(ROOT / "playbooks/site.yml")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env=dict(
                os.environ,
                ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".collections"),
                ANSIBLE_CONNECTION_PLUGINS=str(ROOT / "molecule/shared/connection"),
                ANSIBLE_PIPELINING="1",
            ),
        )
    if done.returncode:
        print(done.stdout)
    return done.returncode == 0


def main() -> int:
    """Rotate, and print the longest gap of each server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inventory")
    parser.add_argument("repository")
    parser.add_argument("--rotations", type=int, default=20)
    given, options = parser.parse_known_args()
    watch = Watch(given.repository)
    watch.look()
    watch.start()
    good = True
    for number in range(given.rotations):
        begin = time.monotonic()
        good = rotate(given.inventory, "rotation {0}".format(number), options) and good
        print("rotation {0}: {1:.0f} s".format(number + 1, time.monotonic() - begin), flush=True)
    good = watch.sees_all_after(time.time()) and good
    watch.ends.set()
    watch.join()
    for (srvid, frequency), times in sorted(watch.times.items()):
        gaps = sorted(after - before for before, after in zip(times, times[1:]))
        print("server {0}, every {1} s: {2} snapshots, gaps {3}".format(srvid, frequency, len(times), _shown(gaps)))
        good = good and bool(gaps) and gaps[-1] <= 2 * frequency
    for srvid, taken, errors in watch.errors:
        print("server {0}, {1}: {2}".format(srvid, time.strftime("%H:%M:%S", time.gmtime(taken)), errors))
    return 0 if good and not watch.errors else 1


def _shown(gaps: List[float]) -> str:
    return ", ".join("{0:.1f} s".format(gap) for gap in gaps[-5:])


if __name__ == "__main__":
    sys.exit(main())
