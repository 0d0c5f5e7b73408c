# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.batches."""

from __future__ import annotations

DOCUMENTATION = r"""
name: batches
short_description: Read how many hosts a play works on at a time
version_added: 0.2.0
description:
  - Reads a number of hosts, a share of them, or a list of these, also from a text, as surveys of AWX pass it.
  - Returns what the keyword C(serial) of a play takes. What it cannot read is an error.
  - The playbook C(pgfleet.powa.site) reads C(powa_serial) with it.
author:
  - pgfleet (@pgfleet)
positional: careful
options:
  _input:
    description: C(5), C(25%), C(1,25%,100%) or a list. What is empty, V(null) or V(0) means all hosts at once.
    type: raw
    required: true
  careful:
    description:
      - Whether to return one host, then a quarter, then the rest if nothing is set. V(0) still means all hosts.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Work on one host, then on a quarter of the fleet at a time
  hosts: powa_remotes
  serial: "{{ '1,25%' | pgfleet.powa.batches }}"
  tasks:
    - name: Show the batch
      ansible.builtin.debug:
        var: ansible_play_batch
"""

RETURN = r"""
_value:
  description: The sizes of the batches, the last of which is repeated; empty for all hosts at once.
  type: list
  elements: raw
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._batches import batches


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"batches": batches}
