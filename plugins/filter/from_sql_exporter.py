# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.from_sql_exporter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: from_sql_exporter
short_description: Read collectors of sql_exporter as definitions of datasources
version_added: 0.2.0
description:
  - Reads the text of a collector of sql_exporter, and returns definitions for the variable C(powa_datasources).
  - A query becomes one datasource, with all metrics that use it. It is named after C(query_ref), or after the metric if
    that has its own C(query). C(key_labels) become keys, and C(values) metrics, with C(type) and C(help). If another
    metric has the same value with another C(type) or C(help), that becomes a metric with its C(metric_name), too.
  - The unit of a metric with a single value is that of its C(metric_name).
  - C(static_labels) that all metrics of a query have become keys, others are left out, since they tell no rows apart.
    C(static_value) becomes a metric, and C(timestamp_value) is left out.
  - Another exporter, by JustWatch, is called sql_exporter, too. Its configuration has C(jobs), whose C(queries) become
    datasources. Their C(labels) become keys, and C(values) gauges. A query that several jobs have is taken once, for
    the databases of all of them.
  - What the file runs in another database system only, such as one whose address begins with C(sqlserver://), is left
    out.
  - The scope is V(database) if the file runs a collector or a job in another database than C(postgres) and
    C(template1), by its C(target), or the C(targets) or C(connections) of its jobs. It is then for databases of these
    names. If they are only these two, it is V(cluster).
  - Where the file has no such address, the scope is V(database) for a query that returns the name of its database, by
    C(current_database). Otherwise it is V(cluster). A warning says that this is a guess if the query reads what differs
    between databases, such as C(pg_stat_user_tables), unless O(scope) is given.
  - The name of a collector or a job among O(names), also with wildcards, stands for its metrics.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._from_file
positional: names, prefix, scope
options:
  _input:
    description: The text of a collector, or of a configuration with C(collectors) or with C(jobs) that have queries.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Declare what a file has
  ansible.builtin.debug:
    msg: "{{ metrics | pgfleet.powa.from_sql_exporter(prefix='their_') }}"
  vars:
    # Usually: lookup('ansible.builtin.file', 'postgres.collector.yml')
    metrics: |
      collector_name: sessions
      metrics:
        - metric_name: sessions_count
          type: gauge
          help: Number of sessions
          key_labels: [state]
          values: [sessions]
          query: SELECT state, count(*) AS sessions FROM pg_stat_activity GROUP BY state

- name: Show what cannot be taken over
  ansible.builtin.debug:
    msg: "{{ metrics | pgfleet.powa.from_sql_exporter(on_problem='list') | map(attribute='reason') }}"
  vars:
    metrics: |
      collector_name: sessions
      metrics:
        - metric_name: sessions_count
          type: histogram
          help: Number of sessions
          key_labels: [state]
          values: [sessions]
          query: SELECT state, count(*) AS sessions FROM pg_stat_activity GROUP BY state
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
        return {"from_sql_exporter": importer("sql_exporter")}
