# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.doctor_looks."""

from __future__ import annotations

DOCUMENTATION = r"""
name: doctor_looks
short_description: Collect what the doctor has read on each host
version_added: 0.2.0
description:
  - Returns of each host its groups and what the role P(pgfleet.powa.doctor#role) has registered there, as
    P(pgfleet.powa.diagnosis#filter) takes it.
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars
options:
  _input:
    description: The hosts.
    type: list
    elements: str
    required: true
  fleet:
    description: The fleet that the inventory declares, as P(pgfleet.powa.fleet#filter) returns it.
    type: dict
    required: true
  hostvars:
    description: Ansible's C(hostvars), with what the tasks of this run have registered.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what the doctor has read
  ansible.builtin.debug:
    msg: "{{ groups.powa_repositories | pgfleet.powa.doctor_looks(fleet, hostvars) }}"
  vars:
    fleet: "{{ hostvars | pgfleet.powa.fleet(groups) }}"
"""

RETURN = r"""
_value:
  description: For each host, by name, its C(groups), and the results C(info) and C(host).
  type: dict
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._doctor import looks
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def doctor_looks(hosts, fleet, hostvars):
    """Return what the doctor has read on each host."""
    return looks(Run(fleet, hostvars), hosts)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"doctor_looks": doctor_looks}
