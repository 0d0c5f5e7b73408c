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
  - Registers, changes, disables and removes the servers that a repository collects from, and sets what is active on
    each.
  - O(servers[].hostname) and O(servers[].port) identify a server. Everything else can change, and the module compares
    only the options that you set.
  - Reconciles the whole list in one transaction. If anything is wrong with any server, the task reports every problem
    and changes nothing.
  - Warns if the stored definition of a datasource is damaged.
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
        description: Name that PoWA shows. Empty removes it. Servers can swap aliases in one task.
        type: str
      username:
        description: Role that the collector logs in as. PoWA's default for a new server is V(powa).
        type: str
      password:
        description:
          - Password to store in the repository, where every role that can read C(powa_servers) sees it. Empty removes
            it.
          - PoWA's authors recommend a password file for the collector instead.
        type: str
      dbname:
        description: Database of PoWA on the server. PoWA's default for a new server is V(powa).
        type: str
      frequency:
        description:
          - Seconds between two snapshots, at least 5, or -1 for none.
          - PoWA's default for a new server is 300. A disabled one also gets it if you declare it as present without
            a frequency.
        type: int
      coalesce:
        description: Snapshots between two aggregations, at least 5. PoWA's default for a new server is 100.
        type: int
      retention:
        description: How long history is kept, as an interval. PoWA's default for a new server is V(1 day).
        type: str
      allow_ui_connection:
        description: Whether powa-web may connect to the server. PoWA's default for a new server is V(true).
        type: bool
      extensions:
        description:
          - Stats extensions to activate on the server besides C(pg_stat_statements) and PoWA's own, such as
            V(pg_qualstats). Others are deactivated. Without it, they stay as they are.
        type: list
        elements: str
      datasources:
        description:
          - Datasources of M(pgfleet.powa.datasources) to activate on the server. Others of that module are disabled.
          - Without it, they stay as they are, and a new server gets all that are declared for all servers.
        type: list
        elements: str
      state:
        description:
          - With V(disabled), the server stays registered, and no snapshots are taken of it.
          - V(absent) does the same, unless O(servers[].history=drop).
        type: str
        choices: [present, disabled, absent]
        default: present
      history:
        description:
          - With O(servers[].state=absent), V(drop) deletes the server with everything that was collected from it.
          - The task disables the server first, and deletes it once no snapshot of it runs. Where a running
            powa-collector has a worker for it, the server stays disabled and the task fails, since only a restart ends
            a worker. So declare it without V(drop) first, and restart the collector, as in the examples.
        type: str
        choices: [keep, drop]
        default: keep
      renamed_from:
        description: Former address of a server that has moved. It keeps its history.
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
      - V(present) leaves alone the servers that the list leaves out.
      - V(exact) disables them, or deletes them with O(history=drop), if a task of this module has declared them.
        Servers that others have registered are always left alone, and named in RV(others).
      - V(exact) fails under C(--limit), in a slice of a job of AWX, and after any host of the play has failed. A list
        that is built from the hosts of such a run would be incomplete.
    type: str
    choices: [present, exact]
    default: present
    version_added: 0.2.0
  exact_max:
    description:
      - With O(state=exact), how many servers the task may disable or delete because the list leaves them out. Where
        more would go, it fails, names them, and changes nothing.
      - A number, or a share such as V(10%) of the servers that tasks have declared, without disabled ones unless they
        would be deleted. A share is at least one server. Without it, any number may go; an empty text is refused.
    type: str
    version_added: 0.2.0
  timeout:
    description:
      - Seconds to wait until running snapshots have ended and powa-collector has answered, before a server is deleted.
    type: int
    default: 60
    version_added: 0.2.0
  register_datasources:
    description:
      - Whether a new server gets all datasources that are declared for all servers, unless
        O(servers[].datasources) says which.
      - With V(false), M(pgfleet.powa.datasources) registers them, each active if the server is ready for it
        (O(pgfleet.powa.datasources#module:ready_servers)).
    type: bool
    default: true
    version_added: 0.2.0
  history:
    description:
      - With O(state=exact), V(drop) deletes the servers that the list leaves out, with everything that was collected
        from them.
    type: str
    choices: [keep, drop]
    default: keep
    version_added: 0.2.0
seealso:
  - module: pgfleet.powa.collector
  - module: pgfleet.powa.datasources
"""

EXAMPLES = r"""
- name: Register two servers, one of them with more than the defaults
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

- name: Let the collector know of new servers
  pgfleet.powa.collector:
    state: reloaded
  when: powa_servers_result.collector_action == 'reload'
  become: true
  become_user: postgres

- name: Change the address of one server, and stop collecting from another
  pgfleet.powa.servers:
    servers:
      - hostname: db1.example.org
        renamed_from: {hostname: db1.example.com}
      - hostname: db2.example.com
        port: 5433
        state: absent
  register: powa_servers_result
  become: true
  become_user: postgres

- name: End the collector's workers for both
  ansible.builtin.systemd_service:
    name: powa-collector
    state: restarted
  when: powa_servers_result.collector_action == 'restart'
  become: true

- name: Delete the server with its history
  pgfleet.powa.servers:
    servers:
      - hostname: db2.example.com
        port: 5433
        state: absent
        history: drop
  become: true
  become_user: postgres

- name: Keep these servers and those that others have registered, and disable the rest, unless that is every tenth
  pgfleet.powa.servers:
    state: exact
    exact_max: 10%
    servers:
      - hostname: db1.example.org
        alias: orders
  become: true
  become_user: postgres
"""

RETURN = r"""
changes:
  description: One line for each server that the task registered, changed or removed, or would in check mode.
  returned: success
  type: list
  elements: str
  sample: ["create server db1.example.com:5432"]
collector_action:
  description:
    - What powa-collector needs to notice the changes, V(none), V(reload) (M(pgfleet.powa.collector)) or V(restart) of
      its service.
  returned: success
  type: str
  sample: reload
servers:
  description: The servers of the list as registered after the task, or in check mode as registered now.
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
    - Servers that no task has declared and that the list leaves out, by alias or hostname:port. They are left alone.
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
  description: Every problem found, one sentence each.
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
    "exact_max": {"type": "str"},
    "timeout": {"type": "int", "default": 60},
    "register_datasources": {"type": "bool", "default": True},
}


def main() -> None:
    """Run the module."""
    run_task(OPTIONS, ServersTask)


if __name__ == "__main__":
    main()
