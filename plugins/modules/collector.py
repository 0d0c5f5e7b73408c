# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.collector."""

from __future__ import annotations

DOCUMENTATION = r"""
module: collector
short_description: Reload powa-collector and see its workers
version_added: 0.1.0
description:
  - Talks to a running powa-collector over NOTIFY in its repository's database, so it can run wherever that is reached.
  - A reload makes the collector work on servers that were registered since it started, and reconnect.
  - A reload can not end the worker of a server that was removed or disabled, and must not be tried then.
    RV(restart_required) says
    so, and a restart of the collector's service is the cure.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._attributes
options:
  state:
    description:
      - V(started) reloads the collector if a registered server has no worker.
      - V(reloaded) reloads it in any case.
    type: str
    choices: [started, reloaded]
    default: started
  timeout:
    description: Seconds to wait for the collector's answers and for workers to run.
    type: int
    default: 30
notes:
  - powa-collector 1.3 and later obeys superusers and members of C(pg_signal_backend), and on PoWA 5 those of some of
    its roles.
seealso:
  - module: pgfleet.powa.servers
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
"""

from ansible_collections.pgfleet.powa.plugins.module_utils._collector import reconcile
from ansible_collections.pgfleet.powa.plugins.module_utils._module import run_module

OPTIONS = {
    "state": {"type": "str", "choices": ["started", "reloaded"], "default": "started"},
    "timeout": {"type": "int", "default": 30},
}


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, reconcile)


if __name__ == "__main__":
    main()
