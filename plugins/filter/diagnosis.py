# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.diagnosis."""

from __future__ import annotations

DOCUMENTATION = r"""
name: diagnosis
short_description: Find out what is wrong with a fleet
version_added: 0.2.0
description:
  - Compares what M(pgfleet.powa.server_info) returned for each host, and adds problems that show only in several hosts
    together.
  - The playbook C(pgfleet.powa.doctor) uses it.
author:
  - pgfleet (@pgfleet)
positional: fleet, inventory_problems, ignore
options:
  _input:
    description:
      - For each host, by name, its C(groups), the result of M(pgfleet.powa.server_info) as C(info), and as C(host)
        that of M(pgfleet.powa.host_info).
    type: dict
    required: true
  fleet:
    description: Which host belongs to which, as C(repositories), C(remotes) and C(collectors).
    type: dict
    required: true
  inventory_problems:
    description: What is wrong with the inventory itself, one sentence each.
    type: list
    elements: str
    default: []
  ignore:
    description:
      - Kinds of problems to leave out. RV(pgfleet.powa.server_info#module:problems[].kind) has them, and any other word
        is an error. An empty text, or null, leaves nothing out.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show what is wrong with a repository that has no remotes in the inventory
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
      description: Every problem, as returned by M(pgfleet.powa.server_info), with the C(host) on which it was found.
      type: list
      elements: dict
    state:
      description:
        - What a plugin of Nagios or Icinga would say, as the C(line) that it prints and the C(code) with which it
          exits, whose C(word) is V(OK), V(WARNING) or V(CRITICAL).
        - Beside them are the numbers of C(servers), of C(problems), and of those of each kind, as C(kinds).
      type: dict
    servers:
      description: Each host and registered server with its versions, the age of its last snapshot and its problems.
      type: list
      elements: dict
    not_visible:
      description:
        - What the login could not see on each C(host), with the C(part) of what M(pgfleet.powa.server_info) returns,
          and the rights that it C(lacks). None of it is a problem.
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
    not_visible_text:
      description: What was not visible as lines.
      type: list
      elements: str
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._diagnosis import diagnose


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"diagnosis": diagnose}
