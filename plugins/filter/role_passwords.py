# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.role_passwords."""

from __future__ import annotations

DOCUMENTATION = r"""
name: role_passwords
short_description: List the passwords that the roles of a host should have
version_added: 0.2.0
description:
  - Returns those of the roles of the collector and of powa-web that are declared, and that Ansible can evaluate.
  - The result holds passwords, so use it only for an option that is not logged, such as
    O(pgfleet.powa.host_info#module:expected_passwords).
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars
options:
  _input:
    description: The host.
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
"""

EXAMPLES = r"""
- name: Show of which roles the inventory has the password
  ansible.builtin.debug:
    msg: "{{ host | pgfleet.powa.role_passwords(fleet, {}) | list }}"
  vars:
    host: pg-orders
    fleet: "{{ {host: {}} | pgfleet.powa.fleet({'powa_remotes': [host]}, scope={}) }}"
"""

RETURN = r"""
_value:
  description: Role -> password.
  type: dict
  sample: {}
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._role_passwords import role_passwords as passwords_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def role_passwords(host, fleet, hostvars):
    """Return the passwords that the roles of a host should have."""
    return passwords_of(Run(fleet, hostvars), host)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"role_passwords": role_passwords}
