# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.refusals."""

from __future__ import annotations

DOCUMENTATION = r"""
name: refusals
short_description: List the datasources that hosts refuse
version_added: 0.2.0
description:
  - Returns one sentence for each host and each datasource that it has refused when the datasources were checked.
  - The playbook C(pgfleet.powa.site) uses it.
author:
  - pgfleet (@pgfleet)
positional: hostvars, host
options:
  _input:
    description: The result of P(pgfleet.powa.fleet#filter).
    type: dict
    required: true
  hostvars:
    description: Ansible's C(hostvars), with what tasks have registered.
    type: dict
    required: true
  host:
    description: Only what the run has left out of this host, because C(powa_skip_refused) is true there.
    type: str
"""

EXAMPLES = r"""
- name: Show what the hosts refuse
  ansible.builtin.debug:
    msg: "{{ hostvars | pgfleet.powa.fleet(groups) | pgfleet.powa.refusals(hostvars) }}"
"""

RETURN = r"""
_value:
  description: The sentences.
  type: list
  elements: str
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._refused import left_out, refusal_lines
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def refusals(fleet, hostvars, host=None):
    """Return what the hosts of a run refuse, or what the run has left out of one host."""
    run = Run(fleet, hostvars)
    return refusal_lines(run) if host is None else left_out(run, host)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"refusals": refusals}
