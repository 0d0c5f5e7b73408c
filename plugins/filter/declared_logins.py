# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.declared_logins."""

from __future__ import annotations

DOCUMENTATION = r"""
name: declared_logins
short_description: List the roles that log in to a host, with their passwords
version_added: 0.2.0
description:
  - Returns roles as M(pgfleet.powa.login_roles) takes them.
  - The list holds passwords, so use it in the option of the module only.
  - The roles P(pgfleet.powa.remote#role) and P(pgfleet.powa.repository#role) use it.
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars, logins
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
    description: Ansible's C(hostvars).
    type: dict
    required: true
  logins:
    description: The name of each role, and the variable that holds its password.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Create the monitoring role of this host, or correct its password
  pgfleet.powa.login_roles:
    roles: >-
      {{ inventory_hostname | pgfleet.powa.declared_logins(hostvars | pgfleet.powa.fleet(groups), hostvars, logins) }}
    login_db: postgres
  become: true
  become_user: postgres
  vars:
    logins: [{name: powa_monitor, variable: powa_monitoring_password}]
"""

RETURN = r"""
_value:
  description: The roles.
  type: list
  elements: dict
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._access import declared_logins as declared
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def declared_logins(host, fleet, hostvars, logins):
    """Return the roles that log in to a host, with their passwords."""
    return declared(logins, Run(fleet, hostvars), host)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"declared_logins": declared_logins}
