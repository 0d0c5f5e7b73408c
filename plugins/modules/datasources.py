# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.datasources."""

from __future__ import annotations

DOCUMENTATION = r"""
module: datasources
short_description: Declare datasources of PoWA
version_added: 0.1.0
description:
  - Makes everything that a datasource of one's own needs. That is its source function on a remote server, and its
    functions,
    record types, transient and history tables, grants and registry rows on a repository or local server.
  - Works with PoWA 4 and PoWA 5.
  - The whole list is reconciled in one transaction. If anything is wrong with any datasource, every problem is
    reported and
    nothing is changed.
  - The columns of a datasource that is there (keys and metrics, their types and order) can not be changed. All else
    can.
  - The definition is kept on the server in the comment on the source function, which any role can read. Do not write
    secrets
    into queries.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._attributes
options:
  datasources:
    description: The datasources. What is not in the list is left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the datasource, a plain lower-case identifier of at most 36 characters. Its objects are called
            C(powa_NAME_*).
          - Names that PoWA itself uses are refused.
        type: str
        required: true
      description:
        description: What the datasource shows.
        type: str
      query:
        description:
          - The SELECT that returns the samples. Its columns are the keys and metrics, by name and with exactly their
            types.
          - One of O(datasources[].query) and O(datasources[].queries) is required.
        type: str
      queries:
        description: Queries for different versions of PostgreSQL. The function chooses when it runs.
        type: list
        elements: dict
        suboptions:
          min_version:
            description: First C(server_version_num) that the query is for, such as V(150000).
            type: int
            default: 0
          query:
            description: The SELECT, as in O(datasources[].query).
            type: str
            required: true
      keys:
        description: Columns that tell the rows of one snapshot apart.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the column.
            type: str
            required: true
          type:
            description: A type of PostgreSQL's own, such as V(text), V(oid) or V(bigint).
            type: str
            required: true
          nullable:
            description: Whether the column may be NULL.
            type: bool
            default: false
      metrics:
        description: Columns that are measured. At least one is required.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the column.
            type: str
            required: true
          type:
            description: A type of PostgreSQL's own, such as V(bigint), V(numeric) or V(double precision).
            type: str
            required: true
          kind:
            description: Whether the values only grow until they are reset (V(counter)), or go up and down (V(gauge)).
            type: str
            choices: [counter, gauge]
            default: counter
      servers:
        description:
          - Servers of the repository that the datasource is registered for, each by its alias or by V(hostname:port).
            Registrations for other servers are removed; their history stays.
          - Without it, the datasource is registered for all servers, also for those that are added later
            with M(pgfleet.powa.servers).
        type: list
        elements: str
      enabled:
        description: Whether snapshots are taken. Without it, new registrations are enabled and others stay as they are.
        type: bool
      priority:
        description: PoWA takes the snapshots of lower priority first.
        type: int
        default: 10
      state:
        description: Whether the datasource is there.
        type: str
        choices: [present, absent]
        default: present
      history:
        description: With O(datasources[].state=absent), whether the collected history stays (V(keep)) or goes, too
          (V(drop)).
        type: str
        choices: [keep, drop]
        default: keep
  server_kind:
    description:
      - What the server is. V(remote) makes the source function only, V(repository) all that is needed to collect from
        remote
        servers, V(local) all that is needed for the background worker of a server that is its own repository.
      - Give several for a server that is several.
    type: list
    elements: str
    choices: [remote, repository, local]
    required: true
  monitoring_role:
    description:
      - With O(server_kind=remote), the role that the collector logs in with. It is granted the right to call the source
        functions, and the queries are tried as this role before anything is changed.
      - Without it, they are tried as the role that is logged in.
    type: str
  collector_role:
    description:
      - With O(server_kind=repository) and PoWA 4, the role that the collector logs in with. It is granted what it
        needs on the
        objects of the datasources.
      - PoWA 5 has roles of its own. The objects are granted to those as PoWA does with its own, and this option is
        ignored.
    type: str
seealso:
  - module: pgfleet.powa.servers
  - module: pgfleet.powa.snapshot
"""

EXAMPLES = r"""
- name: Source functions on a remote server
  pgfleet.powa.datasources:
    server_kind: [remote]
    monitoring_role: powa
    datasources:
      - name: lock_modes
        description: Locks held, by mode
        query: SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode
        keys: [{name: mode, type: text}]
        metrics: [{name: held, type: bigint, kind: gauge}]
  become: true
  become_user: postgres

- name: The same datasource on the repository, and one less
  pgfleet.powa.datasources:
    server_kind: [repository]
    collector_role: powa_collector
    datasources:
      - name: lock_modes
        description: Locks held, by mode
        query: SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode
        keys: [{name: mode, type: text}]
        metrics: [{name: held, type: bigint, kind: gauge}]
      - name: no_longer_wanted
        state: absent
  become: true
  become_user: postgres

- name: A query for each version, on a server that is its own repository
  pgfleet.powa.datasources:
    server_kind: [local]
    datasources:
      - name: checkpoints
        queries:
          - query: SELECT checkpoints_timed AS timed, checkpoints_req AS requested FROM pg_stat_bgwriter
          - min_version: 170000
            query: SELECT num_timed AS timed, num_requested AS requested FROM pg_stat_checkpointer
        metrics:
          - {name: timed, type: bigint}
          - {name: requested, type: bigint}
  become: true
  become_user: postgres
"""

RETURN = r"""
changes:
  description: One line for each object and registry row that was, or in check mode would be, created, changed or
    removed.
  returned: success
  type: list
  elements: str
  sample: [create function public.powa_lock_modes_src]
powa_version:
  description: The version of PoWA in the database.
  returned: success
  type: str
  sample: 5.0.2
problems:
  description: Every problem that was found, one sentence each.
  returned: failure, if the datasources are wrong
  type: list
  elements: str
  sample:
    - 'datasource "lock_modes", metrics[0].type: found "bigit", expected one of bigint, boolean, ...'
"""

from ansible_collections.pgfleet.powa.plugins.module_utils._datasources import reconcile
from ansible_collections.pgfleet.powa.plugins.module_utils._module import run_module

_COLUMN = {"name": {"type": "str", "required": True}, "type": {"type": "str", "required": True}}

OPTIONS = {
    "datasources": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "description": {"type": "str"},
            "query": {"type": "str"},
            "queries": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "min_version": {"type": "int", "default": 0},
                    "query": {"type": "str", "required": True},
                },
            },
            "keys": {
                "type": "list",
                "elements": "dict",
                "no_log": False,
                "options": dict(_COLUMN, nullable={"type": "bool", "default": False}),
            },
            "metrics": {
                "type": "list",
                "elements": "dict",
                "options": dict(_COLUMN, kind={"type": "str", "choices": ["counter", "gauge"], "default": "counter"}),
            },
            "servers": {"type": "list", "elements": "str"},
            "enabled": {"type": "bool"},
            "priority": {"type": "int", "default": 10},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "history": {"type": "str", "choices": ["keep", "drop"], "default": "keep"},
        },
    },
    "server_kind": {
        "type": "list",
        "elements": "str",
        "choices": ["remote", "repository", "local"],
        "required": True,
    },
    "monitoring_role": {"type": "str"},
    "collector_role": {"type": "str"},
}


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, reconcile)


if __name__ == "__main__":
    main()
