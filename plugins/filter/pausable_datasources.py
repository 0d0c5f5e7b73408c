# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.pausable_datasources."""

from __future__ import annotations

DOCUMENTATION = r"""
name: pausable_datasources
short_description: List the datasources that a repository pauses
version_added: 0.2.0
description:
  - Returns the datasources that a repository has to pause before the first of its remotes changes, as
    M(pgfleet.powa.datasources) takes them. Snapshots of these wait on all remotes if the columns change, or on those
    remotes that lack their side.
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
- name: Pause the datasources whose remotes are about to change
  pgfleet.powa.datasources:
    server_kind: [repository]
    datasources: >-
      {{ inventory_hostname | pgfleet.powa.pausable_datasources(hostvars | pgfleet.powa.fleet(groups), hostvars) }}
    login_db: powa
  become: true
  become_user: postgres
"""

RETURN = r"""
_value:
  description: The datasources, each with C(state=paused).
  type: list
  elements: dict
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository import datasources_to_pause
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def pausable_datasources(host, fleet, hostvars, lost=(), check_mode=False):
    """Return the datasources that a repository pauses before its remotes change."""
    return datasources_to_pause(Run(fleet, hostvars, lost, check_mode), host)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"pausable_datasources": pausable_datasources}
