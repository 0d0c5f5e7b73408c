# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.from_pgmonitor."""

from __future__ import annotations

DOCUMENTATION = r"""
name: from_pgmonitor
short_description: Read queries or collectors of pgMonitor as definitions of datasources
version_added: 0.2.0
description:
  - Reads the text of a file of pgMonitor, either of those for postgres_exporter (C(queries_*.yml)), or of those for
    sql_exporter (C(crunchy_*_collector.yml)). Returns definitions for the variable C(powa_datasources).
  - As for P(pgfleet.powa.from_postgres_exporter#filter) and P(pgfleet.powa.from_sql_exporter#filter), labels become
    keys, and kinds and descriptions come along.
  - pgMonitor has a file for each version. A mapping of versions to files becomes one definition for each name, and each
    version is used until the next one of the mapping.
  - Many queries use functions and views of pgMonitor's own. A warning names those that need its schema
    C(pgmonitor_ext) or C(monitor). The remotes need these, or they refuse the datasource.
  - A query with a placeholder such as C(#PG_STAT_STATEMENTS_LIMIT#), which the set-up of pgMonitor replaces, is
    skipped.
  - The scope is V(database) for the files and collectors that pgMonitor runs in each database (C(per_db), C(bloat) and
    C(table_stats)), otherwise V(cluster). The line C(# Begin File:) above a query says which file it is from, also
    where a text has several.
  - Without such a line, the scope is V(database) for a query that returns the name of its database, by
    C(current_database). For others, V(cluster) is a guess. A warning says so, unless O(scope) is given.
  - The name of a collector among O(names), also with wildcards, stands for its metrics.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._from_file
positional: names, prefix, scope
options:
  _input:
    description: The text of such a file, or a mapping of versions such as V(17) to the texts of their files.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Declare what a file has
  ansible.builtin.debug:
    msg: "{{ metrics | pgfleet.powa.from_pgmonitor(prefix='their_') }}"
  vars:
    # Usually: lookup('ansible.builtin.file', 'crunchy_global_collector.yml')
    metrics: |
      ccp_sessions:
        query: SELECT state, count(*) AS sessions FROM pg_stat_activity GROUP BY state
        metrics:
          - state: {usage: LABEL, description: State of the session}
          - sessions: {usage: GAUGE, description: Number of sessions}

- name: Show what cannot be taken over
  ansible.builtin.debug:
    msg: "{{ metrics | pgfleet.powa.from_pgmonitor(on_problem='list') | map(attribute='reason') }}"
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
        return {"from_pgmonitor": importer("pgmonitor")}
