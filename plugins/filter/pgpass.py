# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.pgpass."""

from __future__ import annotations

DOCUMENTATION = r"""
name: pgpass
short_description: Write the lines of a password file of libpq
version_added: 0.2.0
description:
  - Returns one line for each login, and escapes what separates its fields.
  - The roles P(pgfleet.powa.collector#role) and P(pgfleet.powa.web#role) use it.
author:
  - pgfleet (@pgfleet)
options:
  _input:
    description:
      - Logins, each with C(host), C(port), C(user) and C(password), and C(database) unless the password is that of any
        database.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Write a password file
  ansible.builtin.copy:
    content: "{{ logins | pgfleet.powa.pgpass }}"
    dest: pgpass
    mode: "0600"
  no_log: true
  vars:
    logins:
      - host: db1.example.com
        port: 5432
        user: powa_monitor
        password: "{{ lookup('ansible.builtin.password', '/dev/null') }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: str
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._pgpass import password_file


def pgpass(logins):
    """Return the lines of a password file.

    :raises AnsibleFilterError: when a login does not fit on a line
    """
    try:
        return password_file(logins)
    except PowaError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"pgpass": pgpass}
