# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.repository_servers."""

from __future__ import annotations

DOCUMENTATION = r"""
name: repository_servers
short_description: List the servers that a repository registers
version_added: 0.2.0
description:
  - Returns the remotes of a repository that this run has not lost, as M(pgfleet.powa.servers) takes them, and the
    remotes that have moved to another repository, with C(state=absent). None has C(history=drop), since what is to be
    deleted is disabled first. The filter P(pgfleet.powa.repository_plan#filter) says when it goes.
  - The list holds passwords, so use it in the option of the module only.
  - The role P(pgfleet.powa.repository#role) uses it.
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars, lost, check_mode
options:
  _input:
    description: The repository.
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
- name: Register the remotes of this repository
  pgfleet.powa.servers:
    servers: >-
      {{ inventory_hostname | pgfleet.powa.repository_servers(hostvars | pgfleet.powa.fleet(groups), hostvars) }}
    login_db: powa
  become: true
  become_user: postgres
"""

RETURN = r"""
_value:
  description: The servers.
  type: list
  elements: dict
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_servers import servers_to_register
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def repository_servers(host, fleet, hostvars, lost=(), check_mode=False):
    """Return the servers that a repository registers, with their passwords."""
    return servers_to_register(Run(fleet, hostvars, lost, check_mode), host)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"repository_servers": repository_servers}
