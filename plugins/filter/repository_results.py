# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.repository_results."""

from __future__ import annotations

DOCUMENTATION = r"""
name: repository_results
short_description: Collect what the remotes of a repository have returned
version_added: 0.2.0
description:
  - Returns what the tasks that create datasources have returned on the remotes of a repository in this run, as
    M(pgfleet.powa.datasources) takes it.
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
- name: Show on which remotes this run has created the datasources
  ansible.builtin.debug:
    msg: "{{ inventory_hostname | pgfleet.powa.repository_results(hostvars | pgfleet.powa.fleet(groups), hostvars) }}"
"""

RETURN = r"""
_value:
  description: The results.
  type: dict
  contains:
    described:
      description: What the remotes have returned, each with its C(server) and its C(datasources).
      type: list
      elements: dict
    ready:
      description: The servers whose side is as declared after this run.
      type: list
      elements: str
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_datasources import results_of_remotes
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def repository_results(host, fleet, hostvars, lost=(), check_mode=False):
    """Return what the remotes' tasks have returned."""
    return results_of_remotes(Run(fleet, hostvars, lost, check_mode), host)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"repository_results": repository_results}
