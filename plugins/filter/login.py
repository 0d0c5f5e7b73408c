# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.login."""

from __future__ import annotations

DOCUMENTATION = r"""
name: login
short_description: Tell how tasks log in to the PostgreSQL of a host
version_added: 0.2.0
description:
  - Returns what the variables C(powa_login_*), C(powa_become) and C(powa_become_user) of a host mean for a task.
  - The result holds the password, so use it only for keywords of a task, and for options of modules.
  - All roles use it.
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars
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
"""

EXAMPLES = r"""
- name: Read the state of PoWA with the login that the roles have
  pgfleet.powa.server_info:
  become: "{{ login.become }}"
  become_user: "{{ login.become_user }}"
  module_defaults:
    group/pgfleet.powa.powa: "{{ login.options }}"
  vars:
    login: "{{ inventory_hostname | pgfleet.powa.login(hostvars | pgfleet.powa.fleet(groups), hostvars) }}"
"""

RETURN = r"""
_value:
  description: What a task goes by.
  type: dict
  contains:
    become:
      description: Whether a task that logs in to PostgreSQL becomes another user.
      type: bool
    become_user:
      description: That user.
      type: str
    delegate_to:
      description: Where the tasks run. Normally that is the host itself.
      type: str
    reader:
      description: The same two for M(pgfleet.powa.host_info).
      type: dict
    options:
      description: The options of the modules to log in with.
      type: dict
    host_info:
      description: The same with the further options of M(pgfleet.powa.host_info) that say how it logs in.
      type: dict
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._login import login_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def login(host, fleet, hostvars):
    """Return how tasks log in to the PostgreSQL of a host."""
    return login_of(Run(fleet, hostvars), host)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"login": login}
