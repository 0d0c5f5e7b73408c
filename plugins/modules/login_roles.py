# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.login_roles."""

from __future__ import annotations

DOCUMENTATION = r"""
module: login_roles
short_description: Create the roles that PoWA logs in as, and set their passwords
version_added: 0.2.0
description:
  - Creates roles that can log in and have no other attribute, makes them members of other roles, and sets their
    passwords, all in one transaction.
  - PostgreSQL never gets a password, only the SCRAM verifier that the client library makes of it. The module compares a
    password with the verifier that PostgreSQL has stored, and writes nothing if it is right.
  - No statement has a verifier in its text, so it is in no log, in no C(pg_stat_statements) and in no history of PoWA.
    RV(kept_by) and a warning name the settings that may have it kept all the same, if the login may not change them.
  - It never drops a role that it has not made, and never takes a membership from it. It takes attributes from such a
    role only with O(roles[].demote). A role that it makes has a comment that says so. A role has no owner, but whoever
    may write its comment may also drop it.
  - A warning names each role that has more power than PoWA needs, such as a superuser. The role keeps it.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._lock
  - pgfleet.powa._attributes
options:
  roles:
    description: The roles. Those not in the list are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the role.
        type: str
        required: true
      password:
        description: The password. Without it, or if it is empty, the role keeps the one that it has.
        type: str
      password_encryption:
        description:
          - How PostgreSQL stores the password.
          - With V(md5), whoever sees what is stored can log in with it. Use it only for clients that know nothing
            better.
        type: str
        choices: [scram-sha-256, md5]
        default: scram-sha-256
      update_password:
        description:
          - With V(if_different), the password of an existing role is written if it differs, or is stored in another
            way. The login must be allowed to read C(pg_authid), which means a superuser. Otherwise the task fails, for
            a new role, too.
          - V(always) writes the password in each run, and V(on_create) only if the role is new.
        type: str
        choices: [if_different, always, on_create]
        default: if_different
      member_of:
        description: Roles that the role is to be a direct member of.
        type: list
        elements: str
        default: []
      exact:
        description:
          - Whether to take C(CREATEDB), C(CREATEROLE) and all other memberships from a role that this module has made.
          - Fails if the role has more than this and was made by somebody else, or if it has an attribute that this
            module never takes (C(SUPERUSER), C(REPLICATION) and C(BYPASSRLS)).
        type: bool
        default: false
      demote:
        description:
          - Whether to take C(SUPERUSER), C(REPLICATION), C(BYPASSRLS), C(CREATEROLE) and C(CREATEDB) from the role,
            whoever made it. It keeps its memberships and what it owns.
          - Fails if that would take something from the superuser that C(initdb) made, or from the role that the task
            logs in or acts as.
        type: bool
        default: false
      state:
        description:
          - V(absent) revokes the rights that the role was granted in O(login_db), and drops it.
          - Fails if somebody else has made the role, or if the role owns objects, or has rights in other databases.
        type: str
        choices: [present, absent]
        default: present
seealso:
  - module: community.postgresql.postgresql_user
"""

EXAMPLES = r"""
- name: Create the monitoring role, or correct its password
  pgfleet.powa.login_roles:
    roles:
      - name: powa_monitor
        password: "{{ lookup('ansible.builtin.env', 'POWA_MONITORING_PASSWORD') }}"
        member_of: [pg_read_all_stats]
    login_db: postgres
  become: true
  become_user: postgres

- name: Demote a superuser to a mere login of PoWA
  pgfleet.powa.login_roles:
    roles:
      - name: powa
        demote: true
  become: true
  become_user: postgres

- name: Create a role without a password, and drop another
  pgfleet.powa.login_roles:
    roles:
      - name: powa_collector
      - name: powa_former_collector
        state: absent
  become: true
  become_user: postgres
"""

RETURN = r"""
changes:
  description: One line for each role that the task created, changed or dropped, or would in check mode.
  returned: success
  type: list
  elements: str
  sample: [create role powa_monitor]
roles:
  description: The roles of the list as they are after the task, or in check mode as they are now.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the role.
      type: str
      returned: always
      sample: powa_monitor
    exists:
      description: Whether the role exists.
      type: bool
      returned: always
      sample: true
    made:
      description: Whether this module has made the role.
      type: bool
      returned: always
      sample: true
    login:
      description: Whether the role can log in.
      type: bool
      returned: always
      sample: true
    powers:
      description: Attributes of the role that no login of PoWA needs.
      type: list
      elements: str
      returned: always
      sample: [superuser]
    member_of:
      description: The roles that the role is a direct member of.
      type: list
      elements: str
      returned: always
      sample: [pg_read_all_stats]
kept_by:
  description:
    - Settings that may have had the written verifiers kept in a log or a statistic, because the login may not change
      them.
  returned: success
  type: list
  elements: str
  sample: [pg_stat_statements.track = all]
problems:
  description: Every problem found, one sentence each.
  returned: failure, if the roles are wrong
  type: list
  elements: str
  sample:
    - 'role "powa_monitor", member_of: this server has no role "pg_stats": create it first'
"""

from ansible_collections.pgfleet.powa.plugins.module_utils._core.lock import LOCK_SPEC
from ansible_collections.pgfleet.powa.plugins.module_utils._core.module import run_task
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.reconcile import LoginRolesTask

OPTIONS = {
    **LOCK_SPEC,
    "roles": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "password": {"type": "str", "no_log": True},
            "password_encryption": {
                "type": "str",
                "choices": ["scram-sha-256", "md5"],
                "default": "scram-sha-256",
                "no_log": False,
            },
            "update_password": {
                "type": "str",
                "choices": ["if_different", "always", "on_create"],
                "default": "if_different",
                "no_log": False,
            },
            "member_of": {"type": "list", "elements": "str", "default": []},
            "exact": {"type": "bool", "default": False},
            "demote": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
    },
}


def main() -> None:
    """Run the module."""
    run_task(OPTIONS, LoginRolesTask)


if __name__ == "__main__":
    main()
