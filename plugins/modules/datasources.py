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
    functions, record types, transient and history tables, grants and registry rows on a repository or local server.
  - Works with PoWA 4 and PoWA 5.
  - The whole list is reconciled in one transaction. If anything is wrong with any datasource, every problem is
    reported and nothing is changed.
  - Columns may change while there is history. Old samples stay readable, and new ones have the new columns. A key or
    metric that is no longer declared keeps its values, and has them again when it is declared again. Only another type
    rewrites the tables, in the same transaction; check mode says so, and how large they are.
  - Views and other objects that depend on what is dropped or gets other columns, values that another type does not
    hold, and a key that was a metric before or the reverse are refused before anything is written.
  - What somebody changed by hand is shown as a difference, and repaired. History is not touched.
  - History is read with C(powa_NAME_get(srvid, from, to)) and, per second, with C(powa_NAME_rate(srvid, from, to)).
    A counter that is less than in the sample before was reset, and has counted from 0 since.
  - The definition is kept on the server in the comment on the source function, which any role can read. Do not write
    secrets into queries.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._lock
  - pgfleet.powa._attributes
options:
  datasources:
    description: The datasources. What is not in the list is left alone, unless O(state=exact).
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
      title:
        description: What the datasource is called in powa-web. Without it, as O(datasources[].name).
        type: str
        version_added: 0.2.0
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
            description:
              - A type of PostgreSQL's own, such as V(text), V(oid) or V(bigint).
              - Without it, the type is the one that the query returns.
            type: str
          renamed_from:
            description: What the column was called before. Its values stay.
            type: str
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
            description:
              - A type of PostgreSQL's own, such as V(bigint), V(numeric) or V(double precision).
              - Without it, the type is the one that the query returns.
            type: str
          renamed_from:
            description: What the column was called before. Its values stay.
            type: str
          kind:
            description: Whether the values only grow until they are reset (V(counter)), or go up and down (V(gauge)).
            type: str
            choices: [counter, gauge]
            default: counter
          title:
            description: What the metric is called in powa-web. Without it, as O(datasources[].metrics[].name).
            type: str
            version_added: 0.2.0
          unit:
            description:
              - What one of it is, such as V(locks). A graph of a counter shows that of each second.
              - V(bytes), V(kB), V(MB), V(GB), V(us), V(ms), V(s), V(min) and V(%) are written as powa-web writes sizes,
                durations and shares, such as C(1.5 MB).
            type: str
            version_added: 0.2.0
          description:
            description: What the metric tells, as an explanation of its graph.
            type: str
            version_added: 0.2.0
      extension:
        description:
          - The extension that the datasource belongs to. PoWA registers it by that name, and several datasources may
            have the same. The query finds the extension's functions in its schema.
          - On PoWA 5, the datasources of one extension share O(datasources[].enabled), O(datasources[].retention) and
            O(datasources[].servers).
        type: str
      scope:
        description:
          - V(cluster) takes one set of rows of a server, V(database) one of each of its databases, with a further key
            C(dbid).
          - V(database) needs PoWA 5 and a remote server, where nothing is installed.
        type: str
        choices: [cluster, database]
        default: cluster
      databases:
        description: With O(datasources[].scope=database), the only databases whose samples are taken.
        type: list
        elements: str
      retention:
        description:
          - How long samples are kept, such as V(7 days). Without it, as long as the server's.
          - It needs PoWA 5.1.2.
        type: str
      query_cleanup:
        description: A SELECT, INSERT, UPDATE or DELETE that runs on the server after the query.
        type: str
      security_definer:
        description: Whether the query runs as the owner of the function, and not as the monitoring role.
        type: bool
        default: false
      search_path:
        description: Schemas where the query looks up names, after C(pg_catalog) and PoWA's.
        type: list
        elements: str
      adopt:
        description:
          - Whether objects of the same names that were not made by this collection are taken over, if their columns
            are those of the datasource.
        type: bool
        default: false
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
        description:
          - Whether the datasource is there.
          - V(paused) changes nothing but stops its snapshots on a repository, if its columns are going to change, and
            waits until those that run have ended. Then remotes may change one after the other, and no snapshot fails.
            V(present) lets them go on.
        type: str
        choices: [present, paused, absent]
        default: present
      history:
        description: With O(datasources[].state=absent), whether the collected history stays (V(keep)) or goes, too
          (V(drop)).
        type: str
        choices: [keep, drop]
        default: keep
  state:
    description:
      - V(present) leaves alone what the list leaves out.
      - V(exact) treats datasources of this collection that the list leaves out as if they were in it with
        O(datasources[].state=absent). Those that were made otherwise are left alone.
      - V(exact) is refused under C(--limit), and after a host of the play has failed, since a list that is made from
        the hosts of a run leaves out what the run does not know.
    type: str
    choices: [present, exact]
    default: present
    version_added: 0.2.0
  history:
    description: With O(state=exact), V(drop) drops the history of the datasources that the list leaves out, too.
    type: str
    choices: [keep, drop]
    default: keep
    version_added: 0.2.0
  server_kind:
    description:
      - What the server is. V(remote) makes the source function only, V(repository) all that is needed to collect from
        remote servers, V(local) all that is needed for the background worker of a server that is its own repository.
      - Give several for a server that is several.
    type: list
    elements: str
    choices: [remote, repository, local]
    required: true
  remote_results:
    description:
      - What this module returned on remotes, to take types from that O(datasources) leaves out. Types about which they
        disagree are refused.
    type: list
    elements: dict
    suboptions:
      server:
        description: The remote, for messages.
        type: str
        required: true
      datasources:
        description: The value RV(datasources) there.
        type: list
        elements: dict
        required: true
  ready_servers:
    description:
      - Servers whose side is known to be as declared, each by its alias or by V(hostname:port). Snapshots that
        O(datasources[].state=paused) stopped go on for these only. Without it, they go on for all.
    type: list
    elements: str
  timeout:
    description: Seconds to wait for snapshots that run when a datasource is paused.
    type: int
    default: 60
  monitoring_role:
    description:
      - With O(server_kind=remote), the role that the collector logs in with. It is granted the right to call the source
        functions, and the queries are tried as this role before anything is changed.
      - Without it, they are tried as the role that is logged in.
    type: str
  collector_role:
    description:
      - With O(server_kind=repository) and PoWA 4, the role that the collector logs in with. It is granted what it
        needs on the objects of the datasources.
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
        title: Locks
        description: Locks held, by mode
        query: SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode
        keys: [{name: mode, type: text}]
        metrics: [{name: held, type: bigint, kind: gauge, title: Locks held, unit: locks}]
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

- name: A query whose types its remote tells
  pgfleet.powa.datasources:
    server_kind: [remote]
    monitoring_role: powa
    datasources:
      - name: backends
        query: SELECT backend_type, count(*) AS running FROM pg_stat_activity GROUP BY backend_type
        keys: [{name: backend_type, nullable: true}]
        metrics: [{name: running, kind: gauge}]
  register: remote
  become: true
  become_user: postgres

- name: The repository side of the same, of the types that the remote has told
  pgfleet.powa.datasources:
    server_kind: [repository]
    collector_role: powa_collector
    remote_results: [{server: remote1, datasources: "{{ remote.datasources }}"}]
    datasources:
      - name: backends
        query: SELECT backend_type, count(*) AS running FROM pg_stat_activity GROUP BY backend_type
        keys: [{name: backend_type, nullable: true}]
        metrics: [{name: running, kind: gauge}]
  become: true
  become_user: postgres

- name: One set of samples of each database, with PoWA 5
  pgfleet.powa.datasources:
    server_kind: [repository]
    datasources:
      - name: relations
        scope: database
        databases: [orders, invoices]
        query: SELECT relkind, count(*) AS relations FROM pg_class GROUP BY relkind
        keys: [{name: relkind, type: '"char"'}]
        metrics: [{name: relations, type: bigint, kind: gauge}]
  when: remote.powa_version is ansible.builtin.version("5", ">=")
  become: true
  become_user: postgres

- name: Stop the snapshots of what is about to have other columns
  pgfleet.powa.datasources:
    server_kind: [repository]
    datasources:
      - name: lock_modes
        state: paused
        query: SELECT mode, count(*) AS locks, count(*) FILTER (WHERE NOT granted) AS waits FROM pg_locks GROUP BY mode
        keys: [{name: mode, type: text}]
        metrics:
          - {name: locks, type: bigint, kind: gauge, renamed_from: held}
          - {name: waits, type: bigint, kind: gauge}
  become: true
  become_user: postgres
"""

RETURN = r"""
datasources:
  description: The datasources that are present, with the types of their columns.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the datasource.
      type: str
    key_columns:
      description: Its keys, each with C(name), C(type) and C(nullable).
      type: list
      elements: dict
    metric_columns:
      description: Its metrics, each with C(name), C(type) and C(kind), and C(title), C(unit) and C(description) where
        they are declared.
      type: list
      elements: dict
    paused:
      description: Servers whose snapshots of it wait until their side is as declared.
      type: list
      elements: str
  sample:
    - name: lock_modes
      key_columns: [{name: mode, nullable: false, type: text}]
      metric_columns: [{kind: gauge, name: held, type: bigint}]
      paused: []
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
    - 'datasource "lock_modes", metrics[0].type: found "bigit", expected one of "char", bigint, boolean, ...'
"""

from ansible_collections.pgfleet.powa.plugins.module_utils._core.lock import LOCK_SPEC
from ansible_collections.pgfleet.powa.plugins.module_utils._core.module import run_task
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.reconcile import DatasourcesTask

_COLUMN = {"name": {"type": "str", "required": True}, "type": {"type": "str"}, "renamed_from": {"type": "str"}}

OPTIONS = {
    **LOCK_SPEC,
    "datasources": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "title": {"type": "str"},
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
                "options": dict(
                    _COLUMN,
                    kind={"type": "str", "choices": ["counter", "gauge"], "default": "counter"},
                    title={"type": "str"},
                    unit={"type": "str"},
                    description={"type": "str"},
                ),
            },
            "extension": {"type": "str"},
            "scope": {"type": "str", "choices": ["cluster", "database"], "default": "cluster"},
            "servers": {"type": "list", "elements": "str"},
            "databases": {"type": "list", "elements": "str"},
            "retention": {"type": "str"},
            "query_cleanup": {"type": "str"},
            "security_definer": {"type": "bool", "default": False},
            "search_path": {"type": "list", "elements": "str"},
            "adopt": {"type": "bool", "default": False},
            "enabled": {"type": "bool"},
            "priority": {"type": "int", "default": 10},
            "state": {"type": "str", "choices": ["present", "paused", "absent"], "default": "present"},
            "history": {"type": "str", "choices": ["keep", "drop"], "default": "keep"},
        },
    },
    "state": {"type": "str", "choices": ["present", "exact"], "default": "present"},
    "history": {"type": "str", "choices": ["keep", "drop"], "default": "keep"},
    "server_kind": {
        "type": "list",
        "elements": "str",
        "choices": ["remote", "repository", "local"],
        "required": True,
    },
    "remote_results": {
        "type": "list",
        "elements": "dict",
        "options": {
            "server": {"type": "str", "required": True},
            "datasources": {"type": "list", "elements": "dict", "required": True},
        },
    },
    "ready_servers": {"type": "list", "elements": "str"},
    "timeout": {"type": "int", "default": 60},
    "monitoring_role": {"type": "str"},
    "collector_role": {"type": "str"},
}


def main() -> None:
    """Run the module."""
    run_task(OPTIONS, DatasourcesTask)


if __name__ == "__main__":
    main()
