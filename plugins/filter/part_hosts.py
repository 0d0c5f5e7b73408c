# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.part_hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: part_hosts
short_description: Find the hosts that need a part of the playbook site
version_added: 0.2.0
description:
  - Returns the hosts of groups that need a part of the playbook C(pgfleet.powa.site), without those that the run has
    lost. A play that has no hosts costs nothing, and says nothing about each host.
author:
  - pgfleet (@pgfleet)
positional: groups, hostvars, need, check_mode, first
options:
  _input:
    description: Names of groups. A group that does not exist has no hosts.
    type: list
    elements: str
    required: true
  groups:
    description: Ansible's C(groups).
    type: dict
    required: true
  hostvars:
    description: Ansible's C(hostvars).
    type: dict
    required: true
  need:
    description:
      - What a host has to need. Without it, every host needs the part.
      - If a host's need cannot be told, the host is in the result, so that the part fails for this host alone.
    type: str
    default: ''
  check_mode:
    description: Whether nothing is changed.
    type: bool
    default: false
  first:
    description: What hosts that are to be first need, as in O(need).
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Show the remotes that the run has not lost
  ansible.builtin.debug:
    msg: "{{ ['powa_remotes'] | pgfleet.powa.part_hosts(groups_of_run, {}) | join(', ') }}"
  vars:
    groups_of_run:
      powa_remotes: [pg-orders, pg-billing]
      pgfleet_lost: [pg-billing]
"""

RETURN = r"""
_value:
  description: The hosts, as C(hosts) of a play takes them.
  type: list
  elements: str
  sample: [pg-orders]
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._parts import part_hosts


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"part_hosts": part_hosts}
