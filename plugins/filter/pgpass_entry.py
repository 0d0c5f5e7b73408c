# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.pgpass_entry."""

from __future__ import annotations

DOCUMENTATION = r"""
name: pgpass_entry
short_description: Write one line of a password file of libpq
version_added: 0.2.0
description:
  - Returns the line of a login, and how every line of its server begins.
  - The role P(pgfleet.powa.repository#role) uses it to replace a line in the file of a collector that it does not
    manage as a whole.
author:
  - pgfleet (@pgfleet)
options:
  _input:
    description:
      - A login, with C(host), C(port), C(user) and C(password), and C(database) unless the password is that of any
        database.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Give a login another password
  ansible.builtin.lineinfile:
    path: pgpass
    regexp: "^{{ entry.begins | regex_escape }}"
    line: "{{ entry.line }}"
    create: true
    mode: "0600"
  no_log: true
  vars:
    login:
      host: db1.example.com
      port: 5432
      user: powa_monitor
      password: "{{ lookup('ansible.builtin.password', '/dev/null') }}"
    entry: "{{ login | pgfleet.powa.pgpass_entry }}"
"""

RETURN = r"""
_value:
  description: The line.
  type: dict
  contains:
    begins:
      description: How the lines of the login's server begin, whatever their user.
      type: str
    line:
      description: The line.
      type: str
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._pgpass import pgpass_entry


def entry(login):
    """Return the line of a login, and how it begins.

    :raises AnsibleFilterError: when the login does not fit on a line
    """
    try:
        return pgpass_entry(login)
    except PowaError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"pgpass_entry": entry}
