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
  - The collector copies what a C(query_source) function returns on a remote server into an unlogged table of the
    repository, which is called like the function with C(_tmp) at its end. This module makes that table for functions
    that you or an extension brought.
  - Its columns are C(srvid integer NOT NULL) and then the columns of the function's result, in the same order and of
    the same types. They come from the function of that name on the repository, which is not called.
  - Marks its tables with a comment. A table with that mark is repaired, and when the function returns other columns it
    is made anew in the same transaction. The rows in it keep the columns that have the same name and type before and
    after.
  - A table without that mark is left alone where its columns fit, and refused where they do not.
  - Datasources of M(pgfleet.powa.datasources) have their tables from there.
  - The whole list is reconciled in one transaction. If anything is wrong with any table, every problem is reported and
    nothing is changed.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._lock
  - pgfleet.powa._attributes
options:
  tables:
    description: The tables, each by its function. What is not in the list is left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      query_source:
        description:
          - Name of the function. It takes one integer, and its result has columns, from C(OUT) parameters,
            C(RETURNS TABLE), a composite type or a table. A function that returns a plain type gives one column.
          - A plain lower-case identifier of at most 59 characters, since the collector does not quote it.
        type: str
        required: true
      schema:
        description:
          - Schema of the function, and of the table. It is PoWA's or that of an extension, since the collector looks
            nowhere else. With PoWA 4 it is always PoWA's.
          - Without it, the schema that PoWA is installed in.
        type: str
      adopt:
        description:
          - Whether a table that someone else made is taken over. It gets the mark, is set unlogged and granted as the
            module's own.
          - Its columns have to fit. A table that belongs to an extension stays with that.
        type: bool
        default: false
      state:
        description:
          - Whether the table is there. Only an unlogged table with this module's mark is dropped, and only while no
            registered datasource has the function as its C(query_source).
          - V(absent) does not need the function.
        type: str
        choices: [present, absent]
        default: present
  collector_role:
    description:
      - With PoWA 4, the role that the collector logs in with. It is granted what it needs on the tables.
      - PoWA 5 has roles of its own. The tables are granted to those as PoWA does with its own, and this option is
        ignored, unless PoWA's roles were removed.
    type: str
seealso:
  - module: pgfleet.powa.functions
  - module: pgfleet.powa.datasources
"""

EXAMPLES = r"""
- name: Transient tables of two functions of one's own on the repository
  pgfleet.powa.transient_tables:
    collector_role: powa_collector
    tables:
      - query_source: app_orders_src
      - query_source: app_invoices_src
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

- name: Drop one that is no longer collected
  pgfleet.powa.transient_tables:
    tables:
      - query_source: app_invoices_src
        state: absent
  become: true
  become_user: postgres
"""

RETURN = r"""
changes:
  description: One line for each table that was, or in check mode would be, created, changed or removed.
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
  description: Every problem that was found, one sentence each.
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
}


def main() -> None:
    """Run the module."""
    run_task(OPTIONS, TransientTablesTask)


if __name__ == "__main__":
    main()
