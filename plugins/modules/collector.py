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
  - Talks to a running powa-collector over NOTIFY in its repository's database, so it can run wherever that is reached.
  - A reload makes the collector work on servers that were registered since it started, and reconnect.
  - A reload can not end the worker of a server that was removed or disabled, and must not be tried then.
    RV(restart_required) says so, and a restart of the collector's service is the cure.
  - The collector does not say which address and which frequency a worker has.
    RV(pgfleet.powa.servers#module:collector_action) of the task that changes them says that a restart is needed.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._attributes
options:
  state:
    description:
      - V(started) reloads the collector if a registered server has no worker, or one that has ended, as it does for
        want of PoWA.
      - V(reloaded) reloads it in any case.
    type: str
    choices: [started, reloaded]
    default: started
  snapshot:
    description:
      - Servers of which the collector takes a snapshot now, each by its alias or by V(hostname:port). The task waits
        until it has.
      - Other than with M(pgfleet.powa.snapshot), the collector reads the remote for it.
      - powa-collector 1.3 and later can. It refuses within 10 seconds of the server's last snapshot, so the task asks
        again until O(timeout).
    type: list
    elements: str
    default: []
    version_added: 0.2.0
  fail_on_errors:
    description: Whether errors of a snapshot make the task fail. What worked is kept in any case.
    type: bool
    default: true
    version_added: 0.2.0
  timeout:
    description: Seconds to wait, in all, for the collector's answers, for workers to run, and for snapshots.
    type: int
    default: 30
notes:
  - powa-collector 1.3 and later obeys superusers and members of C(pg_signal_backend), and on PoWA 5 those of some of
    its roles.
seealso:
  - module: pgfleet.powa.servers
  - module: pgfleet.powa.snapshot
"""

EXAMPLES = r"""
- name: Every registered server has a worker
  pgfleet.powa.collector:
  register: powa_collector_result
  become: true
  become_user: postgres

- name: The collector reads its servers anew
  pgfleet.powa.collector:
    state: reloaded
    timeout: 60
  become: true
  become_user: postgres

- name: A server has a snapshot of what it has now
  pgfleet.powa.collector:
    snapshot: [orders]
    timeout: 60
  become: true
  become_user: postgres
"""

RETURN = r"""
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
      description: What the collector says of the worker.
      type: str
      returned: always
      sample: running
restart_required:
  description: Whether a worker runs for a server that was removed or disabled.
  returned: success
  type: bool
  sample: false
snapshots:
  description: One entry for each server of O(snapshot), in the order of the task. Empty in check mode.
  returned: success, and where snapshots had errors
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
      description: What PoWA has recorded of the snapshot.
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
