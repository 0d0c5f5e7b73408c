# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.functions."""

from __future__ import annotations

DOCUMENTATION = r"""
module: functions
short_description: Register hand-written datasources with PoWA
version_added: 0.2.0
description:
  - Registers functions of your own or of an extension as a datasource of PoWA, for given servers of a repository or for
    the local server. Changes, enables, disables and unregisters them.
  - Works with PoWA 4 and PoWA 5. The rows go into C(powa_functions), or into C(powa_extensions),
    C(powa_extension_functions) and C(powa_extension_config).
  - A registration made by hand under the same name is changed to the declared one, for the servers of the task. It gets
    the functions of the list and loses others. What the task does not mention stays as it is registered.
  - You create the functions and the history tables. M(pgfleet.powa.transient_tables) creates the transient tables.
  - Grants the roles that the task names what they need on functions and tables, and that they do not have in another
    way. It revokes nothing, so a role that has had another name before keeps its rights.
  - Functions and transient tables have to belong to a superuser or to the owner of the extension powa, because PoWA
    runs them with the rights of other roles.
  - Rejects datasources of M(pgfleet.powa.datasources), which that module registers, and those that PoWA brings, such as
    C(pg_qualstats). Activate the latter with O(pgfleet.powa.servers#module:servers[].extensions). Only
    C(pg_track_settings) works both ways, with the functions that PoWA itself registers for it.
  - Reconciles the whole list in one transaction. If anything is wrong with any datasource, the task reports every
    problem and changes nothing.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._lock
  - pgfleet.powa._attributes
notes:
  - The collector sees registrations at its next snapshot. It sees an extension that was created after it connected only
    after a reload. Use M(pgfleet.powa.collector) with O(pgfleet.powa.collector#module:state=reloaded).
options:
  server_kind:
    description:
      - V(repository) registers the datasources. Local mode counts as one, too.
      - On a V(remote), nothing is registered. The task only lets O(monitoring_role) call each C(query_source), and
        needs no other function.
    type: str
    choices: [repository, remote]
    default: repository
  collector_role:
    description:
      - The role that the collector logs in to the repository as. It gets EXECUTE on the functions, SELECT, INSERT,
        UPDATE and DELETE on the transient tables and on O(datasources[].tables), and USAGE on their schemas.
      - It has nothing to do on a V(remote).
    type: str
  monitoring_role:
    description:
      - The role that the collector logs in to remotes as. It gets EXECUTE on each C(query_source), and USAGE on its
        schema. What a function reads, and what C(query_cleanup) does, is not known to the module.
      - Required with O(server_kind=remote). Give it on a repository that is one of its own remotes.
    type: str
  datasources:
    description: The datasources. Those not in the list are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the datasource. PoWA 4 calls it a module, PoWA 5 an extension. For functions of an extension, give
            the name of the extension.
        type: str
        required: true
      functions:
        description: The functions, each with the operation that PoWA calls it for. Required unless
          O(datasources[].state=absent).
        type: list
        elements: dict
        suboptions:
          operation:
            description:
              - When PoWA calls the function.
              - PoWA 5 has no V(unregister) and skips such an entry, so one list works for both.
            type: str
            choices: [snapshot, aggregate, purge, reset, unregister]
            required: true
          function_name:
            description:
              - Name of a function on the repository. It takes one integer, the number of a server.
            type: str
            required: true
          query_source:
            description:
              - With O(datasources[].functions[].operation=snapshot), the function that returns the rows on a remote.
                The collector copies them into its transient table, which must exist.
              - A plain lower-case identifier of at most 59 characters.
              - Without it, the registered one stays. An empty text removes it.
            type: str
          query_cleanup:
            description:
              - With O(datasources[].functions[].query_source), SQL that the collector runs on the remote after it has
                fetched the rows. PoWA does not run it in local mode.
              - With PoWA 5, C({extension}) becomes the schema of that extension on the remote, as in
                V(SELECT {powa}.app_orders_clean(\)). The extension must exist there, or the collector stops collecting
                from that remote. No other braces are allowed.
              - Without it, the registered one stays. An empty text removes it.
            type: str
      tables:
        description:
          - Tables in which the functions keep history, on which O(collector_role) gets its rights. PoWA's registry does
            not know them.
          - Each is a name, in the schema of the functions, or a schema, a dot and a name, both without quotes.
        type: list
        elements: str
        default: []
      external:
        description:
          - With PoWA 5, whether PoWA looks for the functions and transient tables in the schema of the extension of the
            same name (V(true)) or in its own schema. That extension must then be installed on the remotes and on the
            repository.
          - Without it, registrations stay as they are, and new ones get V(true) if the database has an extension of
            that name. If it has none, PoWA would find nothing with V(true), so that becomes V(false).
          - With PoWA 4 all are in PoWA's schema, and this option is ignored.
        type: bool
      priority:
        description: PoWA takes snapshots with a lower priority number first. Without it, new registrations have PoWA's
          default, V(10), others stay as they are.
        type: int
      servers:
        description:
          - Servers of the repository to register for, each by its alias or by V(hostname:port). V(local) is the local
            server. Registrations for other servers are left alone, but with PoWA 5 all servers share the functions.
          - Defaults to all remote servers, and with O(datasources[].state=absent) also to the local server.
        type: list
        elements: str
      enabled:
        description: Whether PoWA takes snapshots. Without it, new registrations are enabled, others stay as they are.
        type: bool
      state:
        description:
          - Whether the datasource is registered. With V(absent) and O(datasources[].servers), PoWA 5 keeps the
            functions for the other servers.
          - What PoWA itself registered is never removed.
        type: str
        choices: [present, absent]
        default: present
seealso:
  - module: pgfleet.powa.transient_tables
  - module: pgfleet.powa.datasources
  - module: pgfleet.powa.servers
"""

EXAMPLES = r"""
- name: Collect from your own functions
  pgfleet.powa.functions:
    datasources:
      - name: app_orders
        functions:
          - operation: snapshot
            function_name: app_orders_snapshot
            query_source: app_orders_src
          - operation: aggregate
            function_name: app_orders_aggregate
          - operation: purge
            function_name: app_orders_purge
  become: true
  become_user: postgres

- name: The same, with the rights that the collector needs
  pgfleet.powa.functions:
    collector_role: powa_collector
    datasources:
      - name: app_orders
        functions:
          - operation: snapshot
            function_name: app_orders_snapshot
            query_source: app_orders_src
          - operation: aggregate
            function_name: app_orders_aggregate
          - operation: purge
            function_name: app_orders_purge
        tables: [app_orders_history]
  become: true
  become_user: postgres

- name: Let the collector call the function on a remote
  pgfleet.powa.functions:
    server_kind: remote
    monitoring_role: powa_monitor
    datasources:
      - name: app_orders
        functions:
          - operation: snapshot
            function_name: app_orders_snapshot
            query_source: app_orders_src
  become: true
  become_user: postgres

- name: Track the settings of one server, with the functions of the extension pg_track_settings
  pgfleet.powa.functions:
    datasources:
      - name: pg_track_settings
        servers: [orders]
        functions:
          - operation: snapshot
            function_name: pg_track_settings_snapshot_settings
            query_source: pg_track_settings_settings_src
          - operation: snapshot
            function_name: pg_track_settings_snapshot_rds
            query_source: pg_track_settings_rds_src
          - operation: snapshot
            function_name: pg_track_settings_snapshot_reboot
            query_source: pg_track_settings_reboot_src
          - operation: reset
            function_name: pg_track_settings_reset
          - operation: unregister # with PoWA 4 only
            function_name: powa_track_settings_unregister
  become: true
  become_user: postgres

- name: Unregister it for one server
  pgfleet.powa.functions:
    datasources:
      - name: app_orders
        servers: [orders]
        state: absent
  become: true
  become_user: postgres
"""

RETURN = r"""
changes:
  description:
    - One line for each registry row that the task created, changed or removed, or would in check mode, and for each
      object that a role gets rights on.
  returned: success
  type: list
  elements: str
  sample: ["create row powa_extension_config (extname=app_orders, srvid=1)"]
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
    - 'datasource "app_orders", functions[0].query_source: its transient table public.app_orders_src_tmp is not there:
      make it with pgfleet.powa.transient_tables'
"""

from ansible_collections.pgfleet.powa.plugins.module_utils._core.lock import LOCK_SPEC
from ansible_collections.pgfleet.powa.plugins.module_utils._core.module import run_task
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions import FunctionsTask

OPTIONS = {
    **LOCK_SPEC,
    "server_kind": {"type": "str", "choices": ["repository", "remote"], "default": "repository"},
    "collector_role": {"type": "str"},
    "monitoring_role": {"type": "str"},
    "datasources": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "functions": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "operation": {
                        "type": "str",
                        "choices": ["snapshot", "aggregate", "purge", "reset", "unregister"],
                        "required": True,
                    },
                    "function_name": {"type": "str", "required": True},
                    "query_source": {"type": "str"},
                    "query_cleanup": {"type": "str"},
                },
            },
            "tables": {"type": "list", "elements": "str", "default": []},
            "external": {"type": "bool"},
            "priority": {"type": "int"},
            "servers": {"type": "list", "elements": "str"},
            "enabled": {"type": "bool"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
    },
}


def main() -> None:
    """Run the module."""
    run_task(OPTIONS, FunctionsTask)


if __name__ == "__main__":
    main()
