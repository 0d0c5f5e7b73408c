# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers that a repository registers."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping

from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

PASSWORD = "powa_monitoring_password"

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

    Unless powa_store_passwords is true, an empty password clears the one that the registry has stored.
    """
    stores = run.variables(repository)["powa_store_passwords"]
    servers = []
    for host, server in remotes_of(run, repository).items():
        password = run.password(host, PASSWORD)
        servers.append({**server, "password": password if stores else ""} if password else dict(server))
    return servers + moved_from(run, repository)


def address_of(server: Server) -> str:
    """Return how a list of servers names a server without its alias."""
    return "{0}:{1}".format(server["hostname"], server["port"])


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
