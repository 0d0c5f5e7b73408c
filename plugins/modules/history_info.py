# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.history_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: history_info
short_description: Read what datasources have collected
version_added: 0.2.0
description:
  - Returns a few lines of a few points, as for a graph, for each declared datasource, server and metric. Counters are
    per second, gauges as they are.
  - Changes nothing, and sends the same number of SQL statements for any number of servers and datasources.
  - Warns about a datasource whose stored definition is damaged and leaves it out, or fails if O(datasources) names it.
    The same goes for a datasource of whose objects any belongs to neither a superuser nor the owner of the extension
    powa, since calling its functions might run anybody's code.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._read_only
  - pgfleet.powa._attributes
options:
  datasources:
    description: Names of datasources. Defaults to all.
    type: list
    elements: str
  servers:
    description:
      - Servers of the repository, each by its alias or by V(hostname:port). V(local) is the local server.
        Defaults to all.
    type: list
    elements: str
  range:
    description: How much time to read, as a PostgreSQL interval.
    type: str
    default: 1 day
  until:
    description: When that time ends, such as V(2026-03-01 12:00+00). A time without a zone is in UTC. Defaults to now.
    type: str
  trim:
    description:
      - Whether to leave out a beginning or an end of the range without samples, as on a repository that is younger than
        the range. A part shorter than a twentieth of the time from the first sample to the last stays.
      - All datasources and servers have the same range. Only a server or a datasource whose first sample is in the last
        quarter of that range has one of its own, which begins there; see RV(datasources[].servers[].since).
    type: bool
    default: false
  steps:
    description: Number of points in a line. A point is the mean of the samples in its step.
    type: int
    default: 60
  lines:
    description:
      - How many combinations of keys get their own line, for each metric of each server. These are the ones with the
        highest totals; all others are summed in one line.
    type: int
    default: 4
notes:
  - The server reads all samples of the range.
  - No superuser is needed. A datasource that the role may not read is left out, and RV(not_visible) and a warning name
    the rights that it lacks; if O(datasources) names that datasource, the task fails.
  - The role has to read C(powa_servers) except its column C(password), and the history of the datasources. The variable
    C(powa_reader_role) of the role P(pgfleet.powa.repository#role) makes such a login. With PoWA 5, a member of
    C(powa_read_all_metrics) sees everything, too.
seealso:
  - module: pgfleet.powa.datasources
  - module: pgfleet.powa.server_info
"""

EXAMPLES = r"""
- name: Read what all datasources have collected since yesterday
  pgfleet.powa.history_info:
  register: powa_history
  become: true
  become_user: postgres

- name: Read the locks of the last week, in steps of six hours
  pgfleet.powa.history_info:
    datasources: [lock_modes]
    range: 7 days
    steps: 28
  become: true
  become_user: postgres
"""

RETURN = r"""
since:
  description: Beginning of the range that was read, in UTC.
  returned: success
  type: str
  sample: "2026-03-01T12:00:00Z"
until:
  description: End of the range that was read, in UTC.
  returned: success
  type: str
  sample: "2026-03-02T12:00:00Z"
step:
  description: Length of a step in seconds.
  returned: success
  type: float
  sample: 1440.0
asked:
  description: The range that was asked for. Only with O(trim=true) it may be longer than the one that was read.
  returned: success
  type: dict
  contains:
    since:
      description: Its beginning, in UTC.
      type: str
      returned: always
      sample: "2026-03-01T12:00:00Z"
    until:
      description: Its end, in UTC.
      type: str
      returned: always
      sample: "2026-03-02T12:00:00Z"
    step:
      description: Length of a step in seconds.
      type: float
      returned: always
      sample: 1440.0
not_visible:
  description: The parts of this result that the role could not see. A superuser sees everything, and the list is empty.
  returned: success
  type: list
  elements: dict
  contains:
    part:
      description:
        - V(datasources) if some are left out, or V(datasources[].servers) if no server is visible, and so no sample.
      type: str
      returned: always
      sample: datasources
    lacks:
      description: The rights that the role lacks.
      type: list
      elements: str
      returned: always
      sample: [SELECT on public.powa_lock_modes_history]
datasources:
  description: The datasources.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The datasource.
      type: str
      returned: always
      sample: lock_modes
    title:
      description: Its declared title, or null.
      type: str
      returned: always
      sample: Locks
    set:
      description: The declared title of its set, or null.
      type: str
      returned: always
      sample: Locks
    description:
      description: Its description.
      type: str
      returned: always
      sample: Locks held, by mode
    metrics:
      description: Its numeric metrics.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: The metric.
          type: str
          returned: always
          sample: held
        title:
          description: Its declared title, or null.
          type: str
          returned: always
          sample: Locks held
        unit:
          description: Its unit, or null. Intervals are in seconds.
          type: str
          returned: always
          sample: locks
        description:
          description: Its description, or null.
          type: str
          returned: always
        per_second:
          description: Whether its values are those of a counter, per second.
          type: bool
          returned: always
          sample: false
        overview:
          description: Whether it is declared to be among the few that matter most.
          type: bool
          returned: always
          sample: true
    servers:
      description: The servers that have samples in the range.
      type: list
      elements: dict
      returned: always
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
        since:
          description: Beginning of its lines, in UTC.
          type: str
          returned: always
          sample: "2026-03-01T12:00:00Z"
        step:
          description: Length of a step of its lines in seconds.
          type: float
          returned: always
          sample: 1440.0
        metrics:
          description: The metrics in declared order, each with its lines, the one with the highest total first.
          type: list
          elements: dict
          returned: always
          contains:
            name:
              description: The metric.
              type: str
              returned: always
              sample: held
            lines:
              description: The lines.
              type: list
              elements: dict
              returned: always
              contains:
                key:
                  description: Keys of the line as text, the database by its name. Null for the sum of all others.
                  type: dict
                  returned: always
                  sample: {mode: AccessShareLock}
                points:
                  description: One value per step, rounded to four digits, or null if the step has no sample.
                  type: list
                  elements: float
                  returned: always
                  sample: [3.0, 3.25]
"""

from ansible_collections.pgfleet.powa.plugins.module_utils._core.module import run_module
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.history import read_history

OPTIONS = {
    "datasources": {"type": "list", "elements": "str"},
    "servers": {"type": "list", "elements": "str"},
    "range": {"type": "str", "default": "1 day"},
    "until": {"type": "str"},
    "trim": {"type": "bool", "default": False},
    "steps": {"type": "int", "default": 60},
    "lines": {"type": "int", "default": 4},
}


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, read_history)


if __name__ == "__main__":
    main()
