# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.server_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_info
short_description: See what PoWA is and does on a server
version_added: 0.2.0
description:
  - Returns versions, settings, servers, extensions, datasources with their drift, snapshots, sizes, the workers of the
    collector, and a list of problems, each with its cause and its cure.
  - It changes nothing, in a session that the server itself keeps from writing, and sends the same number of SQL
    statements however many servers and datasources there are.
  - A database without PoWA is no failure but a problem, and so is a collector that does not answer.
  - Passwords are never returned.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._read_only
  - pgfleet.powa._attributes
options:
  server_kind:
    description:
      - What the server is to the datasources, as O(pgfleet.powa.datasources#module:server_kind) has it. It decides what
        drift is, and which problems a server can have.
      - Left out, it is seen from what the server has of each datasource, from the servers that it has registered, and
        from O(monitoring_role).
    type: list
    elements: str
    choices: [remote, repository, local]
  monitoring_role:
    description:
      - The role that the collector logs in as, where the server is collected from. It is looked at, and drift includes
        its rights.
    type: str
  collector_role:
    description: The role that takes snapshots on a repository. It is looked at, and drift includes its rights.
    type: str
  collector_timeout:
    description: Seconds to wait for the collector's answers, for a repository. V(0) does not ask it.
    type: int
    default: 5
notes:
  - It reads PoWA's tables, so it needs a superuser, the owner of PoWA, or on PoWA 5 a member of the role C(powa_admin).
    Who may not read C(pg_file_settings) does not see libraries that wait for a restart.
  - Rows in transient tables are looked for where the statistics of PostgreSQL count any.
seealso:
  - module: pgfleet.powa.collector
  - module: pgfleet.powa.datasources
  - module: pgfleet.powa.servers
"""

EXAMPLES = r"""
- name: Look at the repository
  pgfleet.powa.server_info:
    collector_timeout: 10
  register: powa_info
  become: true
  become_user: postgres

- name: Say what is wrong, why, and what to do
  ansible.builtin.debug:
    msg: "{{ item.server or 'repository' }}: {{ item.problem }}, since {{ item.cause }}. Cure: {{ item.cure }}."
  loop: "{{ powa_info.problems }}"
  loop_control:
    label: "{{ item.kind }}"

- name: Look at a remote, and at its monitoring role
  pgfleet.powa.server_info:
    server_kind: [remote]
    monitoring_role: powa_monitor
    collector_timeout: 0
  become: true
  become_user: postgres
"""

RETURN = r"""
database:
  description: The database.
  returned: success
  type: str
  sample: powa
postgresql_version:
  description: The version of PostgreSQL, as it writes it.
  returned: success
  type: str
  sample: 17.4 (Debian 17.4-1)
postgresql_version_num:
  description: The version of PostgreSQL as a number.
  returned: success
  type: int
  sample: 170004
standby:
  description: Whether the server is a standby.
  returned: success
  type: bool
  sample: false
settings:
  description: The settings of PoWA and of its stats extensions, and a few others that decide what is collected.
  returned: success
  type: dict
  sample: {shared_preload_libraries: 'pg_stat_statements,pg_qualstats', track_io_timing: 'on'}
pending_restart:
  description: Names of settings that wait for a restart of PostgreSQL.
  returned: success
  type: list
  elements: str
  sample: []
size:
  description: Size of the database in bytes.
  returned: success
  type: int
  sample: 73400320
libraries:
  description: Libraries of C(shared_preload_libraries).
  returned: success
  type: dict
  contains:
    loaded:
      description: What the running server has.
      type: list
      elements: str
      returned: always
      sample: [pg_stat_statements]
    configured:
      description: What its files name now, and a restart would load.
      type: list
      elements: str
      returned: always
      sample: [pg_stat_statements, pg_qualstats]
extensions:
  description: Extensions of the database.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The extension.
      type: str
      returned: always
      sample: powa
    version:
      description: The version that is installed.
      type: str
      returned: always
      sample: 5.0.2
    schema:
      description: Where it is installed.
      type: str
      returned: always
      sample: public
    available:
      description: The version that the files of the server would install, or none where they are gone.
      type: str
      returned: always
      sample: 5.0.2
roles:
  description: O(monitoring_role) and O(collector_role), as far as they are given.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The role.
      type: str
      returned: always
      sample: powa_monitor
    present:
      description: Whether it exists.
      type: bool
      returned: always
      sample: true
    login:
      description: Whether it may log in.
      type: bool
      returned: always
      sample: true
    superuser:
      description: Whether it is a superuser.
      type: bool
      returned: always
      sample: false
    reads_statistics:
      description: Whether it has the rights of C(pg_read_all_stats).
      type: bool
      returned: always
      sample: true
monitoring_role:
  description: O(monitoring_role).
  returned: success
  type: str
  sample: powa_monitor
powa_version:
  description: The version of PoWA in the database, or none.
  returned: success
  type: str
  sample: 5.0.2
powa_schema:
  description: Where PoWA is installed.
  returned: success
  type: str
  sample: public
server_kind:
  description: What the server is, as given or as seen.
  returned: success
  type: list
  elements: str
  sample: [repository]
servers:
  description: The servers of a repository, and the local server where PoWA's library is loaded.
  returned: success
  type: list
  elements: dict
  contains:
    srvid:
      description: PoWA's number of the server, 0 for the local one.
      type: int
      returned: always
      sample: 1
    name:
      description: Its alias, or hostname:port, or V(local).
      type: str
      returned: always
      sample: orders
    hostname:
      description: Name or address by which the collector reaches it.
      type: str
      returned: always
      sample: db1.example.com
    port:
      description: Its port.
      type: int
      returned: always
      sample: 5432
    alias:
      description: Name that PoWA shows.
      type: str
      returned: always
      sample: orders
    username:
      description: Role that the collector logs in as.
      type: str
      returned: always
      sample: powa_monitor
    dbname:
      description: Database of PoWA there.
      type: str
      returned: always
      sample: powa
    frequency:
      description: Seconds between two snapshots, or -1 for none.
      type: int
      returned: always
      sample: 300
    coalesce:
      description: Snapshots between two aggregations.
      type: int
      returned: always
      sample: 100
    retention:
      description: How long history is kept.
      type: str
      returned: always
      sample: 1 day
    allow_ui_connection:
      description: Whether PoWA's web interface may connect to it.
      type: bool
      returned: always
      sample: true
    password_stored:
      description: Whether its password is stored in C(powa_servers).
      type: bool
      returned: always
      sample: false
    enabled:
      description: Whether snapshots are taken of it.
      type: bool
      returned: always
      sample: true
    postgresql_version:
      description: Its version of PostgreSQL, as the collector has last seen it.
      type: str
      returned: always
      sample: "17.4"
    powa_version:
      description: Its version of PoWA, as the collector has last seen it. PoWA 5 does not keep it.
      type: str
      returned: always
      sample: 5.0.2
    extensions:
      description: The stats extensions that are active, each with the version that the collector has last seen.
      type: dict
      returned: always
      sample: {pg_qualstats: 2.1.1}
    datasources:
      description: The declared datasources that are registered for it, and whether each is active.
      type: dict
      returned: always
      sample: {lock_modes: true}
    errors:
      description: Errors of its last snapshot.
      type: list
      elements: str
      returned: always
      sample: []
    snapshots:
      description: Its snapshots, with the times as UTC. A time that never was is none.
      type: dict
      returned: always
      contains:
        sequence:
          description: How many there have been, and one.
          type: int
          returned: always
          sample: 27
        last:
          description: The last snapshot.
          type: str
          returned: always
          sample: "2026-03-01T12:00:05Z"
        last_aggregate:
          description: When history was last aggregated.
          type: str
          returned: always
          sample: "2026-03-01T11:55:05Z"
        last_purge:
          description: When history was last purged.
          type: str
          returned: always
          sample: "2026-03-01T12:00:05Z"
        age:
          description: Seconds since the last snapshot.
          type: int
          returned: always
          sample: 12
datasources:
  description: The datasources of M(pgfleet.powa.datasources) that the server has any side of, or history.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The datasource.
      type: str
      returned: always
      sample: lock_modes
    module:
      description: What PoWA's registry calls it.
      type: str
      returned: always
      sample: lock_modes
    definition:
      description: Its definition as the server has stored it, or none where only history is left.
      type: dict
      returned: always
      sample: {name: lock_modes, keys: [{name: mode, type: text, nullable: false}]}
    server_kind:
      description: What the server is to it, as given or as seen.
      type: list
      elements: str
      returned: always
      sample: [repository]
    refused:
      description: Why it could not be compared with its definition.
      type: list
      elements: str
      returned: always
      sample: []
    drift:
      description: What declaring it again as it is stored would change.
      type: list
      elements: dict
      returned: always
      contains:
        object:
          description: The object.
          type: str
          returned: always
          sample: function public.powa_lock_modes_src
        action:
          description: What would be done.
          type: str
          returned: always
          sample: create
        before:
          description: The object as it is.
          type: str
          returned: always
        after:
          description: The object as it would be.
          type: str
          returned: always
    servers:
      description: The servers that it is registered for.
      type: list
      elements: dict
      returned: always
      contains:
        srvid:
          description: PoWA's number of the server.
          type: int
          returned: always
          sample: 1
        name:
          description: The server.
          type: str
          returned: always
          sample: orders
        enabled:
          description: Whether it is active there.
          type: bool
          returned: always
          sample: true
        paused:
          description: Whether it waits for the server's side of a change of its columns.
          type: bool
          returned: always
          sample: false
        has_samples:
          description: Whether there are samples of the server.
          type: bool
          returned: always
          sample: true
        last_sample:
          description: The last sample, as UTC, if it is of the last day.
          type: str
          returned: always
          sample: "2026-03-01T12:00:05Z"
        age:
          description: Seconds since that.
          type: int
          returned: always
          sample: 12
    bytes:
      description: Sizes of its tables, with indexes.
      type: dict
      returned: always
      sample: {transient: 8192, current: 65536, history: 1048576}
tables:
  description: The tables of PoWA and of datasources, with their sizes in bytes, indexes included.
  returned: success
  type: list
  elements: dict
  sample: [{name: powa_statements_history, bytes: 1048576}]
transient_rows:
  description:
    - Rows that snapshots have left behind in transient tables. Of a table, at most 100000 rows are read.
  returned: success
  type: list
  elements: dict
  contains:
    table:
      description: The table.
      type: str
      returned: always
      sample: powa_lock_modes_src_tmp
    srvid:
      description: The server that they are of.
      type: int
      returned: always
      sample: 1
    rows:
      description: How many.
      type: int
      returned: always
      sample: 12
    oldest_age:
      description: Seconds since the oldest was taken.
      type: int
      returned: always
      sample: 3600
collector:
  description: What powa-collector says. None where it was not asked.
  returned: success
  type: dict
  contains:
    answers:
      description: Whether it has answered in time.
      type: bool
      returned: always
      sample: true
    message:
      description: What is wrong, where it has not.
      type: str
      returned: always
    workers:
      description: Its workers, as M(pgfleet.powa.collector) returns them.
      type: list
      elements: dict
      returned: always
      sample: [{srvid: 1, server: orders, status: running}]
    reload_required:
      description: Whether a server has no worker, or one that has ended.
      type: bool
      returned: always
      sample: false
    restart_required:
      description: Whether a worker runs for a server that was removed or disabled.
      type: bool
      returned: always
      sample: false
problems:
  description: What is wrong, as far as this database tells. The playbook C(pgfleet.powa.doctor) adds what hosts tell.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: The kind of the problem.
      type: str
      returned: always
      sample: snapshot_late
    server:
      description: The server of the repository that it is about, or none.
      type: str
      returned: always
      sample: orders
    datasource:
      description: The datasource that it is about, or none.
      type: str
      returned: always
    problem:
      description: What is wrong.
      type: str
      returned: always
      sample: the last snapshot is 1200 s old, expected one each 300 s
    cause:
      description: Why.
      type: str
      returned: always
      sample: no powa-collector answers
    cure:
      description: The command or variable that makes it right.
      type: str
      returned: always
      sample: start it (systemctl start powa-collector)
"""

from ansible_collections.pgfleet.powa.plugins.module_utils._core.module import run_module
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.info import look

OPTIONS = {
    "server_kind": {"type": "list", "elements": "str", "choices": ["remote", "repository", "local"]},
    "monitoring_role": {"type": "str"},
    "collector_role": {"type": "str"},
    "collector_timeout": {"type": "int", "default": 5},
}


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, look)


if __name__ == "__main__":
    main()
