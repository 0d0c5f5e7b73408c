# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.unconnected."""

from __future__ import annotations

DOCUMENTATION = r"""
name: unconnected
short_description: Say which remotes a collector is not connected to
version_added: 0.2.0
description:
  - Compares the remotes of this run with the workers that M(pgfleet.powa.collector) has returned for a collector.
  - The role P(pgfleet.powa.collector#role) uses it at the end of a run.
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars, lost
options:
  _input:
    description: The collector's host.
    type: str
    required: true
  fleet:
    description: The fleet that the inventory declares, as P(pgfleet.powa.fleet#filter) returns it.
    type: dict
    required: true
  hostvars:
    description: Ansible's C(hostvars), with what the tasks of this run have registered.
    type: dict
    required: true
  lost:
    description: Hosts that the rest of the run leaves out.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show which remotes the collector is not connected to
  ansible.builtin.debug:
    msg: "{{ host | pgfleet.powa.unconnected(fleet, hostvars) }}"
  vars:
    host: pg-repository
    members: {powa_repositories: [pg-repository], powa_collectors: [pg-repository]}
    fleet: "{{ {host: {}} | pgfleet.powa.fleet(members, scope={}) }}"
"""

RETURN = r"""
_value:
  description: One sentence for each of these remotes, with the cause.
  type: list
  elements: str
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._connected import unconnected
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def of_host(host, fleet, hostvars, lost=()):
    """Return a sentence for each remote that a collector is not connected to."""
    return unconnected(Run(fleet, hostvars, lost), host)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"unconnected": of_host}
