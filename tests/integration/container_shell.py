# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs scripts in a container through one C(podman exec) that stays: a new one takes longer than most scripts."""

from __future__ import annotations

import json
import subprocess
from typing import Sequence

#: Runs in the container: a request is a line of JSON, and so is the answer.
_AGENT = """
import json, subprocess, sys
for line in sys.stdin:
    script, text = json.loads(line)
    done = subprocess.run(["bash", "-c", script], input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    parts = [part.decode("utf-8", "replace") for part in (done.stdout, done.stderr)]
    print(json.dumps([done.returncode, *parts]), flush=True)
"""


class ContainerShell:
    """Runs scripts as root in one container."""

    def __init__(self, podman: str, container: str) -> None:
        command: Sequence[str] = [podman, "exec", "--interactive", container, "python3", "-c", _AGENT]
        self._agent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, script: str, text: str) -> str:
        """Run a script that reads this text, and return what it prints."""
        assert self._agent.stdin is not None and self._agent.stdout is not None
        self._agent.stdin.write(json.dumps([script, text]) + "\n")
        self._agent.stdin.flush()
        status, out, err = json.loads(self._agent.stdout.readline())
        if status:
            print(err)
            raise subprocess.CalledProcessError(status, script, out, err)
        return str(out)

    def close(self) -> None:
        """End what runs in the container."""
        self._agent.communicate()
