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
  - Returns for each declared datasource, server and metric a few lines of few points, as for a graph, counters per
    second and gauges as they are.
  - It changes nothing, and sends the same number of SQL statements however many servers and datasources there are.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._read_only
  - pgfleet.powa._attributes
options:
  datasources:
    description: Names of datasources. Left out, all.
    type: list
    elements: str
  servers:
    description:
      - Servers of the repository, each by its alias or by V(hostname:port). V(local) is the local server.
        Left out, all.
    type: list
    elements: str
  range:
    description: How much time is read, as an interval of PostgreSQL.
    type: str
    default: 1 day
  until:
    description: When that ends, such as V(2026-03-01 12:00+00). Left out, now.
    type: str
  steps:
    description: Points of a line. A point is the mean of the samples of its step.
    type: int
    default: 60
  lines:
    description:
      - Of each metric of each server, how many combinations of keys have a line of their own. These are the ones with
        the greatest totals; all others are summed.
    type: int
    default: 4
notes:
  - All samples of the range are read, on the server.
seealso:
  - module: pgfleet.powa.datasources
  - module: pgfleet.powa.server_info
"""

EXAMPLES = r"""
- name: What all datasources have collected since yesterday
  pgfleet.powa.history_info:
  register: powa_history
  become: true
  become_user: postgres

- name: Locks of the last week, in steps of six hours
  pgfleet.powa.history_info:
    datasources: [lock_modes]
    range: 7 days
    steps: 28
  become: true
  become_user: postgres
"""

RETURN = r"""
since:
  description: The beginning of the range, as UTC.
  returned: success
  type: str
  sample: "2026-03-01T12:00:00Z"
until:
  description: The end of the range, as UTC.
  returned: success
  type: str
  sample: "2026-03-02T12:00:00Z"
step:
  description: Seconds of a step.
  returned: success
  type: float
  sample: 1440.0
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
      description: Its title, as it was declared, or none.
      type: str
      returned: always
      sample: Locks
    description:
      description: Its description.
      type: str
      returned: always
      sample: Locks held, by mode
    metrics:
      description: Its metrics that are numbers.
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
          description: Its title, as it was declared, or none.
          type: str
          returned: always
          sample: Locks held
        unit:
          description: Its unit, or none. An interval is in seconds.
          type: str
          returned: always
          sample: locks
        description:
          description: Its description, or none.
          type: str
          returned: always
        per_second:
          description: Whether values are those of a counter, per second.
          type: bool
          returned: always
          sample: false
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
        metrics:
          description: The metrics in their order, each with its lines, the one with the greatest total first.
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
                  description: The keys of the line as text, the database by its name. None for the sum of all others.
                  type: dict
                  returned: always
                  sample: {mode: AccessShareLock}
                points:
                  description: A value of each step, or none where the step has no sample, with four digits.
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
    "steps": {"type": "int", "default": 60},
    "lines": {"type": "int", "default": 4},
}


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, read_history)


if __name__ == "__main__":
    main()
