# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""containers.podman.podman with pipelining: one call of podman for each task, where that one makes five."""

from __future__ import annotations

import shlex
from typing import Any, Tuple

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ensure_connect
from ansible_collections.containers.podman.plugins.connection import podman

DOCUMENTATION = """
name: podman_pipelined
short_description: Runs tasks in containers with one call of podman for each
description:
  - As containers.podman.podman, but a module comes through standard input.
options:
  remote_addr:
    description: The container.
    default: inventory_hostname
    vars: [{name: inventory_hostname}, {name: ansible_host}]
  remote_user:
    description: The user in the container; root where it is not given.
    vars: [{name: ansible_user}]
  podman_extra_args:
    description: Options of podman itself.
    default: ""
  podman_executable:
    description: The command.
    default: podman
"""


class Connection(podman.Connection):
    """The connection to one container."""

    transport = "podman_pipelined"
    has_pipelining = True

    def _connect(self) -> None:
        # Only files have to be seen from outside.
        self._connected = True

    @ensure_connect
    def exec_command(self, cmd: str, in_data: Any = None, sudoable: bool = False) -> Tuple[int, bytes, bytes]:
        """Run a command that may read from its standard input."""
        options = ["--interactive"] if in_data is not None else []
        options += ["--user", self.user] if self.user else []
        status, out, err = self._podman(["exec", *options], shlex.split(cmd), in_data)
        # What podman itself says of a container that is down: the host cannot be reached.
        if status in (125, 255) and err.startswith(b"Error: "):
            raise AnsibleConnectionFailure(err.decode("utf-8", "replace").strip())
        return status, out, err

    def put_file(self, in_path: str, out_path: str) -> None:
        """Copy a file into the container."""
        super()._connect()
        super().put_file(in_path, out_path)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file out of the container."""
        super()._connect()
        super().fetch_file(in_path, out_path)
