# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.from_postgres_exporter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: from_postgres_exporter
short_description: Read queries of postgres_exporter as definitions of datasources
version_added: 0.2.0
description:
  - Reads the text of C(queries.yaml), and returns definitions for the variable C(powa_datasources). It also reads what
    CloudNativePG and pg_exporter add to that format, and a ConfigMap that holds such a file.
  - C(LABEL) becomes a key, C(GAUGE) and C(COUNTER) metrics with their description. C(MAPPEDMETRIC), C(DURATION),
    C(scale) and C(default) become SQL. C(DISCARD) is left out, and so is what the query does not return.
  - Columns that the file does not list are left out, unless there would be no metric without them, or the query does
    not return a column that the file lists.
  - Of a C(HISTOGRAM), the sum and the count become gauges. The buckets are left out.
  - C(runonserver), C(min_version) and C(max_version) become C(queries), also where entries for several versions share
    a C(name). C(primary) and tags such as C(primary) and C(replica) are honoured. A warning says what happens
    without the others, such as C(extension:citus).
  - The scope is V(database) with C(target_databases), for entries of pg_exporter without the tag C(cluster), and for a
    query that returns the name of its database, by C(current_database). Otherwise it is V(cluster). A warning says that
    this is a guess if the query reads what differs between databases, such as C(pg_stat_user_tables), unless O(scope)
    is given.
  - An entry with C(master), which means one database only, or with the tag C(cluster) has V(cluster) whatever O(scope)
    is.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._from_file
positional: names, prefix, scope
options:
  _input:
    description: The text of C(queries.yaml).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Declare what a file has
  ansible.builtin.debug:
    msg: "{{ metrics | pgfleet.powa.from_postgres_exporter(prefix='their_') }}"
  vars:
    # Usually: lookup('ansible.builtin.file', 'queries.yaml')
    metrics: |
      sessions:
        query: SELECT state, count(*) AS sessions FROM pg_stat_activity GROUP BY state
        metrics:
          - state: {usage: LABEL, description: State of the session}
          - sessions: {usage: GAUGE, description: Number of sessions}

- name: Show what cannot be taken over
  ansible.builtin.debug:
    msg: "{{ metrics | pgfleet.powa.from_postgres_exporter(on_problem='list') | map(attribute='reason') }}"
  vars:
    metrics: |
      sessions:
        query: SELECT state FROM pg_stat_activity
        metrics:
          - state: {usage: LABEL}
"""

RETURN = r"""
_value:
  description:
    - The definitions, as O(pgfleet.powa.datasources#module:datasources) and the variable C(powa_datasources) take them.
    - With O(on_problem=list), mappings with the C(name) of a metric, the C(reason) why it is not taken over, and
      whether it is C(skipped) or only a part of it is left out.
  type: list
  elements: dict
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.take import importer


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"from_postgres_exporter": importer("postgres_exporter")}
