# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.host_check."""

from __future__ import annotations

DOCUMENTATION = r"""
name: host_check
short_description: Say what is wrong with a host before anything is changed
version_added: 0.2.0
description:
  - Compares a host's variables with what M(pgfleet.powa.host_info) found there.
  - The playbook C(pgfleet.powa.site) and the roles use it.
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars, lost_hosts, check_mode
options:
  _input:
    description: The inventory name of the host.
    type: str
    required: true
  fleet:
    description: The result of P(pgfleet.powa.fleet#filter).
    type: dict
    required: true
  hostvars:
    description: >-
      Ansible's C(hostvars), where each host that was read has the result of M(pgfleet.powa.host_info) as
      C(__common_seen).
    type: dict
    required: true
  lost_hosts:
    description: The hosts that the run has left out before.
    type: list
    elements: str
    default: []
  check_mode:
    description: Whether the run changes nothing.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show what is wrong with this host
  ansible.builtin.debug:
    msg: "{{ (inventory_hostname | pgfleet.powa.host_check(fleet, hostvars)).problems }}"
  vars:
    fleet: "{{ hostvars | pgfleet.powa.fleet(groups) }}"
"""

RETURN = r"""
_value:
  description: What was found.
  type: dict
  contains:
    problems:
      description: What is wrong, one sentence each.
      type: list
      elements: str
    skipped:
      description: What check mode skips, and what the run leaves as it is on purpose, one sentence each.
      type: list
      elements: str
    announced:
      description:
        - In check mode, what a run would bring that the tasks of check mode cannot show, because they need a package of
          that run, one sentence each.
      type: list
      elements: str
    said:
      description: Both of these.
      type: list
      elements: str
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._preflight import check_host
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def host_check(host, fleet, hostvars, lost_hosts=(), check_mode=False):
    """Return what is wrong with a host, what check mode skips, and what a run would bring."""
    return check_host(Run(fleet, hostvars, lost_hosts, check_mode), host)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"host_check": host_check}
