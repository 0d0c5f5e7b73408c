# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.snapshot."""

from __future__ import annotations

DOCUMENTATION = r"""
module: snapshot
short_description: Take a snapshot with PoWA now
version_added: 0.1.0
description:
  - Calls C(powa_take_snapshot) on a repository or local server and returns the errors that PoWA recorded.
  - For the local server, that collects everything anew. For a remote server, it processes what the collector has
    already copied into the transient tables, and counts as one of the snapshots between two aggregations.
  - Waits until the collector is done with the server, and never makes a snapshot of the collector fail. For that reason
    it rolls back a snapshot of a remote server after 1.5 seconds, leaves the collector its turn, and tries again until
    O(timeout).
  - Takes no snapshot of a remote server from which nothing has ever arrived, and fails before it takes any other. With
    O(fail_on_errors=false) it says so among the errors of that server, and takes the others.
  - Takes each snapshot in its own transaction.
  - Fails if a snapshot would run a function that belongs to neither a superuser nor the owner of the extension powa.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._attributes
options:
  servers:
    description: Servers of the repository, each by its alias or by V(hostname:port). V(local) is the local server.
    type: list
    elements: str
    required: true
  timeout:
    description: Seconds to wait, in total, for snapshots that are already running, and for a moment when the server is
      fast enough.
    type: int
    default: 60
  fail_on_errors:
    description: Whether the task fails if a snapshot has errors, or nothing has ever arrived from a server. What worked
      is always kept.
    type: bool
    default: true
seealso:
  - module: pgfleet.powa.collector
  - module: pgfleet.powa.datasources
"""

EXAMPLES = r"""
- name: Take a snapshot of the local server
  pgfleet.powa.snapshot:
    servers: [local]
  become: true
  become_user: postgres

- name: Take a snapshot, and keep its errors for later
  pgfleet.powa.snapshot:
    servers: [orders]
    fail_on_errors: false
  register: powa_snapshot_result
  become: true
  become_user: postgres
"""

RETURN = r"""
changes:
  description: One line for each snapshot that the task took, or would take in check mode.
  returned: always, unless no snapshot could be taken
  type: list
  elements: str
  sample: [create snapshot of server orders]
snapshots:
  description: One entry for each server, in the order of the task. In check mode, only servers from which nothing has
    ever arrived have one.
  returned: always, unless no snapshot could be taken
  type: list
  elements: dict
  contains:
    server:
      description: Name of the server, as given in the task.
      type: str
      returned: always
      sample: orders
    srvid:
      description: PoWA's number of the server.
      type: int
      returned: always
      sample: 1
    errors:
      description: PoWA's error messages for functions that failed, or why there was no snapshot.
      type: list
      elements: str
      returned: always
      sample: []
"""

from ansible_collections.pgfleet.powa.plugins.module_utils._collector.snapshot import SnapshotTask
from ansible_collections.pgfleet.powa.plugins.module_utils._core.module import run_task

OPTIONS = {
    "servers": {"type": "list", "elements": "str", "required": True},
    "timeout": {"type": "int", "default": 60},
    "fail_on_errors": {"type": "bool", "default": True},
}


def main() -> None:
    """Run the module."""
    run_task(OPTIONS, SnapshotTask)


if __name__ == "__main__":
    main()
