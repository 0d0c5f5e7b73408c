# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.password_files."""

from __future__ import annotations

DOCUMENTATION = r"""
name: password_files
short_description: Write the password files of powa-collector and of powa-web
version_added: 0.2.0
description:
  - The file of powa-collector has the login to the repository and, unless the repository stores their passwords, those
    to its remotes. The file of powa-web has those to the remotes that it may connect to.
  - The result holds passwords, so use it only in tasks with C(no_log), or where an option has it. The roles
    P(pgfleet.powa.collector#role) and P(pgfleet.powa.web#role) write these files if M(pgfleet.powa.host_info) found
    that the host has others.
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars, managed, known_only, lost, present, check_mode
options:
  _input:
    description: The host of a collector, or of powa-web.
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
  managed:
    description: What the first line of a file says.
    type: str
    default: Ansible managed
  known_only:
    description: Whether to leave out a file with a password that Ansible cannot evaluate, instead of failing.
    type: bool
    default: false
  lost:
    description: The hosts that the rest of the run leaves out.
    type: list
    elements: str
    default: []
  present:
    description:
      - Path -> the text that a file has. Lines of remotes that may still have their former password are taken from it,
        and those of servers that a repository collects from and the inventory lacks.
    type: dict
    default: {}
  check_mode:
    description: Whether nothing is changed.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show which password files a host has
  ansible.builtin.debug:
    msg: "{{ host | pgfleet.powa.password_files(fleet, {}) | list }}"
  vars:
    host: pg-repository
    members: {powa_repositories: [pg-repository], powa_collectors: [pg-repository]}
    fleet: "{{ {host: {}} | pgfleet.powa.fleet(members, scope={}) }}"
"""

RETURN = r"""
_value:
  description: Path -> the text of the file.
  type: dict
  sample: {/etc/powa-collector.pgpass: "# Ansible managed\n"}
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._password_files import password_files as files_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def password_files(
    host, fleet, hostvars, managed="Ansible managed", known_only=False, lost=(), present=None, check_mode=False
):
    """Return the password files of a host.

    :raises AnsibleFilterError: when a login does not fit on a line
    """
    try:
        return files_of(Run(fleet, hostvars, lost, check_mode), host, managed, known_only, present)
    except PowaError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"password_files": password_files}
