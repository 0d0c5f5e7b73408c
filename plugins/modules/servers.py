# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.servers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: servers
short_description: Register the remote servers of a PoWA repository
version_added: 0.1.0
description:
  - Registers, changes, disables and removes the servers that a repository collects from, and what is active on each.
  - A server is identified by its O(servers[].hostname) and O(servers[].port). All else can be changed, and only what
    is given
    is compared.
  - The whole list is reconciled in one transaction. If anything is wrong with any server, every problem is reported
    and nothing
    is changed.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._lock
  - pgfleet.powa._attributes
options:
  servers:
    description: The servers.
    type: list
    elements: dict
    required: true
    suboptions:
      hostname:
        description: Name or address by which the collector reaches the server.
        type: str
        required: true
      port:
        description: Port of the server.
        type: int
        default: 5432
      alias:
        description: Name that PoWA shows. Empty takes it away. Servers may swap theirs in one task.
        type: str
      username:
        description: Role that the collector logs in as. PoWA's default for a new server is V(powa).
        type: str
      password:
        description:
          - Password that is stored in the repository for all to read who may read C(powa_servers). Empty takes it away.
          - PoWA's authors recommend a password file of the collector instead.
        type: str
      dbname:
        description: Database of PoWA on the server. PoWA's default for a new server is V(powa).
        type: str
      frequency:
        description:
          - Seconds between two snapshots, at least 5, or -1 for none.
          - PoWA's default for a new server is 300, which a disabled one also gets when it is declared as present
            without one.
        type: int
      coalesce:
        description: Snapshots between two aggregations, at least 5. PoWA's default for a new server is 100.
        type: int
      retention:
        description: How long history is kept, as an interval. PoWA's default for a new server is V(1 day).
        type: str
      allow_ui_connection:
        description: Whether PoWA's web interface may connect to the server. PoWA's default for a new server is V(true).
        type: bool
      extensions:
        description:
          - Stats extensions that are active on the server beside C(pg_stat_statements) and PoWA's own, such as
            V(pg_qualstats). Others are deactivated. Without it, they stay as they are.
        type: list
        elements: str
      datasources:
        description:
          - Datasources of M(pgfleet.powa.datasources) that are active on the server. Others of that module are
            disabled.
          - Without it, they stay as they are, and a new server gets all that are declared for all servers.
        type: list
        elements: str
      state:
        description:
          - V(disabled) keeps the server and takes no snapshots of it.
          - V(absent) does the same, unless O(servers[].history=drop).
        type: str
        choices: [present, disabled, absent]
        default: present
      history:
        description:
          - With O(servers[].state=absent), V(drop) deletes the server with all that was collected from it.
        type: str
        choices: [keep, drop]
        default: keep
      renamed_from:
        description: The address at which the server was registered, when that has changed. Its history stays with it.
        type: dict
        suboptions:
          hostname:
            description: The former O(servers[].hostname).
            type: str
            required: true
          port:
            description: The former O(servers[].port).
            type: int
            default: 5432
  state:
    description:
      - V(present) leaves alone what the list leaves out.
      - V(exact) disables it, or deletes it with O(history=drop), if a task of this module has declared it. What others
        have registered is always left alone, and named in RV(others).
      - V(exact) is refused under C(--limit), and after a host of the play has failed, since a list that is made from
        the hosts of a run leaves out what the run does not know.
    type: str
    choices: [present, exact]
    default: present
    version_added: 0.2.0
  history:
    description:
      - With O(state=exact), V(drop) deletes the servers that the list leaves out with all that was collected from them.
    type: str
    choices: [keep, drop]
    default: keep
    version_added: 0.2.0
seealso:
  - module: pgfleet.powa.collector
  - module: pgfleet.powa.datasources
"""

EXAMPLES = r"""
- name: Two servers, one of them with more than the default
  pgfleet.powa.servers:
    servers:
      - hostname: db1.example.com
        alias: orders
      - hostname: db2.example.com
        port: 5433
        alias: billing
        frequency: 60
        coalesce: 50
        retention: 7 days
        extensions: [pg_qualstats]
  register: powa_servers_result
  become: true
  become_user: postgres

- name: Have the collector see new servers
  pgfleet.powa.collector:
    state: reloaded
  when: powa_servers_result.collector_action == 'reload'
  become: true
  become_user: postgres

- name: One server has moved, the other goes with its history
  pgfleet.powa.servers:
    servers:
      - hostname: db1.example.org
        renamed_from: {hostname: db1.example.com}
      - hostname: db2.example.com
        port: 5433
        state: absent
        history: drop
  become: true
  become_user: postgres

- name: These and no others, but for those that others have registered
  pgfleet.powa.servers:
    state: exact
    servers:
      - hostname: db1.example.org
        alias: orders
  become: true
  become_user: postgres
"""

RETURN = r"""
changes:
  description: One line for each server that was, or in check mode would be, registered, changed or removed.
  returned: success
  type: list
  elements: str
  sample: ["create server db1.example.com:5432"]
collector_action:
  description:
    - What powa-collector needs to follow, V(none), V(reload) (M(pgfleet.powa.collector)) or V(restart) of its service.
  returned: success
  type: str
  sample: reload
servers:
  description: What the servers of the list are registered as after the task. In check mode, as they are now.
  returned: success
  type: list
  elements: dict
  contains:
    srvid:
      description: PoWA's number of the server.
      type: int
      returned: always
      sample: 1
    hostname:
      description: Name or address of the server.
      type: str
      returned: always
      sample: db1.example.com
    port:
      description: Port of the server.
      type: int
      returned: always
      sample: 5432
    alias:
      description: Name that PoWA shows.
      type: str
      returned: always
      sample: orders
others:
  description:
    - Servers that no task has declared and that the list leaves out, by alias or hostname:port. They stay as they are.
  returned: success
  type: list
  elements: str
  version_added: 0.2.0
  sample: [registered-by-hand]
powa_version:
  description: The version of PoWA in the database.
  returned: success
  type: str
  sample: 5.0.2
problems:
  description: Every problem that was found, one sentence each.
  returned: failure, if the servers are wrong
  type: list
  elements: str
  sample: ['server "db1.example.com:5432", frequency: found 1, expected at least 5 seconds, or -1 for never']
"""

from ansible_collections.pgfleet.powa.plugins.module_utils._core.lock import LOCK_SPEC
from ansible_collections.pgfleet.powa.plugins.module_utils._core.module import run_task
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.reconcile import ServersTask

OPTIONS = {
    **LOCK_SPEC,
    "servers": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "hostname": {"type": "str", "required": True},
            "port": {"type": "int", "default": 5432},
            "alias": {"type": "str"},
            "username": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "dbname": {"type": "str"},
            "frequency": {"type": "int"},
            "coalesce": {"type": "int"},
            "retention": {"type": "str"},
            "allow_ui_connection": {"type": "bool"},
            "extensions": {"type": "list", "elements": "str"},
            "datasources": {"type": "list", "elements": "str"},
            "state": {"type": "str", "choices": ["present", "disabled", "absent"], "default": "present"},
            "history": {"type": "str", "choices": ["keep", "drop"], "default": "keep"},
            "renamed_from": {
                "type": "dict",
                "options": {
                    "hostname": {"type": "str", "required": True},
                    "port": {"type": "int", "default": 5432},
                },
            },
        },
    },
    "state": {"type": "str", "choices": ["present", "exact"], "default": "present"},
    "history": {"type": "str", "choices": ["keep", "drop"], "default": "keep"},
}


def main() -> None:
    """Run the module."""
    run_task(OPTIONS, ServersTask)


if __name__ == "__main__":
    main()
