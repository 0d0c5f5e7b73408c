# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a collector has connected to the remotes of this run, by what the module collector has returned."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._lost import one_line
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._unloaded import collectable

#: What the task has registered that asks the collector for its workers.
WORKERS = "__collector_workers"
_REGISTERED = "__repository_registered"
#: The frequency of a server that has no snapshots.
_NEVER = -1
_RUNNING = "running"
_NO_WORKER = "no worker"
#: What a status means for which PoWA records no error, and what to do.
_MEANINGS = {
    _NO_WORKER: "the collector has not started a worker for it: read the log of powa-collector",
    "stopped": "its worker has ended, as it does where PoWA is missing: read the log of powa-collector",
    "no connection to repository server": "its worker cannot log in to the repository: read the log of powa-collector",
}
_UNKNOWN = "PoWA has recorded no error: read the log of powa-collector"


def is_unproven(run: Run, host: str) -> bool:
    """Tell whether the collector was not seen to be connected, or was restarted after that."""
    found = run.result(host, WORKERS)
    return bool(found.get("restart_required")) or bool(list(_unconnected(run, host, found)))


def unconnected(run: Run, host: str) -> List[str]:
    """Return a sentence for each remote of this run that the collector is not connected to: which one, and why."""
    sentences = []
    for remote, worker in _unconnected(run, host, run.result(host, WORKERS)):
        address = "{hostname}:{port}".format(**run.fleet["remotes"][remote]["server"])
        why = "; ".join(map(one_line, worker.get("errors") or ())) or _MEANINGS.get(worker["status"], _UNKNOWN)
        sentences.append("{0} ({1}): {2}: {3}".format(remote, address, worker["status"], why))
    return sentences


def _unconnected(run: Run, host: str, found: Mapping[str, Any]) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Return the remotes of this run whose worker does not run. What is lost or disabled is not to be collected now."""
    # Where the collector was not asked, as in check mode or without PoWA, nothing is known.
    if "workers" not in found:
        return
    workers = {worker["server"]: worker for worker in found["workers"]}
    repository = run.fleet["collectors"][host]["repository"]
    # A run with tags may not have registered a server yet.
    registered = bool(run.result(repository, _REGISTERED))
    for remote, entry in run.fleet["remotes"].items():
        if entry["repository"] != repository or remote not in run.fleet["run"] or remote in run.lost:
            continue
        worker = workers.get(_name(entry["server"]), {"status": _NO_WORKER if registered else _RUNNING})
        if _is_collected(collectable(run, remote, entry["server"])) and worker["status"] != _RUNNING:
            yield remote, worker


def _name(server: Mapping[str, Any]) -> str:
    return str(server.get("alias") or "{hostname}:{port}".format(**server))


def _is_collected(server: Mapping[str, Any]) -> bool:
    return server.get("state", "present") == "present" and server.get("frequency", 0) != _NEVER
