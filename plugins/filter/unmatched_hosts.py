# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.unmatched_hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: unmatched_hosts
short_description: Find out whether a run matches no host of the fleet
version_added: 0.2.0
description:
  - Returns the hosts of a play that is to fail if no host of the four groups takes part in the run. If any does, these
    are none.
  - The playbooks C(pgfleet.powa.site), C(pgfleet.powa.doctor) and C(pgfleet.powa.report) use it.
author:
  - pgfleet (@pgfleet)
positional: hostvars
options:
  _input:
    description: Ansible's C(groups).
    type: dict
    required: true
  hostvars:
    description: Ansible's C(hostvars), after a play has read the fleet.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show where a run without any host of the fleet would fail
  ansible.builtin.debug:
    msg: "{{ {'all': ['www1']} | pgfleet.powa.unmatched_hosts({}) | join(', ') }}"
"""

RETURN = r"""
_value:
  description: The hosts, as C(hosts) of a play takes them.
  type: list
  elements: str
  sample: [all]
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._unmatched import unmatched_hosts


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"unmatched_hosts": unmatched_hosts}
