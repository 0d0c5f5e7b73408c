# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.lost."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lost
short_description: Say why the rest of a run leaves hosts out
version_added: 0.2.0
description:
  - Returns the hosts of the run that a task could not reach or read, each with the cause. Hosts that the run has left
    out before are not looked at.
  - With O(host), it returns only why a task failed on this host.
  - The playbook C(pgfleet.powa.site) uses it.
author:
  - pgfleet (@pgfleet)
positional: hostvars, lost_hosts
options:
  _input:
    description: The result of P(pgfleet.powa.fleet#filter).
    type: dict
    required: true
  hostvars:
    description: Ansible's C(hostvars).
    type: dict
    required: true
  lost_hosts:
    description: The hosts that the run has left out before.
    type: list
    elements: str
    default: []
  host:
    description: The host on which a task failed.
    type: str
  task:
    description: The name of that task.
    type: str
  result:
    description: What that task returned.
    type: dict
"""

EXAMPLES = r"""
- name: Show which hosts Ansible could not reach
  ansible.builtin.debug:
    msg: "{{ hostvars | pgfleet.powa.fleet(groups) | pgfleet.powa.lost(hostvars) }}"
"""

RETURN = r"""
_value:
  description: The cause for each host.
  type: dict
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._lost import Failure, failed, unreached
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def lost(fleet, hostvars, lost_hosts=(), host=None, task=None, result=None):
    """Return why to leave out which hosts."""
    run = Run(fleet, hostvars, lost_hosts)
    if host is None:
        return unreached(run)
    return {host: failed(run, host, Failure(task or "", result or {}))}


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"lost": lost}
