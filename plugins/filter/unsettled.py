# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.unsettled."""

from __future__ import annotations

DOCUMENTATION = r"""
name: unsettled
short_description: List the datasources that a host has to check
version_added: 0.2.0
description:
  - Returns the datasources of a host that are new or changed, and that the host can check at that time of a run.
  - The roles P(pgfleet.powa.remote#role) and P(pgfleet.powa.repository#role) use it.
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars, lost, check_mode, late
options:
  _input:
    description: The host.
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
  late:
    description: Whether the run has made PoWA, its extensions and the monitoring role by now.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show which datasources are new or changed here
  ansible.builtin.debug:
    msg: "{{ inventory_hostname | pgfleet.powa.unsettled(hostvars | pgfleet.powa.fleet(groups), hostvars) }}"
"""

RETURN = r"""
_value:
  description: What the host has to check.
  type: dict
  contains:
    datasources:
      description: The datasources.
      type: list
      elements: dict
    kinds:
      description: As which kinds of server the host runs their queries.
      type: list
      elements: str
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils import _unsettled
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def unsettled(host, fleet, hostvars, lost=(), check_mode=False, late=False):
    """Return what a host has to check."""
    return _unsettled.unsettled(Run(fleet, hostvars, lost, check_mode), host, late)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"unsettled": unsettled}
