# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Twenty PostgreSQL servers that are to be collected from, on ports of this host.

PoWA's database is there. What is left is the monitoring role with its memberships and rights, and the source functions
of five datasources: by the role C(remote) on one side, by a playbook with modules of community.postgresql on the other.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Collection, Dict, Iterator, List, Tuple

from measured import RUNS, Measure, Ratio, Subject
from playing import BENCH, Played, play
from servers import NETWORK, PASSWORD

HOSTS = 20
PORT = 21001
NAME = NETWORK.replace("-", "_")

#: The name of each measure, and whether it is about a run that changes nothing.
NAMES = {
    "fleet20_first_vs_community": Subject(
        "seconds",
        "the role `remote` on 20 servers with 5 datasources, the first time, against a playbook with modules of"
        " community.postgresql alone",
    ),
    "fleet20_nochange_vs_community": Subject(
        "seconds",
        "both again, with nothing to change: at least 3 times faster is at most 0.333",
        0.3333,
    ),
}
OURS, THEIRS = "fleet_ours.yml", "fleet_community.yml"

#: Queries with what they return, as both sides need it.
DATASOURCES: List[Dict[str, Any]] = [
    {
        "name": "fleet_lock_modes",
        "query": "SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode",
        "keys": [{"name": "mode", "type": "text"}],
        "metrics": [{"name": "held", "type": "bigint", "kind": "gauge"}],
    },
    {
        "name": "fleet_commits",
        "query": "SELECT sum(xact_commit)::bigint AS committed FROM pg_stat_database",
        "keys": [],
        "metrics": [{"name": "committed", "type": "bigint"}],
    },
    {
        "name": "fleet_states",
        "query": "SELECT coalesce(state, backend_type) AS state, count(*) AS sessions FROM pg_stat_activity GROUP BY 1",
        "keys": [{"name": "state", "type": "text"}],
        "metrics": [{"name": "sessions", "type": "bigint", "kind": "gauge"}],
    },
    {
        "name": "fleet_blocks",
        "query": "SELECT datname::text, blks_read, blks_hit FROM pg_stat_database WHERE datname IS NOT NULL",
        "keys": [{"name": "datname", "type": "text"}],
        "metrics": [{"name": "blks_read", "type": "bigint"}, {"name": "blks_hit", "type": "bigint"}],
    },
    {
        "name": "fleet_sizes",
        "query": "SELECT datname::text, pg_database_size(oid) AS size FROM pg_database WHERE datallowconn",
        "keys": [{"name": "datname", "type": "text"}],
        "metrics": [{"name": "size", "type": "bigint", "kind": "gauge"}],
    },
]


def measure(names: Collection[str]) -> Iterator[Measure]:
    """Measure what is named of C(NAMES)."""
    sides = [(OURS, THEIRS) if run % 2 else (THEIRS, OURS) for run in range(RUNS)]
    with running_fleet(HOSTS, DATASOURCES) as inventory:
        runs = [_run(inventory, order) for order in sides]
    for index, name in enumerate(NAMES):
        if name in names:
            ours, theirs = ([run[side][index].seconds for run in runs] for side in (OURS, THEIRS))
            yield Ratio(name, NAMES[name], ours, theirs)


def _run(inventory: Path, sides: Collection[str]) -> Dict[str, Tuple[Played, Played]]:
    """Return the first run and the one after it, of each side."""
    played, made = {}, []
    for side in sides:
        clusters("reset", HOSTS)
        first, second = (play(BENCH / side, inventory) for _time in range(2))
        assert first.changed and not second.changed
        played[side] = (first, second)
        made.append(clusters("show", HOSTS))
    assert made[0] == made[1], "The two sides did not do the same: {0}".format(made)
    return played


def clusters(action: str, hosts: int) -> str:
    """Start servers of this host, reset, show or remove them."""
    command = [str(BENCH / "fleet-clusters"), action, NAME, str(hosts), str(PORT)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def running_fleet(hosts: int, datasources: Collection[Dict[str, Any]]) -> Iterator[Path]:
    """Start the servers, and remove them in the end."""
    with tempfile.TemporaryDirectory() as folder:
        inventory = Path(folder, "hosts.json")
        inventory.write_text(json.dumps(_inventory(hosts, datasources)))
        try:
            clusters("up", hosts)
            yield inventory
        finally:
            clusters("down", hosts)


def _inventory(number: int, datasources: Collection[Dict[str, Any]]) -> Dict[str, Any]:
    hosts = {
        "server{0:02d}".format(host): {"powa_host": "127.0.0.1", "powa_port": PORT + host} for host in range(number)
    }
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_become_method": "su",
        "powa_monitoring_password": PASSWORD,
        "powa_stats_extensions": ["pg_qualstats"],
        # All clusters of this host share the folder of the extensions.
        "powa_marker_extensions": False,
        "powa_datasources": list(datasources),
    }
    # Nothing is done on the repository; there has to be one.
    groups = {"powa_remotes": {"hosts": hosts}, "powa_repositories": {"hosts": {"repository": {}}}}
    return {"all": {"vars": variables, "children": groups}}
