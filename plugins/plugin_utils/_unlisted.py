# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that a repository collects from and that the inventory lacks, such as a host that is disabled in AWX.

Nobody else knows their passwords, so they keep their lines in password files until they are disabled in the registry.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._pgpass import ANY, begins_line
from ansible_collections.pgfleet.powa.plugins.plugin_utils._registered import NEVER
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_servers import (
    inventory_of,
    moved_from,
    remotes_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

#: What the task that registers the servers has returned.
_REGISTERED = "__repository_registered"

Address = Tuple[str, int]


def unlisted(run: Run, repository: str) -> Optional[Set[Address]]:
    """Return the enabled servers of a repository that the inventory lacks, or None if the repository was not read."""
    servers = (run.seen(repository).get("repository") or {}).get("servers") if repository else None
    if servers is None:
        return None
    own = {*_declared(run, repository), *_leaving(run, repository)}
    others = _others(run, repository)
    found = set()
    for server in servers:
        address = (str(server["hostname"]), int(server["port"]))
        enabled = server.get("frequency", NEVER) != NEVER
        if enabled and address not in own and (others is None or _name(server) in others):
            found.add(address)
    return found


def keeps_unlisted(run: Run, repositories: Sequence[str]) -> bool:
    """Return whether a password file may have lines of servers that the inventory lacks."""
    return any(unlisted(run, repository) != set() for repository in repositories)


def unlisted_lines(run: Run, repositories: Sequence[str], present: str) -> List[str]:
    """Return the lines of a password file that belong to servers which the inventory lacks.

    Where a repository was not read, that is every line which is of none of its remotes and of no repository.
    """
    found = [unlisted(run, repository) for repository in repositories]
    unknown = None in found
    kept = {begins_line(*address) + ANY + ":" for addresses in found for address in addresses or ()}
    # Of two repositories, one may still collect from a remote that the other one has by now.
    own = {begins_line(*address) + ANY + ":" for repository in repositories for address in _declared(run, repository)}
    lines = []
    # A password may have other characters that end a line for Python.
    for line in present.split("\n"):
        begins = _begins(line)
        if begins and begins not in own and (unknown or begins in kept):
            lines.append(line)
    return lines


def _others(run: Run, repository: str) -> Optional[List[str]]:
    """Return the names of the servers that state exact has left enabled, or None if the run disables none."""
    result = run.result(repository, _REGISTERED)
    exact = run.variables(repository)["powa_servers_exact"] and not run.lost
    return list(result["others"]) if exact and "others" in result else None


def _name(server: Dict[str, object]) -> str:
    return str(server.get("alias") or "{hostname}:{port}".format(**server))


def _declared(run: Run, repository: str) -> Iterator[Address]:
    """Return where the inventory has the remotes of a repository."""
    return map(_address, inventory_of(run, repository).values())


def _leaving(run: Run, repository: str) -> Iterator[Address]:
    """Return from where this run has the repository no longer collect, since the remotes are elsewhere."""
    former = (server.get("renamed_from") for server in remotes_of(run, repository).values())
    return map(_address, [*filter(None, former), *moved_from(run, repository)])


def _address(server: Mapping[str, Any]) -> Address:
    return str(server["hostname"]), int(server["port"])


def _begins(line: str) -> str:
    """Return how a line for any database of a server begins, up to its role, or an empty text for another line."""
    position = line.find(":" + ANY + ":")
    return line[: position + len(ANY) + 2] if position > 0 and not line.startswith("#") else ""
