# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.collector."""

from __future__ import annotations

DOCUMENTATION = r"""
module: collector
short_description: Reload powa-collector, see its workers, and have it take snapshots
version_added: 0.1.0
description:
  - Talks to a running powa-collector over NOTIFY in its repository's database. It can run on any host that reaches the
    database.
  - A reload makes the collector start workers for servers that were registered since it started, and reconnect.
  - A reload cannot end the worker of a removed or disabled server, so the module does not reload then. It returns
    RV(restart_required), and you restart the collector's service.
  - The collector does not report a worker's address and frequency. The task that changes them returns
    RV(pgfleet.powa.servers#module:collector_action), which says if a restart is needed.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._attributes
options:
  state:
    description:
      - V(started) reloads the collector if a registered server has no worker, or one that has ended, as it does on a
        server without PoWA.
      - V(reloaded) always reloads it.
    type: str
    choices: [started, reloaded]
    default: started
  snapshot:
    description:
      - Servers to take a snapshot of now, each by its alias or by V(hostname:port). The task waits until the collector
        has taken them.
      - Unlike M(pgfleet.powa.snapshot), this makes the collector read the remote.
      - Needs powa-collector 1.3 or newer. The collector refuses within 10 seconds of the server's last snapshot, so the
        task keeps asking until O(timeout).
    type: list
    elements: str
    default: []
    version_added: 0.2.0
  fail_on_errors:
    description: Whether the task fails if a snapshot has errors. What worked is always kept.
    type: bool
    default: true
    version_added: 0.2.0
  timeout:
    description: Seconds to wait, in total, for the collector's answers, for workers to start, and for snapshots.
    type: int
    default: 30
notes:
  - powa-collector 1.3 and newer obeys superusers, members of C(pg_signal_backend) and, on PoWA 5, members of some of
    PoWA's roles.
seealso:
  - module: pgfleet.powa.servers
  - module: pgfleet.powa.snapshot
"""

EXAMPLES = r"""
- name: Make sure that every registered server has a worker
  pgfleet.powa.collector:
  register: powa_collector_result
  become: true
  become_user: postgres

- name: Have the collector reload its list of servers
  pgfleet.powa.collector:
    state: reloaded
    timeout: 60
  become: true
  become_user: postgres

- name: Have the collector take a snapshot of a server now
  pgfleet.powa.collector:
    snapshot: [orders]
    timeout: 60
  become: true
  become_user: postgres
"""

RETURN = r"""
changes:
  description: One line if the task reloaded the collector, and one for each snapshot that it took, or would in check
    mode.
  returned: success, and if snapshots had errors
  type: list
  elements: str
  sample: [change powa-collector, create snapshot of server orders]
workers:
  description: The collector's workers after the task.
  returned: success
  type: list
  elements: dict
  contains:
    srvid:
      description: PoWA's number of the server.
      type: int
      returned: always
      sample: 1
    server:
      description: Alias or address of the server, or V(removed).
      type: str
      returned: always
      sample: orders
    status:
      description: What the collector reports about the worker.
      type: str
      returned: always
      sample: running
    errors:
      description:
        - What PoWA has recorded of the server while its worker is not V(running), such as why it cannot connect.
        - Empty for a worker that runs.
      type: list
      elements: str
      returned: always
      sample: []
      version_added: 0.2.0
restart_required:
  description: Whether a worker is still running for a removed or disabled server.
  returned: success
  type: bool
  sample: false
snapshots:
  description: One entry for each server of O(snapshot), in the order of the task. Empty in check mode.
  returned: success, and if snapshots had errors
  type: list
  elements: dict
  contains:
    server:
      description: Alias or address of the server.
      type: str
      returned: always
      sample: orders
    srvid:
      description: PoWA's number of the server.
      type: int
      returned: always
      sample: 1
    errors:
      description: Errors that PoWA recorded for the snapshot.
      type: list
      elements: str
      returned: always
      sample: []
"""

from ansible_collections.pgfleet.powa.plugins.module_utils._collector.reconcile import run_collector
from ansible_collections.pgfleet.powa.plugins.module_utils._core.module import run_module

OPTIONS = {
    "state": {"type": "str", "choices": ["started", "reloaded"], "default": "started"},
    "snapshot": {"type": "list", "elements": "str", "default": []},
    "fail_on_errors": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 30},
}


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, run_collector)


if __name__ == "__main__":
    main()
