# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.collector_passwords."""

from __future__ import annotations

DOCUMENTATION = r"""
name: collector_passwords
short_description: List the logins whose passwords a collector has in its file
version_added: 0.2.0
description:
  - Lists the login to the repository and, unless the repository stores their passwords, those to its remotes.
  - The result holds passwords, so use it only in tasks with C(no_log). The role P(pgfleet.powa.collector#role) does,
    with P(pgfleet.powa.pgpass#filter).
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars
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
"""

EXAMPLES = r"""
- name: Show how many passwords the collector has
  ansible.builtin.debug:
    msg: "{{ (host | pgfleet.powa.collector_passwords(fleet, {})) | length }}"
  vars:
    host: pg-repository
    members: {powa_repositories: [pg-repository], powa_collectors: [pg-repository]}
    fleet: "{{ {host: {}} | pgfleet.powa.fleet(members, scope={}) }}"
"""

RETURN = r"""
_value:
  description: The logins, as P(pgfleet.powa.pgpass#filter) takes them.
  type: list
  elements: dict
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._collector import collector_passwords as logins
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def collector_passwords(host, fleet, hostvars):
    """Return the logins whose passwords a collector has in its file."""
    return logins(Run(fleet, hostvars), host)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"collector_passwords": collector_passwords}
