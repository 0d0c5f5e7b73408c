# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.hba_rules."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hba_rules
short_description: Have pg_hba.conf let logins in
version_added: 0.2.0
description:
  - Adds the lines to C(pg_hba.conf) that logins lack, and has PostgreSQL load the file.
  - A login is let in by the first line that matches it. Only a line that PostgreSQL has parsed without an error, and
    that comes before every other that would keep the login out, counts. A line that lets in more, or only encrypted
    connections, is enough, and nothing is added beside it. If such a line asks for more than the rule, that is, for a
    client certificate or for encryption by GSSAPI, a warning names it.
  - After it has written the file it asks PostgreSQL, in C(pg_hba_file_rules), what that makes of it. If there is an
    error, or if the logins are still not let in, it puts the old file back at once and fails. A file that has an
    error before is never written.
  - All other lines keep their text and order, and the file keeps its owner, mode and context of SELinux.
  - The name of a host is compared with the name that the server finds for the address of the client. Where the two
    differ, or some addresses of the host are let in already, addresses are written in the place of the name, and a
    warning and RV(resolved) say so.
  - Lines that cluster managers such as Patroni would remove are not written. The task fails, and says where to put
    them.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._lock
  - pgfleet.powa._attributes
options:
  rules:
    description: The logins. Lines for others are left alone, and no line is removed.
    type: list
    elements: dict
    required: true
    suboptions:
      contype:
        description:
          - The connections that may be used, which is the type of a new line. Every other line that lets in some of
            them is enough.
        type: str
        choices: [host, hostssl, hostnossl, hostgssenc]
        default: host
      database:
        description: The database. Without it, the login needs all databases.
        type: str
      user:
        description: The role.
        type: str
        required: true
      address:
        description:
          - Where the login comes from, that is, an address with or without a prefix, the name of a host,
            C(.example.com) for all names that end so, or V(all), V(samehost) or V(samenet).
        type: str
        required: true
      method:
        description:
          - How the client proves who it is, without options. A line with V(trust) lets it in, too, and so does one
            that takes the same password, that is, V(scram-sha-256), V(md5) and V(password) for each other.
          - V(cert) needs O(rules[].contype=hostssl).
        type: str
        default: scram-sha-256
  position:
    description:
      - What to do if an earlier line keeps a login out. With V(last) the task fails and names the line. With V(first)
        the new line goes before that line.
      - A line with nothing in its way goes to the end of the file.
    type: str
    choices: [first, last]
    default: last
notes:
  - Run it on the host of the server, as the user who owns the file, and log in as a superuser.
  - Lines that keep out only a part of what a rule wants, such as one database of all, are left where they are, and a
    warning names them. Lines that together keep out all of it, such as one for IPv4 and one for IPv6, are in the way.
seealso:
  - module: pgfleet.powa.login_roles
  - module: pgfleet.powa.host_info
"""

EXAMPLES = r"""
- name: Let the collector log in from its host, to all databases
  pgfleet.powa.hba_rules:
    rules:
      - user: powa_monitor
        address: 10.0.0.9
    login_db: postgres
  become: true
  become_user: postgres

- name: Let powa-web log in with encryption only, whatever the other lines say
  pgfleet.powa.hba_rules:
    rules:
      - contype: hostssl
        database: powa
        user: powa_web
        address: 10.0.0.0/24
    position: first
    login_db: postgres
  become: true
  become_user: postgres
  register: powa_hba

- name: Show which line lets it in
  ansible.builtin.debug:
    var: powa_hba.rules
"""

RETURN = r"""
changes:
  description: What the task did, or would do in check mode.
  returned: success
  type: list
  elements: str
  sample: [write /etc/postgresql/15/main/pg_hba.conf, reload PostgreSQL]
reloaded:
  description:
    - Whether PostgreSQL has loaded the file in this task, because the task or somebody before it had changed it.
  returned: success
  type: bool
  sample: true
rules:
  description: The rules of the task.
  returned: success
  type: list
  elements: dict
  contains:
    contype:
      description: The type of connection.
      type: str
      returned: always
      sample: host
    database:
      description: The database, or null for all.
      type: str
      returned: always
      sample: powa
    user:
      description: The role.
      type: str
      returned: always
      sample: powa_monitor
    address:
      description: The address with its prefix, or the name.
      type: str
      returned: always
      sample: 10.0.0.9/32
    method:
      description: The method.
      type: str
      returned: always
      sample: scram-sha-256
    state:
      description: C(present) if the login was let in before, C(added) if the task wrote a line, or would in check mode.
      type: str
      returned: always
      sample: added
    decided_by:
      description:
        - The line that lets the login in, as PostgreSQL reads it, with its C(file) and C(line). Null in check mode if
          it would be added.
      type: dict
      returned: always
      sample:
        file: /etc/postgresql/15/main/pg_hba.conf
        line: 98
        text: host all powa_monitor 10.0.0.9/32 scram-sha-256
resolved:
  description: Name of a host in the rules -> its addresses with their prefixes, as the server resolves it.
  returned: success
  type: dict
  sample: {collector: [10.0.0.9/32]}
refused:
  description: Why the old file was put back.
  returned: failure, if PostgreSQL refuses what was written
  type: str
  sample: "PostgreSQL would not load the file or never match them (/etc/postgresql/15/main/pg_hba.conf, line 98:
    invalid authentication method \"skram\"): correct the type and the method of the rules"
problems:
  description: Every problem found, one sentence each. Nothing was written.
  returned: failure, if the rules or the file are wrong
  type: list
  elements: str
  sample:
    - "/etc/postgresql/15/main/pg_hba.conf, line 97 (host all all 0.0.0.0/0 reject) decides first and does not let in
      role powa_monitor from 10.0.0.9/32 to all databases by scram-sha-256: set powa_hba_position (option position) to
      first, which puts the new line before it, or correct that line"
"""

from ansible_collections.pgfleet.powa.plugins.module_utils._core.lock import LOCK_SPEC
from ansible_collections.pgfleet.powa.plugins.module_utils._core.module import run_task
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.reconcile import HbaRulesTask

OPTIONS = {
    **LOCK_SPEC,
    "rules": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "contype": {
                "type": "str",
                "choices": ["host", "hostssl", "hostnossl", "hostgssenc"],
                "default": "host",
            },
            "database": {"type": "str"},
            "user": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "method": {"type": "str", "default": "scram-sha-256"},
        },
    },
    "position": {"type": "str", "choices": ["first", "last"], "default": "last"},
}


def main() -> None:
    """Run the module."""
    run_task(OPTIONS, HbaRulesTask)


if __name__ == "__main__":
    main()
