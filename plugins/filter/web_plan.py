# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.web_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: web_plan
short_description: Plan what a run does to a host of powa-web
version_added: 0.2.0
description:
  - Compares what the inventory says of powa-web with what M(pgfleet.powa.host_info) has found on its host.
  - The role P(pgfleet.powa.web#role) uses it. Only C(files) holds passwords, if powa-web is to store its login.
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars, lost, check_mode, managed
options:
  _input:
    description: The host of powa-web.
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
- name: Show what powa-web shows
  ansible.builtin.debug:
    msg: "{{ (host | pgfleet.powa.web_plan(fleet, {})).repositories }}"
  vars:
    host: pg-repository
    members: {powa_repositories: [pg-repository], powa_web: [pg-repository]}
    fleet: "{{ {host: {}} | pgfleet.powa.fleet(members, scope={}) }}"
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    repositories:
      description:
        - What powa-web shows, each with its C(name), the C(host), C(port) and C(database) that powa-web connects to,
          the C(role) that logs in, and whether the inventory C(has_password).
      type: list
      elements: dict
    reach:
      description: Where its own host reaches powa-web, as a URL has it.
      type: str
    prefix:
      description: The prefix of its paths, between two slashes.
      type: str
    version:
      description: The version that pip installs, such as C(5.0.*), or an empty text if no PoWA was seen.
      type: str
    install:
      description: Whether powa-web is missing, or has another version.
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
    requirements:
      description: What pip installs.
      type: list
      elements: str
    stale:
      description: Files and folders that another Python has left in the virtual environment.
      type: list
      elements: str
    has_user:
      description: Whether files can be given to powa-web's user.
      type: bool
    has_unit:
      description: Whether there is a unit to start.
      type: bool
    has_secret:
      description: Whether there is a secret for cookies.
      type: bool
    pages:
      description:
        - The pages of declared datasources, whether they C(differ), and the C(files) to write and to remove.
      type: dict
    files:
      description: The files to write, as M(pgfleet.powa.files) takes them.
      type: list
      elements: dict
    proxy:
      description:
        - About nginx, whether it is C(installed), whether anything is C(todo), its C(certificate) and C(key), and
          whether the role makes them (C(own_certificate)), for which C(alternative_name), and its C(configuration).
      type: dict
    keeps_passwords:
      description: Whether remotes may still have the passwords of the present password file.
      type: bool
    todo:
      description: Whether anything but the check of the logins is to be done.
      type: bool
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._rendered import MANAGED
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._web import web_plan


def plan(host, fleet, hostvars, lost=(), check_mode=False, managed=MANAGED):
    """Return what this run does to a host of powa-web."""
    return web_plan(Run(fleet, hostvars, lost, check_mode), host, managed)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"web_plan": plan}
