# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.collector_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: collector_plan
short_description: Plan what a run does to the host of a collector
version_added: 0.2.0
description:
  - Compares what the inventory says of a collector with what M(pgfleet.powa.host_info) has found on its host.
  - The role P(pgfleet.powa.collector#role) uses it. The plan holds no passwords.
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars, lost, check_mode, managed
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
  check_mode:
    description: Whether the run changes nothing.
    type: bool
    default: false
  managed:
    description: What the first line of a file says, such as C(ansible_managed).
    type: str
    default: Ansible managed
"""

EXAMPLES = r"""
- name: Show where the collector connects to
  ansible.builtin.debug:
    msg: "{{ (host | pgfleet.powa.collector_plan(fleet, {})).repository }}"
  vars:
    host: pg-repository
    members: {powa_repositories: [pg-repository], powa_collectors: [pg-repository]}
    fleet: "{{ {host: {}} | pgfleet.powa.fleet(members, scope={}) }}"
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    repository:
      description: Where the collector connects to, as C(name), C(host), C(port), C(database) and C(role).
      type: dict
    install:
      description: Whether the package, or what pip installs, is missing.
      type: bool
    packages:
      description: Packages of the distribution.
      type: list
      elements: str
    installable:
      description: Whether check mode can tell what the packages would change.
      type: bool
    refresh:
      description: Whether the lists of packages are to be read again before.
      type: bool
    requirement:
      description: What pip installs, or an empty text.
      type: str
    has_user:
      description: Whether files can be given to the collector's user.
      type: bool
    has_unit:
      description: Whether there is a unit to start.
      type: bool
    files:
      description: The files to write, as M(pgfleet.powa.files) takes them.
      type: list
      elements: dict
    restart:
      description: Whether only a restart tells the collector of what has changed in the repository.
      type: bool
    tell:
      description: Whether the repository has PoWA, so that the collector can be told of new servers.
      type: bool
    keeps_passwords:
      description: Whether remotes may still have the passwords of the present password file.
      type: bool
    todo:
      description: Whether anything but telling the collector of new servers is to be done.
      type: bool
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._collector import collector_plan
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rendered import MANAGED
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def plan(host, fleet, hostvars, lost=(), check_mode=False, managed=MANAGED):
    """Return what this run does to the host of a collector."""
    return collector_plan(Run(fleet, hostvars, lost, check_mode), host, managed)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"collector_plan": plan}
