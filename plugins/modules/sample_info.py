# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.sample_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sample_info
short_description: Try datasources on a server without declaring them
version_added: 0.2.0
description:
  - Runs the query of each datasource once on a server, and returns its first rows, how many there are, how long the
    query took, and what its history would take on disk.
  - Creates nothing that stays. The queries run with the rights of O(monitoring_role), in a transaction that only reads
    and ends in a rollback, in check mode, too. What a function does outside of its transaction stays, such as
    V(pg_terminate_backend(\)) or V(dblink(\)).
  - Before it runs any, PostgreSQL plans all of them, and the task fails with what M(pgfleet.powa.datasources) would
    refuse, such as columns that are not declared.
  - With C(security_definer), too, a query runs with the rights of O(monitoring_role) here. If these do not suffice, the
    task warns and leaves the datasource out.
  - C(query_cleanup) is planned and does not run. A datasource with the scope V(database) is tried in the
    database that the task logs in to, with the C(search_path) C(pg_catalog) that powa-collector sets.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._read_only
  - pgfleet.powa._attributes
options:
  datasources:
    description:
      - The datasources, each with the fields that O(pgfleet.powa.datasources#module:datasources) has.
      - Those to be removed or paused are left out.
    type: list
    elements: dict
    required: true
  monitoring_role:
    description:
      - The role whose rights the queries get. It must not be a superuser, nor a member of one, of
        C(pg_execute_server_program) or of C(pg_write_server_files).
      - Without it, or if it does not exist, the queries get the rights of the role that the task is logged in as. If
        that is a superuser, they get those of a role that has only C(pg_read_all_stats) and exists until the rollback.
        The task warns if the role does not exist.
    type: str
  rows:
    description: How many rows of each datasource to return, at most 1000.
    type: int
    default: 10
  frequency:
    description: Seconds between two snapshots, for RV(datasources[].bytes_per_day).
    type: int
    default: 300
  retention:
    description: How long samples are kept, for RV(datasources[].bytes_at_retention) of datasources that have no
      retention of their own.
    type: str
    default: 1 day
  timeout:
    description: Seconds to plan and run all queries together. What takes longer is stopped, and the task fails.
    type: int
    default: 60
notes:
  - A standby has no place for the temporary function that runs the queries, so the task fails there. Try them on its
    primary.
  - The role that the task logs in as has to be a superuser or a member of O(monitoring_role), which needs the right
    TEMPORARY on the database.
seealso:
  - module: pgfleet.powa.datasources
"""

EXAMPLES = r"""
- name: See what a datasource would collect
  pgfleet.powa.sample_info:
    monitoring_role: powa
    datasources:
      - name: lock_modes
        query: SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode
        keys: [{name: mode}]
        metrics: [{name: held, kind: gauge}]
  register: tried
  become: true
  become_user: postgres

- name: Show its rows
  ansible.builtin.debug:
    msg: "{{ tried.datasources[0].rows }}"
"""

RETURN = r"""
datasources:
  description: What each datasource has returned, in the order of the list.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the datasource.
      type: str
      returned: always
      sample: lock_modes
    types:
      description: The types of its columns, by their names, as declared or as the query returns them.
      type: dict
      returned: always
      sample: {mode: text, held: bigint}
    row_count:
      description: How many rows the query has returned.
      type: int
      returned: always
      sample: 2
    milliseconds:
      description: How long the query took.
      type: float
      returned: always
      sample: 0.3
    bytes_per_day:
      description:
        - What that many rows would take on disk each day, with O(frequency), on one server. With the scope V(database),
          the rows are those of one database.
        - It is estimated from the types of the metrics, with 16 bytes for a text, an array or jsonb, however long they
          are, and as if samples compressed as usual. Once there is history, M(pgfleet.powa.server_info) estimates from
          that.
      type: int
      returned: always
      sample: 13824
    bytes_at_retention:
      description: The same once the oldest samples are as old as they get, or null if they are kept for ever.
      type: int
      returned: always
      sample: 13824
    rows:
      description: The first O(rows) rows, each as a mapping.
      type: list
      elements: dict
      returned: always
      sample: [{mode: AccessShareLock, held: 3}]
problems:
  description: Every problem found, one sentence each.
  returned: failure, if the datasources are wrong
  type: list
  elements: str
  sample:
    - 'datasource "lock_modes": its query failed (division by zero): correct it'
"""

from ansible_collections.pgfleet.powa.plugins.module_utils._core.module import run_module
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.samples import read_samples

OPTIONS = {
    "datasources": {"type": "list", "elements": "dict", "required": True},
    "monitoring_role": {"type": "str"},
    "rows": {"type": "int", "default": 10},
    "frequency": {"type": "int", "default": 300},
    "retention": {"type": "str", "default": "1 day"},
    "timeout": {"type": "int", "default": 60},
}


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, read_samples)


if __name__ == "__main__":
    main()
