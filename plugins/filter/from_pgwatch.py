# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.from_pgwatch."""

from __future__ import annotations

DOCUMENTATION = r"""
name: from_pgwatch
short_description: Read metrics of pgwatch as definitions of datasources
version_added: 0.2.0
description:
  - Reads the text of a file of pgwatch, and returns definitions for the variable C(powa_datasources).
  - Columns that begin with C(tag_) become keys without it, all others but C(epoch_ns) metrics. They are gauges if
    C(gauges) has them, otherwise counters. C(description) comes along, and each version becomes one of the C(queries).
  - C(node_status) is honoured. C(init_sql) is not run. A metric is skipped if its query uses a function from there, or
    if pgwatch itself collects it.
  - Names of columns are read from the query. A C(*) is followed into a sub-select or C(WITH). A metric is skipped if
    only a server could say what a column is called.
  - The scope is V(database) without C(is_instance_level). With it, the scope is V(cluster), whatever O(scope) is.
  - The name of a preset among O(names), also with wildcards, stands for its metrics.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._from_file
positional: names, prefix, scope
options:
  _input:
    description: The text of C(metrics.yaml) of pgwatch 3.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Declare what a file has
  ansible.builtin.debug:
    msg: "{{ metrics | pgfleet.powa.from_pgwatch(prefix='their_') }}"
  vars:
    # Usually: lookup('ansible.builtin.file', 'metrics.yaml')
    metrics: |
      metrics:
        sessions:
          description: Sessions by state
          sqls:
            14: |
              SELECT (extract(epoch FROM now()) * 1e9)::int8 AS epoch_ns, state AS tag_state, count(*) AS sessions
              FROM pg_stat_activity GROUP BY state
          gauges: ['*']
          is_instance_level: true

- name: Show what cannot be taken over
  ansible.builtin.debug:
    msg: "{{ metrics | pgfleet.powa.from_pgwatch(on_problem='list') | map(attribute='reason') }}"
  vars:
    metrics: |
      metrics:
        events:
          sqls: {14: ''}
"""

RETURN = r"""
_value:
  description:
    - The definitions, as O(pgfleet.powa.datasources#module:datasources) and the variable C(powa_datasources) take them.
    - With O(on_problem=list), mappings with the C(name) of a metric or a preset, the C(reason) why it is not taken
      over, and whether it is C(skipped) or only a part of it is left out.
  type: list
  elements: dict
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.take import importer


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"from_pgwatch": importer("pgwatch")}
