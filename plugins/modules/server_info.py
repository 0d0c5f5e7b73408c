# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.server_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_info
short_description: Return the state of PoWA on a server
version_added: 0.2.0
description:
  - Returns versions, settings, servers, extensions, datasources with their drift, snapshots, sizes, the workers of the
    collector, and a list of problems, each with its cause and its cure.
  - Changes nothing, since its session is read-only, and sends the same number of SQL statements for any number of
    servers and datasources.
  - Reports a database without PoWA, or a collector that does not answer, as a problem; the task does not fail.
  - Never returns passwords.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._read_only
  - pgfleet.powa._attributes
options:
  server_kind:
    description:
      - What the server is, as in O(pgfleet.powa.datasources#module:server_kind). It decides what counts as drift, and
        which problems a server can have.
      - Without it, the module tells from what the server has of each datasource, from the servers registered on it, and
        from O(monitoring_role).
    type: list
    elements: str
    choices: [remote, repository, local]
  monitoring_role:
    description:
      - The role that the collector logs in as on a monitored server. The module checks the role, and drift includes its
        rights.
    type: str
  collector_role:
    description: The role that takes snapshots on a repository. The module checks it, and drift includes its rights.
    type: str
  collector_timeout:
    description: Seconds to wait for the collector's answers, on a repository. With V(0) the module does not ask it.
    type: int
    default: 5
  disk_free:
    description:
      - Bytes that are free on the disk of the database, with which the module finds history that will not fit.
      - PostgreSQL cannot tell. Without this option, the module asks the operating system where it logs in through a
        local socket, and elsewhere it does not know.
    type: int
  datasources:
    description:
      - Datasources of which to say in RV(expected_costs) what they will cost, each with the fields that
        O(pgfleet.powa.datasources#module:datasources) has. None of them is declared.
      - The task fails with everything that M(pgfleet.powa.datasources) would refuse about them, but for what that
        module finds by trying queries, by converting values, or in tables that were made or changed by hand.
      - The server has to be a repository, or a local server. A remote keeps no history, so the task fails there.
    type: list
    elements: dict
  remote_results:
    description:
      - What M(pgfleet.powa.datasources) returned on remotes, in check mode or not, each with the fields that
        O(pgfleet.powa.datasources#module:remote_results) has. It says how many rows each remote expects, and has the
        types that O(datasources) leaves out. The rows of remotes that are not registered here are ignored.
      - With O(server_kind=local), what it returned on the server itself belongs here, with C(local) as C(server).
    type: list
    elements: dict
notes:
  - No superuser is needed. What the role may not read is empty or null, RV(not_visible) names it with the rights that
    the role lacks, and RV(problems) has nothing that would follow from it.
  - The variable C(powa_reader_role) of the role P(pgfleet.powa.repository#role) makes a login that sees all of a
    repository but C(libraries.configured) and, with PoWA 4, C(servers[].password_stored).
  - Otherwise, the role has to be a member of C(pg_monitor), and with PoWA 5 also of C(powa_read_all_metrics). These do
    not include the transient tables and the sequence C(powa_servers_id_seq). PoWA 4 has no roles of its own, and its
    tables have to be granted.
  - It reads only those transient tables in which PostgreSQL's statistics count any rows.
seealso:
  - module: pgfleet.powa.collector
  - module: pgfleet.powa.datasources
  - module: pgfleet.powa.servers
"""

EXAMPLES = r"""
- name: Read the state of the repository
  pgfleet.powa.server_info:
    collector_timeout: 10
  register: powa_info
  become: true
  become_user: postgres

- name: Show what is wrong, why, and how to fix it
  ansible.builtin.debug:
    msg: "{{ item.server or 'repository' }}: {{ item.problem }}, since {{ item.cause }}. Cure: {{ item.cure }}."
  loop: "{{ powa_info.problems }}"
  loop_control:
    label: "{{ item.kind }}"

- name: Read the state of a remote and of its monitoring role
  pgfleet.powa.server_info:
    server_kind: [remote]
    monitoring_role: powa_monitor
    collector_timeout: 0
  become: true
  become_user: postgres

- name: Ask a remote how many rows it expects of a datasource that is not declared yet
  pgfleet.powa.datasources:
    server_kind: [remote]
    monitoring_role: powa
    datasources:
      - name: backends
        query: SELECT backend_type, count(*) AS running FROM pg_stat_activity GROUP BY backend_type
        keys: [{name: backend_type, nullable: true}]
        metrics: [{name: running, kind: gauge}]
  check_mode: true
  register: remote
  become: true
  become_user: postgres

- name: Ask the repository what the datasource will cost
  pgfleet.powa.server_info:
    server_kind: [repository]
    collector_timeout: 0
    remote_results: [{server: orders, datasources: "{{ remote.datasources }}"}]
    datasources:
      - name: backends
        query: SELECT backend_type, count(*) AS running FROM pg_stat_activity GROUP BY backend_type
        keys: [{name: backend_type, nullable: true}]
        metrics: [{name: running, kind: gauge}]
  register: planned
  become: true
  become_user: postgres

- name: Show the rows of a sample, and the bytes of history a day and at the retention
  ansible.builtin.debug:
    msg: "{{ planned.expected_costs }}"
"""

RETURN = r"""
database:
  description: The database.
  returned: success
  type: str
  sample: powa
postgresql_version:
  description: The version of PostgreSQL, as the server reports it.
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
disk_free:
  description: Bytes that are free on the disk of the database, as far as O(disk_free) or the operating system says so.
  returned: success
  type: int
  sample: 53687091200
libraries:
  description: Libraries of C(shared_preload_libraries).
  returned: success
  type: dict
  contains:
    loaded:
      description: Libraries that the running server has loaded.
      type: list
      elements: str
      returned: always
      sample: [pg_stat_statements]
    configured:
      description: Libraries that its configuration files name now, and that a restart would load.
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
      description: Schema that it is installed in.
      type: str
      returned: always
      sample: public
    available:
      description: The version that the server's files would install, or null if they are gone.
      type: str
      returned: always
      sample: 5.0.2
roles:
  description: O(monitoring_role) and O(collector_role), if given.
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
      description: Whether it can log in.
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
    settings:
      description:
        - Settings that can keep the collector from its work, as somebody has set them for the role, the database, or
          both (C(ALTER ROLE), C(ALTER DATABASE)).
        - These are C(default_transaction_read_only), C(statement_timeout), C(idle_in_transaction_session_timeout) and
          C(transaction_timeout).
      type: dict
      returned: always
      sample: {}
monitoring_role:
  description: The value of O(monitoring_role), or null without it.
  returned: success
  type: str
  sample: powa_monitor
collector_role:
  description: The value of O(collector_role), or null without it.
  returned: success
  type: str
  sample: powa_collector
powa_version:
  description: The version of PoWA in the database, or null.
  returned: success
  type: str
  sample: 5.0.2
powa_schema:
  description: Schema that PoWA is installed in.
  returned: success
  type: str
  sample: public
server_kind:
  description: What the server is, as given or as detected.
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
      description: Database of PoWA on that server.
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
    retention_seconds:
      description: RV(servers[].retention) in seconds, or null if history is kept for ever.
      type: int
      returned: always
      sample: 604800
    retention:
      description: How long history is kept.
      type: str
      returned: always
      sample: 1 day
    allow_ui_connection:
      description: Whether powa-web may connect to it.
      type: bool
      returned: always
      sample: true
    password_stored:
      description: Whether its password is stored in C(powa_servers), or null if the role may not see that.
      type: bool
      returned: always
      sample: false
    enabled:
      description: Whether the collector takes snapshots of it.
      type: bool
      returned: always
      sample: true
    postgresql_version:
      description: Its version of PostgreSQL, as last seen by the collector.
      type: str
      returned: always
      sample: "17.4"
    powa_version:
      description: Its version of PoWA, as last seen by the collector. PoWA 5 does not store it.
      type: str
      returned: always
      sample: 5.0.2
    extensions:
      description: The active stats extensions, each with the version that the collector last saw.
      type: dict
      returned: always
      sample: {pg_qualstats: 2.1.1}
    datasources:
      description: The declared datasources registered for it, and whether each is active.
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
      description: Its snapshots, with times in UTC. Null stands for never.
      type: dict
      returned: always
      contains:
        sequence:
          description: Number of snapshots so far, plus one.
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
        running:
          description: Whether a collector takes a snapshot right now. It is null if that cannot be told, since no
            collector has a session here, since the role may not see it, or since the session may be that of another
            server whose name begins with the same 25 characters.
          type: bool
          returned: always
          sample: true
        running_age:
          description: Seconds since that snapshot began.
          type: int
          returned: always
          sample: 260
        running_databases:
          description: Whether the collector has come to the databases, which it asks last, one after the other. It is
            null once all rows are copied, and PoWA takes them into its history.
          type: bool
          returned: always
          sample: true
datasources:
  description: The datasources of M(pgfleet.powa.datasources) of which the server has objects or history.
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
      description: Its name in PoWA's registry.
      type: str
      returned: always
      sample: lock_modes
    definition:
      description: Its definition as stored on the server, or null if only history is left or it is damaged.
      type: dict
      returned: always
      sample: {name: lock_modes, keys: [{name: mode, type: text, nullable: false}]}
    server_kind:
      description: What the server is for it, as given or as detected.
      type: list
      elements: str
      returned: always
      sample: [repository]
    damaged:
      description:
        - What is wrong with the comment that should hold its definition, or null. The sentence names the function that
          has the comment.
      type: str
      returned: always
      sample: the comment of function public.powa_lock_modes_src should hold the definition, found none
    refused:
      description: Why it could not be compared with its definition.
      type: list
      elements: str
      returned: always
      sample: []
    drift:
      description: What would change if the stored definition were declared again.
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
          description: What would happen to it.
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
          description:
            - Whether the datasource is inactive for the server until a run has verified that the server has its objects
              as declared.
          type: bool
          returned: always
          sample: false
        has_samples:
          description: Whether there are samples from the server.
          type: bool
          returned: always
          sample: true
        last_sample:
          description: Time of the last sample in UTC, if it is less than a day old.
          type: str
          returned: always
          sample: "2026-03-01T12:00:05Z"
        age:
          description: Seconds since the last sample.
          type: int
          returned: always
          sample: 12
        recent:
          description: What the samples are like that no aggregation has taken yet, or null without any, or while a task
            changes datasources. Of a datasource with very many rows only some are read. With V(scope=database) the
            time between two snapshots and the number of databases are read all the same, up to 128 MiB of all such
            datasources together, but at least 8 MiB of each.
          type: dict
          returned: always
          contains:
            snapshots:
              description: How many snapshots they are of.
              type: int
              returned: always
              sample: 17
            rows:
              description: Rows of a sample on average. If only some rows were read, they are those of the largest one,
                as far as it was read, or estimated with V(scope=database) if enough of them were.
              type: float
              returned: always
              sample: 8.0
            duplicates:
              description: Of the rows that were read, those beyond the first one with the same keys in one sample, so
                three rows with the same keys are two duplicates. It is the sum of all these snapshots.
              type: int
              returned: always
              sample: 0
            databases:
              description: Databases that the samples are from, with V(scope=database).
              type: int
              returned: always
              sample: 153
            interval:
              description: The median of the seconds from one of the latest snapshots to the next, if there are two and
                enough rows were read to tell.
              type: float
              returned: always
              sample: 300.1
            read:
              description: Rows among which duplicates were looked for.
              type: int
              returned: always
              sample: 136
            sampled:
              description: Whether only some rows were read, so that there may be more snapshots or databases.
              type: bool
              returned: always
              sample: false
        cost:
          description:
            - What its history of the server takes on disk. It is null before the first sample, if all are aggregated
              and over a day old, and where history is kept for ever or nothing is collected.
            - It is estimated from RV(datasources[].servers[].recent), or from the newest sample if all are aggregated,
              and from the bytes that a row takes in the history as it is. Where that is too little to tell, the width
              of the samples tells, and the history of other datasources whose samples are about as wide. A server
              without samples is taken to have as many rows as the others have on average.
            - The bytes are those of the history with its indexes. The transient table, the samples that are not
              aggregated yet, and WAL are not among them.
          type: dict
          returned: always
          contains:
            rows:
              description: Rows of a sample.
              type: int
              returned: always
              sample: 8
            bytes_per_row:
              description: Bytes of history for each of them.
              type: float
              returned: always
              sample: 21.5
            bytes_per_day:
              description: Bytes of history of a day.
              type: int
              returned: always
              sample: 49536
            bytes_at_retention:
              description: Bytes of history once the oldest samples are as old as they get.
              type: int
              returned: always
              sample: 346752
    bytes:
      description: Sizes of its tables in bytes, including indexes.
      type: dict
      returned: always
      sample: {transient: 8192, current: 65536, history: 1048576}
    cost:
      description:
        - What its history of all enabled servers together takes on disk, or null where nothing is known of any.
        - It is the sum of RV(datasources[].servers[].cost).
      type: dict
      returned: always
      contains:
        rows:
          description: Rows of a sample of all servers together.
          type: int
          returned: always
          sample: 8
        bytes_per_row:
          description: Bytes of history for each of them.
          type: float
          returned: always
          sample: 21.5
        bytes_per_day:
          description: Bytes of history of a day.
          type: int
          returned: always
          sample: 49536
        bytes_at_retention:
          description: Bytes of history once the oldest samples are as old as they get.
          type: int
          returned: always
          sample: 346752
expected_costs:
  description:
    - What each of O(datasources) will cost once it is declared, in the order of the list, without those that are
      absent. It is empty without O(datasources).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The datasource.
      type: str
      returned: always
      sample: backends
    cost:
      description:
        - What its history will take on disk, as check mode of M(pgfleet.powa.datasources) says it. It is null if nobody
          has said how many rows to expect.
        - It is that of all servers that are registered here, enabled, and chosen by the C(servers) of the datasource,
          each with its own frequency and retention, and with O(server_kind=local) also of the server itself.
        - A server has as many rows as O(remote_results) says. If they say nothing, since a query that is declared
          already was not described again, it has as many as its latest samples, which count as often as they come. Any
          other server is taken to have as many as these have on average.
        - With C(scope=database), what remotes expect is the rows of one database, and only counts if the C(databases)
          of the datasource name them. Samples only count if these stay the same.
        - A row takes as many bytes as in the history of this datasource. Where that is too short, they are estimated
          from what samples of about the same width take in the history of all datasources of the server.
      type: dict
      returned: always
      contains:
        rows:
          description: Rows of a sample of all servers together.
          type: int
          returned: always
          sample: 16
        bytes_per_row:
          description: Bytes of history for each of them.
          type: float
          returned: always
          sample: 32.0
        bytes_per_day:
          description: Bytes of history of a day.
          type: int
          returned: always
          sample: 147456
        bytes_at_retention:
          description: Bytes of history once the oldest samples are as old as they get.
          type: int
          returned: always
          sample: 1032192
tables:
  description: The tables of PoWA and of datasources, with their sizes in bytes, including indexes.
  returned: success
  type: list
  elements: dict
  sample: [{name: powa_statements_history, bytes: 1048576}]
impostors:
  description:
    - Objects that bear a mark of this collection or the name of an object of a datasource, and belong to a role that is
      neither a superuser nor the owner of the extension powa. Whoever may create objects in PoWA's schema can make
      them, so no module reads, calls or replaces them.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: Its kind and name, with the parameters of a function.
      type: str
      returned: always
      sample: function public.powa_lock_modes_reset(_srvid integer)
    owner:
      description: The role that owns it.
      type: str
      returned: always
      sample: app
    datasource:
      description: The datasource that it pretends to be of, or null if the server has nothing else of that one.
      type: str
      returned: always
      sample: lock_modes
    drop:
      description: The statement that drops it.
      type: str
      returned: always
      sample: DROP FUNCTION public.powa_lock_modes_reset(_srvid integer)
transient_rows:
  description:
    - Rows that snapshots have left behind in transient tables. At most 100000 rows of each table are read.
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
      description: PoWA's number of the server that they came from.
      type: int
      returned: always
      sample: 1
    rows:
      description: Number of rows.
      type: int
      returned: always
      sample: 12
    oldest_age:
      description: Age of the oldest row in seconds.
      type: int
      returned: always
      sample: 3600
schema_creators:
  description:
    - Roles that may create objects in PoWA's schema and are not superusers. PoWA 4 could run such objects as superuser.
  returned: success
  type: list
  elements: dict
  contains:
    role:
      description: The role; empty for PUBLIC.
      type: str
      returned: always
      sample: ""
    cure:
      description: The statement after which it may no longer.
      type: str
      returned: always
      sample: REVOKE CREATE ON SCHEMA "public" FROM PUBLIC
collector:
  description: What powa-collector reports. Null if it was not asked.
  returned: success
  type: dict
  contains:
    answers:
      description: Whether it answered in time.
      type: bool
      returned: always
      sample: true
    message:
      description: What went wrong, if it did not answer.
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
      description: Whether a worker is still running for a removed or disabled server.
      type: bool
      returned: always
      sample: false
not_visible:
  description:
    - The parts of this result that the role could not see, sorted. A superuser sees everything, and the list is empty.
    - What is not visible is an empty list, an empty dictionary or null, except that RV(libraries.configured) is then
      RV(libraries.loaded), and that RV(expected_costs) does without the samples that the role cannot read. Parts of
      RV(tables), RV(transient_rows), RV(settings) and C(collector.workers) may be there.
  returned: success
  type: list
  elements: dict
  contains:
    part:
      description: Its name, with C([]) for each entry of a list.
      type: str
      returned: always
      sample: servers[].password_stored
    lacks:
      description: The rights that the role lacks.
      type: list
      elements: str
      returned: always
      sample: [SELECT (password) on public.powa_servers]
problems:
  description:
    - What is wrong, as far as this database shows. The playbook C(pgfleet.powa.doctor) adds what hosts show.
    - No two problems have the same RV(problems[].kind), RV(problems[].server), RV(problems[].datasource) and
      RV(problems[].subject).
    - If the task fails because O(datasources) are wrong, it has a sentence for each thing that is wrong instead.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description:
        - The kind of the problem. The page C(docs/problems.md) of this collection lists all kinds with their meaning.
      type: str
      returned: always
      sample: snapshot_late
    server:
      description: The server of the repository that it is about, or null.
      type: str
      returned: always
      sample: orders
    datasource:
      description: The datasource that it is about, or null.
      type: str
      returned: always
    subject:
      description:
        - What else it is about (an extension, library, role, table, function, host name or the like), or null. It also
          says where, if that is not the server itself.
      type: str
      returned: always
      sample: pg_track_settings on the repository
    problem:
      description: What is wrong.
      type: str
      returned: always
      sample: the last snapshot is 1200 seconds old, expected one every 300 seconds
    cause:
      description: Why.
      type: str
      returned: always
      sample: no powa-collector answers
    cure:
      description: The command or variable that fixes it.
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
    "disk_free": {"type": "int"},
    "datasources": {"type": "list", "elements": "dict"},
    # Checked in full where they are used.
    "remote_results": {"type": "list", "elements": "dict"},
}


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, look)


if __name__ == "__main__":
    main()
