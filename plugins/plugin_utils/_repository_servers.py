# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers that a repository registers."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping

from ansible_collections.pgfleet.powa.plugins.plugin_utils._kept_passwords import kept_remotes
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import manages
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._unloaded import collectable

PASSWORD = "powa_monitoring_password"

#: What the task that registers the servers has returned.
_REGISTERED = "__repository_registered"
#: What the task has returned that asks a collector for its workers.
_WORKERS = "__collector_workers"

#: What is said of a server that is deleted.
_OF_REMOVED = ("hostname", "port", "renamed_from", "state", "history")

#: By what the registry knows a server, and whether it is to go.
_ADDRESS = ("hostname", "port", "renamed_from", "state")
#: Addresses that mean another host on each machine.
_HERE = ("localhost", "127.0.0.1", "::1")

#: A server as M(pgfleet.powa.servers) takes it.
Server = Mapping[str, Any]


def inventory_of(run: Run, repository: str) -> Dict[str, Server]:
    """Return all remotes of a repository."""
    return {
        host: remote["server"] for host, remote in run.fleet["remotes"].items() if remote["repository"] == repository
    }


def remotes_of(run: Run, repository: str) -> Dict[str, Server]:
    """Return the remotes that are in this run and not lost: the run registers and changes only these."""
    return {host: server for host, server in inventory_of(run, repository).items() if _takes_part(run, host)}


def collectors_of(run: Run, repository: str) -> List[str]:
    """Return the hosts of a repository's collectors."""
    return [host for host, collector in run.fleet["collectors"].items() if collector["repository"] == repository]


def moved_from(run: Run, repository: str) -> List[Server]:
    """Return the remotes of other repositories.

    If this one has registered them, it disables them and keeps their history. An address that means another host on
    each machine, or that a remote of its own has, does not identify a moved remote.
    """
    own = [address_of(server) for server in inventory_of(run, repository).values()]
    moved = [
        {"hostname": remote["server"]["hostname"], "port": remote["server"]["port"], "state": "absent"}
        for host, remote in run.fleet["remotes"].items()
        if remote["repository"] not in ("", repository) and _takes_part(run, host)
    ]
    return _unique(server for server in moved if _identifies(server) and address_of(server) not in own)


def servers_to_register(run: Run, repository: str) -> List[Server]:
    """Return the servers to register with their passwords, and those to disable.

    Those to be deleted are only disabled at first, since a worker of the collector would go on with one that is gone.
    Unless powa_store_passwords is true, an empty password clears the one that the registry has stored. The registry
    keeps the password of a remote that may still have its former one.
    """
    stores = run.variables(repository)["powa_store_passwords"]
    kept = kept_remotes(run) if stores else []
    servers = []
    for host, server in remotes_of(run, repository).items():
        password = run.password(host, PASSWORD) if host not in kept else ""
        server = {option: value for option, value in collectable(run, host, server).items() if option != "history"}
        servers.append({**server, "password": password if stores else ""} if password else dict(server))
    return servers + moved_from(run, repository)


def server_addresses(run: Run, repository: str) -> List[Server]:
    """Return the servers that the run registers or disables, as far as the registry knows them by it."""
    return [
        {option: server[option] for option in _ADDRESS if option in server}
        for server in [*remotes_of(run, repository).values(), *moved_from(run, repository)]
    ]


def servers_to_delete(run: Run, repository: str) -> List[Server]:
    """Return the servers that go with their history, of those that the run has found registered and disabled.

    What it has found on a repository outside --limit is not known by that name, so all are returned for one.
    """
    found = [address_of(server) for server in run.result(repository, _REGISTERED).get("servers", ())]
    return [
        {option: server[option] for option in _OF_REMOVED if option in server}
        for server in remotes_of(run, repository).values()
        if server.get("history") == "drop"
        and (repository in run.fleet["outside"] or any(address in found for address in _addresses(server)))
    ]


def deletions_wait(run: Run, repository: str) -> List[str]:
    """Return why the servers that go with their history stay until a later run, as sentences.

    A worker of the collector would go on with one that is gone, so in this run each collector was asked for its
    workers, and restarted if it has to be. With --tags, the parts that do this may not have run.
    """
    servers = servers_to_delete(run, repository)
    busy = [host for host in collectors_of(run, repository) if not _is_settled(run, host)]
    if not servers or not busy:
        return []
    return [_WAITS.format(repository, ", ".join(map(address_of, servers)), ", ".join(busy))]


def _is_settled(run: Run, collector: str) -> bool:
    """Return whether a collector has no worker for a disabled server by now."""
    if not _takes_part(run, collector):
        return False
    found = run.result(collector, _WORKERS)
    if not found.get("restart_required"):
        # Check mode may not have asked it.
        return "workers" in found or run.check_mode
    return manages(run.variables(collector))


_WAITS = (
    "{0}: {1} and the history stay until a later run, since this one has not made sure that the collector on {2} no"
    " longer collects from there: run the whole playbook with the collectors, and restart those that Ansible may not"
    " change"
)


def address_of(server: Server) -> str:
    """Return how a list of servers names a server without its alias."""
    return "{0}:{1}".format(server["hostname"], server["port"])


def _addresses(server: Server) -> List[str]:
    """Return the addresses at which a server may be registered."""
    return [address_of(each) for each in (server, server.get("renamed_from")) if each]


def _takes_part(run: Run, host: str) -> bool:
    return host in run.fleet["run"] and host not in run.lost


def _identifies(server: Server) -> bool:
    return server["hostname"] not in _HERE and not server["hostname"].startswith("/")


def _unique(servers: Iterable[Server]) -> List[Server]:
    found: List[Server] = []
    for server in servers:
        if server not in found:
            found.append(server)
    return found
