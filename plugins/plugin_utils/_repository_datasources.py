# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The datasources of a repository: which servers they are for, and what the remotes' tasks have returned."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, TypedDict

from ansible_collections.pgfleet.powa.plugins.plugin_utils._access import (
    Definition,
    definitions_of,
    lists_servers,
    servers_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_servers import (
    Server,
    address_of,
    inventory_of,
    remotes_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._settled import is_settled

#: What the tasks that create datasources have returned: on a remote, and on a repository.
_MADE_BY_REMOTE = "__remote_made"
_MADE_BY_REPOSITORY = "__repository_made"


class Results(TypedDict):
    """What this run has seen of the remotes."""

    #: What the remotes' tasks have returned, by server.
    described: List[Dict[str, Any]]
    #: The servers whose side is as declared after this run.
    ready: List[str]


def repository_datasources(run: Run, repository: str) -> List[Definition]:
    """Return the datasources of a repository, each with those of its servers that the repository knows.

    A repository outside --limit keeps its datasources as they are if its remotes have moved to another one.
    """
    if repository in run.fleet["outside"] and not remotes_of(run, repository):
        return []
    known = known_names(run, repository)
    own: List[Definition] = []
    for definition in definitions_of(run.variables(repository)):
        if not lists_servers(definition):
            own.append(definition)
            continue
        servers = [name for name in servers_of(definition) if name in known]
        if servers:
            own.append({**definition, "servers": servers})
    return own


def known_names(run: Run, repository: str) -> List[str]:
    """Return the servers that the list of a datasource may name in a repository.

    The list may also name servers that it does not know: those of other repositories and, in check mode, those that it
    would register. Servers outside the run are known if they are registered.
    """
    addresses = [address_of(server) for server in inventory_of(run, repository).values()]
    registered = (run.seen(repository).get("repository") or {}).get("servers") or []
    servers = [server for server in registered if address_of(server) in addresses]
    if not run.check_mode:
        servers += remotes_of(run, repository).values()
    return list(dict.fromkeys(name for server in servers for name in _names_of(server)))


def pausable(datasources: List[Definition], comments: Mapping[str, str]) -> List[Definition]:
    """Return the datasources that are paused while the columns of their remotes change.

    :param comments: the definitions that the repository stores, by the name of the function that has the comment
    """
    return [
        {**definition, "state": "paused"}
        for definition in datasources
        if definition.get("state") in (None, "present") and not is_settled(definition, comments)
    ]


def results_of_remotes(run: Run, repository: str) -> Results:
    """Return what this run has seen of the remotes."""
    remotes = remotes_of(run, repository)
    described = []
    for host, server in remotes.items():
        made = run.result(host, _MADE_BY_REMOTE)
        if made.get("datasources") is not None:
            described.append({"server": address_of(server), "datasources": made["datasources"]})
    # A remote that is also a repository creates its own side together with the repository's.
    both = [address_of(server) for host, server in remotes.items() if host in run.fleet["repositories"]]
    seen = dict.fromkeys([*(str(entry["server"]) for entry in described), *both])
    known = known_names(run, repository)
    return {"described": described, "ready": [server for server in seen if server in known]}


def still_paused(run: Run, repository: str) -> List[str]:
    """Return which datasources this run leaves paused, as sentences."""
    return [
        _STILL_PAUSED.format(repository, made["name"], ", ".join(made["paused"]))
        for made in run.result(repository, _MADE_BY_REPOSITORY).get("datasources") or []
        if made.get("paused")
    ]


_STILL_PAUSED = (
    "{0}: the columns of datasource {1} have changed, but this run has not changed {2}."
    " Snapshots of the datasource stay paused there until a run does."
)


def _names_of(server: Server) -> List[str]:
    return ([server["alias"]] if server.get("alias") else []) + [address_of(server)]
