# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.report_repositories."""

from __future__ import annotations

DOCUMENTATION = r"""
name: report_repositories
short_description: Collect what the report has read on each repository
version_added: 0.2.0
description:
  - Returns of each repository among some hosts what the roles P(pgfleet.powa.doctor#role) and
    P(pgfleet.powa.report#role) have registered there.
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
- name: Show what the report has read
  ansible.builtin.debug:
    msg: "{{ groups.powa_repositories | pgfleet.powa.report_repositories(fleet, hostvars) }}"
  vars:
    fleet: "{{ hostvars | pgfleet.powa.fleet(groups) }}"
"""

RETURN = r"""
_value:
  description:
    - For each repository its name (C(host)), the result of M(pgfleet.powa.server_info) (C(info)), and that of
      M(pgfleet.powa.history_info) (C(history)).
  type: list
  elements: dict
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._doctor import reported_repositories
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def report_repositories(hosts, fleet, hostvars):
    """Return what the report has read on each repository."""
    return reported_repositories(Run(fleet, hostvars), hosts)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"report_repositories": report_repositories}
