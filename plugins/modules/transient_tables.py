# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.transient_tables."""

from __future__ import annotations

DOCUMENTATION = r"""
module: transient_tables
short_description: Make the transient tables of hand-written datasources
version_added: 0.2.0
description:
  - The collector copies what a C(query_source) function returns on a remote server into an unlogged table on the
    repository, named after the function with C(_tmp) appended. This module creates that table for functions of your own
    or of an extension.
  - Its columns are C(srvid integer NOT NULL) and then the columns of the function's result, in the same order and of
    the same types. The module reads them from the function of that name on the repository, without calling it.
  - Marks its tables with a comment. It repairs tables with that mark. If the function returns other columns, it
    recreates the table in the same transaction; rows keep the columns whose name and type stay the same.
  - Leaves a table without that mark alone if its columns fit, but for the rights of O(collector_role), and fails if
    they do not.
  - Function and table have to belong to a superuser or to the owner of the extension powa, because any other owner
    could change them into code that runs with the rights of other roles. Log in as one of them.
  - M(pgfleet.powa.datasources) creates the tables of its own datasources.
  - Reconciles the whole list in one transaction. If anything is wrong with any table, the task reports every problem
    and changes nothing.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._lock
  - pgfleet.powa._attributes
options:
  tables:
    description: The tables, each by its function. Those not in the list are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      query_source:
        description:
          - Name of the function. It takes one integer, and its result has columns, from C(OUT) parameters,
            C(RETURNS TABLE), a composite type or a table. A function that returns a plain type gives one column.
          - A plain lower-case identifier of at most 59 characters, because the collector does not quote it.
        type: str
        required: true
      schema:
        description:
          - Schema of the function and of the table. It must be PoWA's or that of an extension, because the collector
            looks nowhere else. With PoWA 4 it must be PoWA's.
          - Defaults to the schema that PoWA is installed in.
        type: str
      adopt:
        description:
          - Whether to take over a table that someone else created. It gets the mark, becomes unlogged and gets the
            grants of the module's own tables.
          - Its columns must fit. A table that belongs to an extension cannot be taken over.
        type: bool
        default: false
      state:
        description:
          - Whether the table exists. The module drops only an unlogged table with its mark, and only if no registered
            datasource has the function as its C(query_source).
          - V(absent) does not need the function.
        type: str
        choices: [present, absent]
        default: present
  collector_role:
    description:
      - The role that the collector logs in to the repository as. It gets EXECUTE on the functions, the rights that it
        needs on the tables, and USAGE on their schema, as far as it does not have them in another way. Nothing is
        revoked.
      - With PoWA 5, the module's own tables are granted to PoWA's roles instead, with the same rights as on PoWA's
        tables, unless these roles were removed.
    type: str
  monitoring_role:
    description:
      - The role that the collector logs in to remotes as, for a repository that is one of its own remotes. It gets
        EXECUTE on the functions, and USAGE on their schema. On other remotes, M(pgfleet.powa.functions) does the same.
    type: str
seealso:
  - module: pgfleet.powa.functions
  - module: pgfleet.powa.datasources
"""

EXAMPLES = r"""
- name: Create the transient tables of two functions of your own
  pgfleet.powa.transient_tables:
    collector_role: powa_collector
    tables:
      - query_source: app_orders_src
      - query_source: app_invoices_src
  become: true
  become_user: postgres

- name: The same on a repository that the collector also collects from
  pgfleet.powa.transient_tables:
    collector_role: powa_collector
    monitoring_role: powa_monitor
    tables:
      - query_source: app_orders_src
  become: true
  become_user: postgres

- name: Take over a table that was made by hand
  pgfleet.powa.transient_tables:
    collector_role: powa_collector
    tables:
      - query_source: app_customers_src
        adopt: true
  become: true
  become_user: postgres

- name: Drop a table that is no longer needed
  pgfleet.powa.transient_tables:
    tables:
      - query_source: app_invoices_src
        state: absent
  become: true
  become_user: postgres
"""

RETURN = r"""
changes:
  description:
    - One line for each table that the task created, changed or removed, or would in check mode, and for each object
      that a role gets rights on.
  returned: success
  type: list
  elements: str
  sample: [create table public.app_orders_src_tmp]
powa_version:
  description: The version of PoWA in the database.
  returned: success
  type: str
  sample: 5.0.2
problems:
  description: Every problem found, one sentence each.
  returned: failure, if the tables are wrong
  type: list
  elements: str
  sample:
    - 'table of "app_orders_src", query_source: there is no function public.app_orders_src(integer), in no other schema
      either: create it first, or its extension'
"""

from ansible_collections.pgfleet.powa.plugins.module_utils._core.lock import LOCK_SPEC
from ansible_collections.pgfleet.powa.plugins.module_utils._core.module import run_task
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables import TransientTablesTask

OPTIONS = {
    **LOCK_SPEC,
    "tables": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "query_source": {"type": "str", "required": True},
            "schema": {"type": "str"},
            "adopt": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
    },
    "collector_role": {"type": "str"},
    "monitoring_role": {"type": "str"},
}


def main() -> None:
    """Run the module."""
    run_task(OPTIONS, TransientTablesTask)


if __name__ == "__main__":
    main()
