# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of ansible-playbook: how long they take, and each of their tasks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any, Dict, List, Mapping, Optional
from xml.etree import ElementTree

from servers import PASSWORD, ROOT

BENCH = Path(__file__).resolve().parent

_RECAP = re.compile(r"^(\S+)\s+: (ok=\d+ .*)$", re.MULTILINE)
#: What Ansible counts of a host, once for each task.
_TASKS = ("ok", "skipped", "failed", "unreachable")


@dataclass
class Played:
    """What a run of ansible-playbook took.

    :param seconds: of the whole run, from the command to its end
    :param hosts: the recap: host -> what is counted -> how many
    :param tasks: the name of each task -> its seconds; of several with one name, their mean
    """

    seconds: float
    hosts: Dict[str, Dict[str, int]]
    tasks: Dict[str, float]

    @property
    def changed(self) -> int:
        """How many tasks have changed something."""
        return sum(counts["changed"] for counts in self.hosts.values())

    def tasks_of(self, host: str) -> int:
        """Return how many tasks a host had, done or skipped."""
        return sum(self.hosts[host][count] for count in _TASKS)


def play(playbook: Path, inventory: Any, variables: Optional[Mapping[str, Any]] = None) -> Played:
    """Run a playbook that is to succeed.

    :param inventory: a path, or hosts that end with a comma
    :param variables: extra variables, which no other user sees
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "variables.json")
        path.write_text(json.dumps(variables or {}))
        environment = dict(
            os.environ,
            ANSIBLE_NOCOLOR="1",
            ANSIBLE_CALLBACKS_ENABLED="junit",
            JUNIT_OUTPUT_DIR=folder,
            JUNIT_HIDE_TASK_ARGUMENTS="true",
        )
        command = ["ansible-playbook", "--inventory", str(inventory), "--extra-vars", "@" + str(path), str(playbook)]
        start = time.perf_counter()
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        took = time.perf_counter() - start
        output = done.stdout.replace(PASSWORD, "...")
        assert done.returncode == 0, output[-8000:]
        return Played(took, _recap(output), _tasks(Path(folder)))


def _recap(output: str) -> Dict[str, Dict[str, int]]:
    hosts = {
        host: {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", counts)}
        for host, counts in _RECAP.findall(output)
    }
    assert hosts, output[-8000:]
    return hosts


def _tasks(folder: Path) -> Dict[str, float]:
    (report,) = folder.glob("*.xml")
    cases = ElementTree.parse(str(report)).findall(".//testcase")
    times: Dict[str, List[float]] = {}
    for case in cases:
        # "[host] play: task"
        name = str(case.get("name")).split(": ", 1)[-1]
        times.setdefault(name, []).append(float(str(case.get("time"))))
    return {name: mean(values) for name, values in times.items()}
