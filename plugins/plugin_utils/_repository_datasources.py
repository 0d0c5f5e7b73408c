# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The datasources of a repository: which servers they are for, and what the remotes' tasks have returned."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, TypedDict

from ansible_collections.pgfleet.powa.plugins.plugin_utils._access import (
    Definition,
    definitions_of,
    is_absent,
    lists_servers,
    servers_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._refused import accepted, refusals, skips
from ansible_collections.pgfleet.powa.plugins.plugin_utils._remote import own_datasources, unsure_datasources
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_servers import (
    Server,
    address_of,
    inventory_of,
    remotes_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._settled import (
    holds,
    is_settled,
    is_stored,
    lacks_side,
    paused_servers,
    stored_digest,
)

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
    """Return the datasources of a repository without those that it refuses itself, or that all of their remotes refuse.

    A repository outside --limit keeps its datasources as they are if its remotes have moved to another one.
    """
    if repository in run.fleet["outside"] and not remotes_of(run, repository):
        return []
    refused = _refused_everywhere(run, repository)
    own = accepted(run, repository, declared_datasources(run, repository))
    return [definition for definition in own if definition.get("name") not in refused]


def declared_datasources(run: Run, repository: str) -> List[Definition]:
    """Return the datasources of a repository, each with those of its servers that the repository knows."""
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


def _refused_everywhere(run: Run, repository: str) -> List[str]:
    """Return the datasources that every remote of a repository refuses that is in the run and has them."""
    remotes = list(remotes_of(run, repository))
    skipping = [host for host in remotes if skips(run, host)]
    refused = {host: refusals(run, host) for host in skipping}
    names = {name for found in refused.values() for name in found if name}
    takes = {
        host: {definition.get("name") for definition in own_datasources(run.variables(host))}
        for host in (remotes if names else ())
    }
    return sorted(
        name for name in names if all(name in refused.get(host, {}) for host in remotes if name in takes[host])
    )


def differing(run: Run, repository: str) -> List[str]:
    """Return the datasources that a repository does not store as they are declared, or still has to remove."""
    comments = _comments(run, repository)
    own = repository_datasources(run, repository)
    return [
        str(definition.get("name") or "")
        for definition in own
        if (
            holds(str(definition.get("name") or ""), comments)
            if is_absent(definition)
            else not is_stored(definition, comments)
        )
    ]


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


def pausable(run: Run, repository: str) -> List[Definition]:
    """Return the datasources that are paused while their remotes change.

    They are paused on all remotes if the columns change, and on those that lack their side, such as one that was
    rebuilt empty, in any case. One that is removed is no longer collected anywhere before the first remote drops it.
    """
    comments = _comments(run, repository)
    lacking = _lacking(run, repository, comments)
    found: List[Definition] = []
    for definition in repository_datasources(run, repository):
        if is_absent(definition) and holds(str(definition.get("name") or ""), comments):
            found.append({"name": definition["name"], "state": "paused"})
        servers = lacking.get(definition.get("name") or "", [])
        if definition.get("state") in (None, "present") and (servers or not is_settled(definition, comments)):
            found.append({**definition, "state": "paused", **({"paused_on": servers} if servers else {})})
    return found


def _lacking(run: Run, repository: str, comments: Mapping[str, str]) -> Dict[str, List[str]]:
    """Return the remotes that lack their side of a datasource, by its name; one that was not read is not known to.

    Those that refuse it in this run as in those before are left out: they were paused then, and do not change now.
    """
    lacking: Dict[str, Dict[str, Server]] = {}
    for host, server in remotes_of(run, repository).items() if comments else ():
        if run.seen(host):
            own = _comments(run, host)
            for definition in own_datasources(run.variables(host)):
                name = str(definition.get("name") or "")
                if not is_absent(definition) and lacks_side(name, own, comments):
                    lacking.setdefault(name, {})[host] = server
    found = {}
    for name, servers in lacking.items():
        refusing = [host for host in servers if _refuses(run, host, name)]
        if len(refusing) <= paused_servers(name, comments):
            servers = {host: server for host, server in servers.items() if host not in refusing}
        found[name] = [address for server in servers.values() for address in _addresses_of(server)]
    return found


def _refuses(run: Run, host: str, name: str) -> bool:
    """Whether this run makes no side of a datasource on a remote or, if it is a standby, perhaps on its primary."""
    return (skips(run, host) and name in refusals(run, host)) or name in unsure_datasources(run, host)


def _addresses_of(server: Server) -> List[str]:
    """Return where a repository may have registered a server by now: its alias may still be that of another."""
    moved = server.get("renamed_from")
    return [address_of(server)] + ([address_of(moved)] if moved else [])


def _comments(run: Run, host: str) -> Mapping[str, str]:
    return run.seen(host).get("datasources") or {}


def results_of_remotes(run: Run, repository: str) -> Results:
    """Return what this run has seen of the remotes."""
    known = known_names(run, repository)
    described, ready = [], []
    for host, server in remotes_of(run, repository).items():
        address = address_of(server)
        # The repository itself makes both of its sides at once.
        told = None if host == repository else _told(run, host)
        if told is not None:
            described.append({"server": address, "datasources": told})
        if address in known and (told is not None or host == repository):
            ready.append(address)
    return {"described": described, "ready": ready}


def _told(run: Run, host: str) -> Optional[List[Any]]:
    """Return what the tasks of a remote have returned of its datasources, or None if it was not told.

    A remote that is itself a repository makes its side with its own repository's, at the same time as this one. Until
    it has, what it stored before this run counts. A standby is read again if it may have more than it must have.
    """
    if host not in run.fleet["repositories"]:
        made = run.result(host, _MADE_BY_REMOTE).get("datasources")
        return None if made is None else [*made, *_stored(run, host, unsure_datasources(run, host))]
    made = run.result(host, _MADE_BY_REPOSITORY).get("datasources")
    if made is not None:
        return list(made)
    own = own_datasources(run.variables(host))
    return _stored(run, host, [str(definition.get("name") or "") for definition in own])


def _stored(run: Run, host: str, names: Sequence[str]) -> List[Any]:
    """Return what was read of a host of these datasources, as its tasks would return it."""
    digests = {name: stored_digest(name, _comments(run, host)) for name in names}
    return [{"name": name, "digest": digest} for name, digest in digests.items() if digest]


def needs_resuming(run: Run, repository: str) -> bool:
    """Return whether a datasource waits for a remote that is a repository, and has made its side meanwhile."""
    waited = {
        name for made in run.result(repository, _MADE_BY_REPOSITORY).get("datasources") or [] for name in made["paused"]
    }
    return any(
        waited.intersection(_names_of(server)) and run.result(host, _MADE_BY_REPOSITORY).get("datasources") is not None
        for host, server in remotes_of(run, repository).items()
        if host != repository and host in run.fleet["repositories"]
    )


def still_paused(run: Run, repository: str) -> List[str]:
    """Return which datasources this run leaves paused, as sentences."""
    return [
        (_HELD_BACK if made.get("held_back_by") else _STILL_PAUSED).format(
            repository, made["name"], ", ".join(made["paused"]), ", ".join(made.get("held_back_by") or ())
        )
        for made in run.result(repository, _MADE_BY_REPOSITORY).get("datasources") or []
        if made.get("paused")
    ]


_STILL_PAUSED = (
    "{0}: datasource {1} is not active for {2}, because this run has not verified that its objects are there as"
    " declared. The first run that verifies it activates the datasource."
)


_HELD_BACK = (
    "{0}: datasource {1} is not active for any server yet, because others of its extension are active for {3}, where"
    " this run has not verified that its objects are as declared, and PoWA 5 would collect it there at once. The first"
    " run that verifies it there activates the datasource."
)


def _names_of(server: Server) -> List[str]:
    return ([server["alias"]] if server.get("alias") else []) + [address_of(server)]
