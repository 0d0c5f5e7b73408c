# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as AWX runs them: by ansible-runner, with a private data directory and a project."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from shutil import copytree
from typing import Any, Dict, Mapping

from servers import ROOT

#: The repository that the files of the example name.
REPOSITORY = "pg-repository.example.com"


class Job:
    """A job that has ended.

    :param rc: the exit code
    :param output: all that Ansible has printed
    :param artifacts: what the job has left, which AWX shows with it
    """

    def __init__(self, done: "subprocess.CompletedProcess[str]", folder: Path) -> None:
        self.rc = done.returncode
        self.output = done.stdout
        self.artifacts: Dict[str, Any] = {}
        for path in folder.glob("job_events/*.json"):
            event = json.loads(path.read_text())
            if event["event"] == "playbook_on_stats":
                self.artifacts = event["event_data"]["artifact_data"]
        print(done.stdout)


class Project:
    """A project with the files of the example, and the private data directory of its jobs."""

    def __init__(self, folder: Path, repository: str) -> None:
        self.folder = folder / "project"
        self._private = folder
        self._jobs = 0
        copytree(ROOT / "examples" / "awx", self.folder)
        for name in ("hosts", "fleet.powa.yml"):
            path = self.folder / "inventory" / name
            path.write_text(path.read_text().replace(REPOSITORY, repository))
        for name in ("inventory", "env"):
            (folder / name).mkdir()

    def inventory(self, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Do what an update of the inventory does, with no variable that tells Ansible where the collection is."""
        # The collection is where the example's ansible.cfg has Ansible look for it.
        home = self._private / "home"
        (home / ".ansible").mkdir(parents=True, exist_ok=True)
        if not (home / ".ansible" / "collections").is_symlink():
            (home / ".ansible" / "collections").symlink_to(ROOT / ".collections")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "POWA_", "PG"))}
        return subprocess.run(
            ["ansible-inventory", "-i", "inventory", "--list", "--export"],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=dict(
                kept,
                HOME=str(home),
                ANSIBLE_COLLECTIONS_PATHS="/runner/requirements_collections",
                ANSIBLE_INVENTORY_UNPARSED_FAILED="1",
                **environment,
            ),
        )

    def run(self, playbook: str, found: Mapping[str, Any], *options: str, **variables: str) -> Job:
        """Run a job.

        :param found: what an update of the inventory has stored
        :param options: those of ansible-playbook
        :param variables: the extra variables, and those of credentials, which begin with C(secret_) here
        """
        self._jobs += 1
        script = self._private / "inventory" / "hosts"
        script.write_text("#!/bin/sh\ncat << 'JSON'\n{0}\nJSON\n".format(json.dumps(found)))
        script.chmod(0o700)
        secrets = {name[len("secret_") :]: text for name, text in variables.items() if name.startswith("secret_")}
        others = {name: text for name, text in variables.items() if not name.startswith("secret_")}
        credential = self._private / "env" / "credential{0}".format(self._jobs)
        credential.write_text(_marked(secrets))
        credential.chmod(0o600)
        (self._private / "env" / "extravars").write_text(_marked(others))
        (self._private / "env" / "cmdline").write_text(" ".join(["-e", "@{0}".format(credential), *options]))
        done = subprocess.run(
            ["ansible-runner", "run", str(self._private), "--playbook", playbook, "--ident", str(self._jobs)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env=dict(
                os.environ,
                ANSIBLE_NOCOLOR="1",
                ANSIBLE_PIPELINING="1",
                ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".collections"),
                ANSIBLE_CONNECTION_PLUGINS=str(ROOT / "molecule" / "shared" / "connection"),
            ),
        )
        return Job(done, self._private / "artifacts" / str(self._jobs))


def _marked(variables: Mapping[str, str]) -> str:
    """Return variables as AWX passes them."""
    return "".join(
        "!unsafe {0}: !unsafe {1}\n".format(json.dumps(name), json.dumps(text)) for name, text in variables.items()
    )
