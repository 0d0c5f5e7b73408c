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
  - Creates everything that your own datasource needs. On a remote server that is its source function. On a repository
    or local server it is functions, record types, transient and history tables, grants and registry rows.
  - Works with PoWA 4 and PoWA 5.
  - Reconciles the whole list in one transaction. If anything is wrong with any datasource, the task reports every
    problem and changes nothing.
  - Columns can change while there is history. Old samples stay readable, and new ones have the new columns. A removed
    key or metric keeps its history. Declare it again, and the old values are back. Only a changed type rewrites tables,
    in the same transaction; RV(hazards) lists them with their sizes, in check mode, too.
  - The task fails before it writes anything if views or other objects depend on what it would drop or give other
    columns, if values do not fit a new type, or if a key becomes a metric or a metric a key.
  - When a type changes, PostgreSQL's cast converts the old values. What the cast drops is lost, such as the date of a
    V(timestamp) that becomes a V(time), or the decimals of a V(numeric) that becomes an V(integer).
  - Changes made by hand appear in the diff and are repaired. History stays untouched.
  - With O(server_kind=local), PoWA's background worker, a superuser, takes the snapshots, but the queries run with the
    rights of O(monitoring_role), in a subtransaction that is rolled back. Without O(datasources[].security_definer), a
    query can read the statistics of all roles and what you grant to that role, and can change nothing.
  - A rate is NULL where a counter has no value or one of 1e140 or more.
  - An object counts as made by this module if it bears its mark and belongs to a superuser or to the owner of the
    extension powa. Log in as one of them. The task fails if anybody else owns an object of the same name.
  - Read the history with V(powa_NAME_get(srvid, from, to\)), or per second with V(powa_NAME_rate(srvid, from, to\)).
    A counter lower than in the previous sample was reset, and has counted from 0 since.
  - The server stores the definition in a comment on a function, where any role can read it. Keep secrets out of
    queries.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._lock
  - pgfleet.powa._attributes
options:
  datasources:
    description: The datasources. Those not in the list are left alone, unless O(state=exact).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the datasource, a plain lower-case identifier of at most 36 characters. Its objects are named
            C(powa_NAME_*).
          - Names that PoWA itself uses are not allowed.
        type: str
        required: true
      title:
        description: Title of the datasource in powa-web. Defaults to O(datasources[].name).
        type: str
        version_added: 0.2.0
      set:
        description: Title of the set that powa-web and the report show the datasource with, such as V(Locks).
        type: str
        version_added: 0.2.0
      description:
        description: What the datasource shows.
        type: str
      query:
        description:
          - The SELECT that returns the samples. Its columns are the keys and metrics, with the same names and exactly
            the same types.
          - One of O(datasources[].query) and O(datasources[].queries) is required.
        type: str
      queries:
        description: Queries for different versions of PostgreSQL. The function chooses one when it runs.
        type: list
        elements: dict
        suboptions:
          min_version:
            description: Lowest C(server_version_num) that the query is for, such as V(150000).
            type: int
            default: 0
          query:
            description: The SELECT, as in O(datasources[].query).
            type: str
            required: true
      keys:
        description:
          - Columns that distinguish the rows of a snapshot.
          - At most 30, or 29 with O(datasources[].scope=database).
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the column.
            type: str
            required: true
          type:
            description:
              - A built-in PostgreSQL type, such as V(text), V(oid) or V(bigint[]).
              - Defaults to the type that the query returns.
              - A query may return any other type, which you may also give here, such as V(regclass), or V(app.mood)
                with its schema. The query then casts the values, since code of the type's owner could run as superuser
                when they are written, or since another server could read them differently. A domain becomes its base
                type, V(money) becomes V(numeric), and all others, such as enumerations, become V(text). An array of
                them becomes an array.
            type: str
          renamed_from:
            description: Former name of the column. Its values stay.
            type: str
          nullable:
            description: Whether the column may be NULL.
            type: bool
            default: false
      metrics:
        description: Columns that hold measurements. At least one is required.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the column.
            type: str
            required: true
          type:
            description:
              - A built-in PostgreSQL type, such as V(bigint), V(numeric) or V(double precision).
              - Defaults to the type that the query returns. For other types, see O(datasources[].keys[].type).
            type: str
          renamed_from:
            description: Former name of the column. Its values stay.
            type: str
          kind:
            description: V(counter) for values that only grow until a reset, V(gauge) for those that go up and down.
            type: str
            choices: [counter, gauge]
            default: counter
          title:
            description: Title of the metric in powa-web. Defaults to O(datasources[].metrics[].name).
            type: str
            version_added: 0.2.0
          unit:
            description:
              - Unit of the values, such as V(locks). A graph of a counter shows them per second.
              - powa-web shows V(bytes), V(kB), V(MB), V(GB) and V(TB) as sizes, V(us), V(ms), V(s), V(min), V(h) and
                V(d) as lengths of time in the unit that fits, and V(%) and V(ratio) as percentages. A counter of time
                it shows as percent of the time that passed.
            type: str
            version_added: 0.2.0
          description:
            description: Explains the graph of the metric.
            type: str
            version_added: 0.2.0
          overview:
            description: Whether the metric is among the few that the overview of a server shows.
            type: bool
            default: false
            version_added: 0.2.0
      may_be_empty:
        description: Whether it is normal that the query returns no rows, such as one about standbys on a server without
          any. Otherwise the doctor reports a datasource that has no samples of a server.
        type: bool
        default: false
        version_added: 0.2.0
      extension:
        description:
          - The extension that the datasource belongs to. PoWA registers the datasource under that name, and several
            datasources can share it. The query finds the extension's functions in its schema.
          - On PoWA 5, the datasources of one extension share O(datasources[].enabled), O(datasources[].retention) and
            O(datasources[].servers).
        type: str
      scope:
        description:
          - V(cluster) takes one set of rows per server, V(database) one per database, with the additional key C(dbid).
          - V(database) needs PoWA 5 and a remote server. Nothing is installed there. The query looks up names in
            C(pg_catalog) only, so all others need their schema.
          - An extension may be in another schema in each database. Write its name in braces in place of the schema, as
            in V({pgstattuple}.pgstattuple_approx(c.oid::regclass\)). A database without that extension has no samples.
            PoWA's own database needs it, since queries are tried there.
          - A database has no samples either if somebody has created a function, view or type in the extension's schema
            under a name that the query takes from the extension, since that would run with the rights of the monitoring
            role.
        type: str
        choices: [cluster, database]
        default: cluster
      databases:
        description: With O(datasources[].scope=database), take samples from these databases only.
        type: list
        elements: str
      retention:
        description:
          - How long samples are kept, such as V(7 days). Defaults to the server's retention.
          - The task fails if that long ago is before the first timestamp that PostgreSQL knows.
          - Needs PoWA 5.1.2 or newer.
        type: str
      query_cleanup:
        description:
          - A SELECT, INSERT, UPDATE or DELETE that runs on the server after the query. Before the task changes anything
            it has PostgreSQL plan it, which does not run it.
        type: str
      security_definer:
        description:
          - Whether the query runs as the owner of the function instead of the monitoring role.
          - The task tries it with the rights of O(monitoring_role) all the same. If these do not suffice, the task
            warns that it did not try the query, and takes it as it is declared. Then the types of all columns have to
            be declared.
          - Only superusers may own the schemas of O(datasources[].search_path) and of O(datasources[].extension), or
            have the right to create objects there.
        type: bool
        default: false
      search_path:
        description: Schemas where the query looks up names after C(pg_catalog) and PoWA's schema.
        type: list
        elements: str
      adopt:
        description:
          - Whether to take over objects of the same names that this collection did not create, if their columns are
            those of the datasource. They have to belong to a superuser or the owner of the extension powa.
          - Also unregisters the functions that others registered under the name of the datasource. If these mention
            tables with history, the task warns that it stays there.
        type: bool
        default: false
      adopt_history:
        description:
          - With O(datasources[].adopt), a table with the history of the hand-written datasource, in PoWA's schema, or
            given as V(schema.table). A repository or local server copies its rows into the history of the datasource,
            once. The table itself stays.
          - Either a table with the columns C(srvid) and C(ts) (a timestamp with time zone), or one of PoWA's own form,
            with C(srvid) and an array C(records) of a composite type that has C(ts). With V(orders_history), the rows
            of a table C(orders_history_current) are copied, too; there the samples may be in a column C(record).
          - If the table has the name C(powa_NAME_history) of the datasource's own history and other columns, it is
            renamed to C(powa_NAME_byhand), along with its types, its indexes and C(powa_NAME_history_current).
          - Columns are matched by name. A metric without a column is NULL. The task is refused before it writes
            anything if the table has other columns, if PostgreSQL would not assign a type to the declared one, if a
            value does not fit, or if a key that is not nullable lacks one.
          - The tables, their schema and the type of C(records) have to belong to a superuser or the owner of the
            extension powa, and the columns need types of PostgreSQL's own. The tables must have no row security, and no
            index, statistics or constraint with functions that are not PostgreSQL's own. Keys need a type that can be
            sorted.
          - Samples without a time and those of servers that are not registered stay behind, with a warning.
          - While the task copies, nobody else can add rows to the table. RV(hazards) has its size. If a snapshot with
            the old functions is running, and waits, its rows stay behind.
        type: str
        version_added: 0.2.0
      adopt_history_without:
        description: Columns of the table O(datasources[].adopt_history) whose values stay behind.
        type: list
        elements: str
        version_added: 0.2.0
      servers:
        description:
          - Servers of the repository to register the datasource for, each by its alias or by V(hostname:port).
            Registrations for other servers are removed; their history stays.
          - Without it, the datasource is registered for all servers, including those that
            M(pgfleet.powa.servers) adds later.
        type: list
        elements: str
      enabled:
        description: Whether PoWA takes snapshots. Without it, new registrations are enabled, others stay as they are.
        type: bool
      priority:
        description: PoWA takes snapshots with a lower priority number first.
        type: int
        default: 10
      state:
        description:
          - Whether the datasource exists.
          - With V(paused), if the columns are going to change, a repository only stops taking snapshots and waits for
            running ones to end. Then you can change the remotes one by one, and no snapshot fails. V(present) resumes
            the snapshots.
          - With V(paused) and nothing but a name, a repository takes back all registrations of the datasource, and
            waits for running snapshots to end. To remove a datasource without a failed snapshot, do this first, then
            use V(absent) on the remotes, and last on the repository.
        type: str
        choices: [present, paused, absent]
        default: present
      paused_on:
        description:
          - With O(datasources[].state=paused), servers that lack their side of the datasource, each by its alias or by
            V(hostname:port). A repository stops taking snapshots of it there, even if the columns stay as they are.
            Unknown servers are ignored.
        type: list
        elements: str
        version_added: 0.2.0
      history:
        description: With O(datasources[].state=absent), whether to V(keep) or V(drop) the collected history.
        type: str
        choices: [keep, drop]
        default: keep
  state:
    description:
      - V(present) leaves alone the datasources that the list leaves out.
      - V(exact) treats them as O(datasources[].state=absent), if this collection created them. Others are left alone.
        So is one whose stored definition is damaged, which a warning names.
      - V(exact) fails under C(--limit), in a slice of a job of AWX, and after any host of the play has failed. A list
        that is built from the hosts of such a run would be incomplete.
    type: str
    choices: [present, exact]
    default: present
    version_added: 0.2.0
  history:
    description: With O(state=exact), V(drop) also drops the history of the datasources that the list leaves out.
    type: str
    choices: [keep, drop]
    default: keep
    version_added: 0.2.0
  server_kind:
    description:
      - What the server is. V(remote) creates only the source function, V(repository) everything needed to collect from
        remote servers, V(local) everything that the background worker needs on a server that is its own repository.
      - V(local) creates O(monitoring_role) and the role C(powa_queries) if they do not exist. C(powa_queries) owns the
        functions that run the queries, is a member of the monitoring role only, and must have neither members nor a
        login.
      - With PoWA 4, V(local) is refused while roles other than superusers may create objects in PoWA's schema.
        PostgreSQL 13 and 14 give everybody that right in schema C(public). The message names the statement that takes
        it; see O(revoke_create), too.
      - Give several values if the server is more than one of these.
    type: list
    elements: str
    choices: [remote, repository, local]
    required: true
  remote_results:
    description:
      - What this module returned on remotes. Types that O(datasources) leaves out are taken from there. The task fails
        if the remotes disagree about one.
      - With O(ready_servers), the digests say which datasources each of these servers has made.
    type: list
    elements: dict
    suboptions:
      server:
        description: The remote, by its alias or by V(hostname:port).
        type: str
        required: true
      datasources:
        description: The RV(datasources) that the module returned there.
        type: list
        elements: dict
        required: true
  ready_servers:
    description:
      - Servers that have the objects of the datasources as declared, each by its alias or by V(hostname:port).
        Snapshots that O(datasources[].state=paused) stopped resume only for these. A server that a datasource is new
        for gets an inactive registration unless it is one of these, and the first task that lists it activates the
        datasource.
      - A server that O(remote_results) names is ready only for those datasources that it returned with the digest of
        their definition here, which they have if their columns are the same.
      - On PoWA 5, the datasources of one extension are active on the same servers. A further one is not registered
        until all servers where the others are active are ready for it.
      - Without this option, every server counts as ready.
    type: list
    elements: str
  timeout:
    description:
      - Seconds to wait for running snapshots to end when a datasource is paused.
      - Also how long PostgreSQL may take to plan the new queries of the task. What takes longer is stopped, and the
        task fails.
    type: int
    default: 60
  monitoring_role:
    description:
      - With O(server_kind=remote), the role that the collector logs in as. It gets the right to call the source
        functions.
      - With O(server_kind=local), the role whose rights the queries have. Defaults to V(powa_monitor). If it does not
        exist, the task creates it as a member of C(pg_read_all_stats) without a login.
      - Before the task changes anything, PostgreSQL plans each new query with the rights of this role, in a session of
        its own that ends in a rollback, in check mode, too. Planning runs other people's code, such as functions in
        views, so this role must not be a superuser, nor a member of one, of C(pg_execute_server_program) or of
        C(pg_write_server_files). On a standby no query is planned.
      - Without it, the queries are planned with the rights of the role that the task is logged in as. If that is a
        superuser, they are planned with those of a role that has only C(pg_monitor) and exists until the rollback. If
        these do not suffice, the task does as with O(datasources[].security_definer).
    type: str
  revoke_create:
    description:
      - With O(server_kind=local), whether to revoke the right to create objects in PoWA's schema from PUBLIC and from
        all roles but superusers. The owner of the schema keeps it.
    type: bool
    default: false
    version_added: 0.2.0
  collector_role:
    description:
      - With O(server_kind=repository) and PoWA 4, the role that the collector logs in as. It gets the rights that it
        needs on the objects of the datasources.
      - With PoWA 5 this option is ignored. PoWA 5 has its own roles, and they get the same rights as on PoWA's objects.
    type: str
  web_role:
    description:
      - With O(server_kind=repository) and PoWA 4, the role that powa-web logs in as. It gets the right to read the
        history of the datasources.
      - With PoWA 5 this option is ignored, as O(collector_role) is.
    type: str
    version_added: 0.2.0
  reader_role:
    description:
      - With O(server_kind=repository), a role that only reads, as for M(pgfleet.powa.server_info) and
        M(pgfleet.powa.history_info). It gets the right to read the transient tables of the datasources, and with PoWA 4
        also their history. With PoWA 5 it may read history as a member of C(powa_read_all_metrics).
    type: str
    version_added: 0.2.0
seealso:
  - module: pgfleet.powa.servers
  - module: pgfleet.powa.snapshot
"""

EXAMPLES = r"""
- name: Create source functions on a remote server
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

- name: Create the same datasource on the repository, and remove another
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

- name: Use a query for each version, on a server that is its own repository
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

- name: Let the remote find out the types of a query
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

- name: Create the repository side of it, with the types from the remote
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

- name: Take samples from each database, with PoWA 5
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

- name: Take the place of a hand-written datasource, and its history along
  pgfleet.powa.datasources:
    server_kind: [repository]
    datasources:
      - name: app_orders
        adopt: true
        adopt_history: app_orders_history
        query: SELECT state, count(*) AS orders FROM app.orders GROUP BY state
        keys: [{name: state, type: text}]
        metrics: [{name: orders, type: bigint, kind: gauge}]
  become: true
  become_user: postgres

- name: Stop the snapshots of a datasource before its remotes drop it
  pgfleet.powa.datasources:
    server_kind: [repository]
    datasources:
      - name: no_longer_wanted
        state: paused
  become: true
  become_user: postgres

- name: Pause a datasource whose columns are about to change
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
      description: Its keys, each with C(name), C(type) and C(nullable), and with C(cast_from), the type that the query
        returns, if it casts that to C(type).
      type: list
      elements: dict
    metric_columns:
      description: Its metrics, each with C(name), C(type) and C(kind), with C(title), C(unit) and C(description) if
        declared, with C(overview) if that is true, and with C(cast_from) as for keys.
      type: list
      elements: dict
    digest:
      description:
        - The same text wherever the source side has the same columns, and cleans up or not. Snapshots of a remote
          succeed if it has the digest of its repository.
      type: str
    paused:
      description:
        - The servers for which it is inactive until a run has verified that they have its objects as declared.
      type: list
      elements: str
    held_back_by:
      description:
        - The servers in RV(datasources[].paused) because of which PoWA 5 does not collect it anywhere yet, since other
          datasources of its extension are active for them.
      type: list
      elements: str
    rows:
      description:
        - How many rows PostgreSQL's planner expects of its query here, if this task has described the query, which it
          does when the query is new or has changed. The query is not run. With O(datasources[].scope=database), they
          are those of one database.
        - Of functions such as C(pg_locks) calls the planner only guesses how many rows they return, often 1000 or 100,
          and a GROUP BY above them 200. M(pgfleet.powa.sample_info) runs the query and counts them.
      type: float
    cost:
      description:
        - What its history will take on disk, if any of O(remote_results) says how many rows to expect, or if this task
          has described the query itself. It is that of all servers that are registered here, enabled, and chosen by
          O(datasources[].servers), and with O(server_kind=local) of the server itself, by its settings
          C(powa.frequency) and C(powa.retention). With O(datasources[].scope=database), it is only known if
          O(datasources[].databases) names the databases. With O(datasources[].enabled=false) there is none.
        - It has C(rows) of a sample of all servers together, C(bytes_per_row) of history, C(bytes_per_day), and
          C(bytes_at_retention), once the oldest samples are as old as they get. The bytes per row come from
          the history of this datasource. Where that is too short, they are estimated from what samples of about the
          same width take in the history of other datasources of the task. Without samples, a text, an array or jsonb
          counts as 16 bytes.
        - The diff shows it with the history table of a new datasource.
      type: dict
  sample:
    - name: lock_modes
      key_columns: [{name: mode, nullable: false, type: text}]
      metric_columns: [{kind: gauge, name: held, type: bigint}]
      digest: 0c1f5f1d5b0a4d6f2f4b7f0a5f7c9e2b8d3a6c1e4f7b0d9a2c5e8f1b4d7a0c3e
      paused: []
      held_back_by: []
      rows: 8
      cost: {rows: 16, bytes_per_row: 32.0, bytes_per_day: 147456, bytes_at_retention: 1032192}
changes:
  description: One line for each object and registry row that the task created, changed or removed, or would in check
    mode.
  returned: success
  type: list
  elements: str
  sample: [create function public.powa_lock_modes_src]
hazards:
  description: What the changes cost those who use the objects, one entry for each cost. Check mode returns them, too.
  returned: success
  type: list
  elements: dict
  contains:
    effect:
      description: Whether the object is V(rewritten), V(rebuilt) or V(read).
      type: str
      returned: always
      sample: rewritten
    object:
      description: The table or index.
      type: str
      returned: always
      sample: table public.powa_lock_modes_history
    reason:
      description: Why that happens.
      type: str
      returned: always
      sample: held from bigint to numeric
    lock:
      description: The strongest lock that is held meanwhile.
      type: str
      returned: always
      sample: ACCESS EXCLUSIVE
    size:
      description: Bytes that are read or written under that lock.
      type: int
      returned: always
      sample: 1048576
powa_version:
  description: The version of PoWA in the database.
  returned: success
  type: str
  sample: 5.0.2
problems:
  description: Every problem found, one sentence each.
  returned: failure, if the datasources are wrong
  type: list
  elements: str
  sample:
    - 'datasource "lock_modes", metrics[0].type: found "bigit", expected one of "char", bigint, bit, ...'
"""

from typing import Any, Mapping

from ansible_collections.pgfleet.powa.plugins.module_utils._core.lock import LOCK_SPEC
from ansible_collections.pgfleet.powa.plugins.module_utils._core.module import run_task
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.reconcile import DatasourcesTask
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.options import DATASOURCES, REMOTE_RESULTS

OPTIONS = {
    **LOCK_SPEC,
    "datasources": DATASOURCES,
    "state": {"type": "str", "choices": ["present", "exact"], "default": "present"},
    "history": {"type": "str", "choices": ["keep", "drop"], "default": "keep"},
    "server_kind": {
        "type": "list",
        "elements": "str",
        "choices": ["remote", "repository", "local"],
        "required": True,
    },
    "remote_results": REMOTE_RESULTS,
    "ready_servers": {"type": "list", "elements": "str"},
    "timeout": {"type": "int", "default": 60},
    "monitoring_role": {"type": "str"},
    "revoke_create": {"type": "bool", "default": False},
    "collector_role": {"type": "str"},
    "web_role": {"type": "str"},
    "reader_role": {"type": "str"},
}


def make_task(params: Mapping[str, Any]) -> DatasourcesTask:
    """Return the task that the parameters describe."""
    if any(datasource["adopt"] for datasource in params["datasources"]):
        # A host compiles whatever a task imports, each time, and few tasks adopt anything.
        from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.adopting import AdoptingTask

        return AdoptingTask(params)
    return DatasourcesTask(params)


def main() -> None:
    """Run the module."""
    run_task(OPTIONS, make_task)


if __name__ == "__main__":
    main()
