# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as AWX runs them: by ansible-runner in an execution environment, with a private data directory and a project."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from shutil import copytree
from typing import Any, Dict, Mapping

from servers import CONTAINERS, NETWORK, ROOT

#: The repository that the files of the example name.
REPOSITORY = "pg-repository.example.com"
#: podman is that of the tests.
ENVIRONMENT = {**os.environ, "PATH": "{0}:{1}".format(CONTAINERS, os.environ["PATH"])}
#: What AWX sets for every job, and no colours.
SETTINGS = {"ANSIBLE_HOST_KEY_CHECKING": "False", "ANSIBLE_NOCOLOR": "1"}


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
    """A project with the files of the example, and the private data directory of its jobs.

    :param image: the execution environment
    :param key: the private key of the machine credential
    :param addresses: those of the hosts by their names, the repository first
    """

    def __init__(self, folder: Path, image: str, key: str, addresses: Mapping[str, str]) -> None:
        self.folder = folder / "project"
        self._private = folder
        self._image = image
        # As in a container without root, the files of the private data directory belong to the user in there.
        self._container = ["--network={0}".format(NETWORK), "--user=root"]
        self._container += ["--add-host={0}:{1}".format(*each) for each in addresses.items()]
        self._jobs = 0
        copytree(ROOT / "examples" / "awx", self.folder)
        for name in ("hosts", "fleet.powa.yml"):
            path = self.folder / "inventory" / name
            path.write_text(path.read_text().replace(REPOSITORY, next(iter(addresses))))
        for name in ("inventory", "env"):
            (folder / name).mkdir()
        (folder / "env" / "envvars").write_text(json.dumps(SETTINGS))
        (folder / "env" / "ssh_key").write_text(key)

    def inventory(self, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Do what an update of the inventory does, with no variable that tells Ansible where the collection is."""
        environment["ANSIBLE_COLLECTIONS_PATHS"] = "/runner/requirements_collections"
        environment["ANSIBLE_INVENTORY_UNPARSED_FAILED"] = "1"
        options = ["--env={0}={1}".format(*each) for each in environment.items()]
        options += ["--volume={0}:/runner".format(self._private), "--workdir=/runner/project", *self._container]
        command = ["ansible-inventory", "-i", "inventory", "--list", "--export"]
        return subprocess.run(
            ["podman", "run", "--rm", *options, self._image, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=ENVIRONMENT,
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
        credentials = "-e @/runner/env/{0}".format(credential.name)
        (self._private / "env" / "cmdline").write_text(" ".join([credentials, *options]))
        # It names the container, too.
        ident = "{0}-{1}".format(NETWORK, self._jobs)
        done = subprocess.run(
            [
                *("ansible-runner", "run", str(self._private), "--playbook", playbook, "--ident", ident),
                *("--process-isolation", "--process-isolation-executable", "podman", "--container-image", self._image),
                *("--container-option=" + option for option in self._container),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env=ENVIRONMENT,
        )
        return Job(done, self._private / "artifacts" / ident)

    def printed(self) -> str:
        """Return what all jobs have printed."""
        return "".join(path.read_text() for path in self._private.glob("artifacts/*/stdout"))


def _marked(variables: Mapping[str, str]) -> str:
    """Return variables as AWX passes them."""
    lines = ["!unsafe {0}: !unsafe {1}".format(json.dumps(name), json.dumps(text)) for name, text in variables.items()]
    return "\n".join(lines) or "{}"
