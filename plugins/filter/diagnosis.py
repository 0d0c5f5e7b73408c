# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.diagnosis."""

from __future__ import annotations

DOCUMENTATION = r"""
name: diagnosis
short_description: What is wrong with a fleet, from what was seen of each host
version_added: 0.2.0
description:
  - Compares what M(pgfleet.powa.server_info) has returned of each host, and adds what only several hosts together tell.
  - The playbook C(pgfleet.powa.doctor) uses it.
author:
  - pgfleet (@pgfleet)
positional: fleet, inventory_problems, ignore
options:
  _input:
    description:
      - By the name of each host its C(groups), the result of M(pgfleet.powa.server_info) as C(info), and as C(host)
        that of a command which has printed its C(unit), C(installed), C(log) and C(unresolved) names.
    type: dict
    required: true
  fleet:
    description: Which host serves which, as C(repositories), C(remotes) and C(collectors).
    type: dict
    required: true
  inventory_problems:
    description: What is wrong with the inventory itself, a sentence each.
    type: list
    elements: str
    default: []
  ignore:
    description: Kinds of problems that are left out.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: What is wrong with one repository that has no remotes in the inventory
  ansible.builtin.debug:
    msg: "{{ ({'pg-repository': {'groups': ['powa_repositories'], 'info': powa_info, 'host': {}}}
      | pgfleet.powa.diagnosis({'repositories': ['pg-repository'], 'remotes': {}, 'collectors': {}})).text }}"
"""

RETURN = r"""
_value:
  description: The findings.
  type: dict
  contains:
    problems:
      description: Every problem, as M(pgfleet.powa.server_info) returns them, with the C(host) on which it was seen.
      type: list
      elements: dict
    servers:
      description: Each host and registered server with its versions, the age of its last snapshot and its problems.
      type: list
      elements: dict
    table:
      description: The servers as aligned lines.
      type: list
      elements: str
    text:
      description: The problems as lines.
      type: list
      elements: str
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._diagnosis import diagnose


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"diagnosis": diagnose}
