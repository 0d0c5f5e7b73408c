# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.rotating."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rotating
short_description: List the remotes whose passwords a collector changes
version_added: 0.2.0
description:
  - Returns the remotes whose monitoring role is to get another password together with the password file of a collector.
  - The role P(pgfleet.powa.collector#role) uses it.
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars, lost, check_mode
options:
  _input:
    description: The host of the collector, or C(outside) for the remotes whose collectors C(--limit) leaves out.
    type: str
    required: true
  fleet:
    description: The result of P(pgfleet.powa.fleet#filter).
    type: dict
    required: true
  hostvars:
    description: Ansible's C(hostvars), with what tasks have registered.
    type: dict
    required: true
  lost:
    description: The hosts that the rest of the run leaves out.
    type: list
    elements: str
    default: []
  check_mode:
    description: Whether nothing is changed.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show for which remotes this collector changes the password
  ansible.builtin.debug:
    msg: "{{ inventory_hostname | pgfleet.powa.rotating(hostvars | pgfleet.powa.fleet(groups), hostvars) }}"
"""

RETURN = r"""
_value:
  description: The remotes.
  type: list
  elements: dict
  contains:
    host:
      description: The remote.
      type: str
    repository:
      description: Its repository.
      type: str
    hostname:
      description: The name or address by which the repository knows it.
      type: str
    port:
      description: The port by which the repository knows it.
      type: int
    role:
      description: The monitoring role.
      type: str
    due:
      description: SQL that counts the snapshots of the remote that are due soon, on the repository.
      type: str
    sessions:
      description: What the collector's sessions are called while it takes a snapshot of one of the servers, in lines.
      type: str
    search_path:
      description: Where that SQL finds its tables.
      type: list
      elements: str
    files:
      description: The password files that get the new line, each with its C(host), C(path) and C(user).
      type: list
      elements: dict
    servers:
      description: >-
        The remote and the standbys that get the same password by replication, as M(pgfleet.powa.servers) takes them.
      type: list
      elements: dict
    stores:
      description: Whether the repository stores the password.
      type: bool
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils import _rotation_steps
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def rotating(host, fleet, hostvars, lost=(), check_mode=False):
    """Return the remotes whose passwords a collector changes."""
    return _rotation_steps.rotating(Run(fleet, hostvars, lost, check_mode), host)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"rotating": rotating}
