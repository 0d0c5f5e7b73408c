# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On which servers a datasource has to wait until a side was seen there that fits its definition.

A registration for a server that was not seen yet is inactive, and the stored definition lists the server as paused. The
first task that sees its side activates it. Where the registry has been active from before, an earlier task has seen it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Set

from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry import is_about
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import CLUSTER, DATABASE, Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.digest import digest_of
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import function_names
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import Names, RegisteredServer, resolve


@dataclass(frozen=True)
class Seen:
    """The servers whose side a task has seen.

    :param servers: their numbers, or None if the side of every server counts as made
    :param digests: of those servers that told it, the digest of each datasource that they have made
    """

    servers: Optional[FrozenSet[int]] = None
    digests: Mapping[int, Mapping[str, Optional[str]]] = field(default_factory=dict)

    @staticmethod
    def of(
        servers: Sequence[RegisteredServer],
        ready_servers: Optional[Sequence[str]],
        remote_results: Sequence[Mapping[str, Any]],
    ) -> "Seen":
        """Return what a task has seen by two of its options."""
        if ready_servers is None:
            return EVERYTHING
        names = Names(servers)
        digests: Dict[int, Dict[str, Optional[str]]] = {}
        for answer in remote_results:
            matches = names.matches(str(answer["server"]))
            if len(matches) == 1:
                digests.setdefault(matches[0].srvid, {}).update(
                    (str(datasource.get("name")), datasource.get("digest")) for datasource in answer["datasources"]
                )
        return Seen(frozenset(resolve(servers, ready_servers)[0]), digests)

    def lacking(self, definition: Definition, srvids: FrozenSet[int]) -> FrozenSet[int]:
        """Return those of these servers that are not known to have made a side that fits this definition."""
        if self.servers is None or definition.scope == DATABASE or not srvids:
            # Nothing is made on a server for a datasource of each database.
            return frozenset()
        # A result of a version of this collection that returned no digest has None.
        fitting = (None, digest_of(definition))
        return frozenset(
            srvid
            for srvid in srvids
            if srvid not in self.servers
            or (srvid in self.digests and self.digests[srvid].get(definition.name, "") not in fitting)
        )


EVERYTHING = Seen()


def servers_of(definition: Definition, state: DatasourcesState) -> List[int]:
    """Return the remote servers that a datasource is for."""
    if definition.servers is None:
        return [server.srvid for server in state.servers]
    return resolve(state.servers, definition.servers)[0]


def new_servers(definition: Definition, state: DatasourcesState) -> FrozenSet[int]:
    """Return the servers of a datasource that it was not registered for until now."""
    stored, damaged = state.catalog.stored(definition.name), state.catalog.damaged(definition.name)
    registered: Set[Optional[int]] = set()
    # On PoWA 5, the row of a server may be there for another datasource of the same extension.
    if stored is not None or damaged is not None or is_registered(definition, state):
        versions = [definition, *([stored.definition] if stored else [])]
        registered = {row.srvid for row in state.catalog.registry if any(is_about(row, each) for each in versions)}
    return frozenset(servers_of(definition, state)) - registered


def waiting(definition: Definition, state: DatasourcesState, before: FrozenSet[int], seen: Seen) -> "Waiting":
    """Return which servers a datasource waits for.

    :param before: those that it has waited for until now
    """
    if seen.servers is None:
        return Waiting(definition, before, frozenset())
    candidates = before | new_servers(definition, state)
    return Waiting(definition, before, seen.lacking(definition, candidates))


def is_registered(definition: Definition, state: DatasourcesState) -> bool:
    """Whether the registry has a function of a datasource."""
    functions = state.catalog.registered_functions.get(definition.module, set())
    return not functions.isdisjoint(function_names(definition.name))


class Waiting(NamedTuple):
    """A datasource, and the servers that it waits for.

    :param before: the servers that it has waited for until now
    :param now: those that it still waits for
    """

    definition: Definition
    before: FrozenSet[int]
    now: FrozenSet[int]


def held_back(datasources: Sequence[Waiting], state: DatasourcesState) -> Dict[str, FrozenSet[int]]:
    """Return the datasources that must not be registered yet, because PoWA 5 would at once collect them everywhere.

    With each are the servers that it is held back for.

    There the datasources of one extension are active on the same servers. So a further one is registered once all
    servers where the others are active have its side.
    """
    families: Dict[str, List[Waiting]] = {}
    if state.archivist.shares_extensions:
        for entry in datasources:
            if entry.definition.extension is not None and entry.definition.scope == CLUSTER:
                families.setdefault(entry.definition.extension, []).append(entry)
    return {name: servers for family in families.values() for name, servers in _held_back(family, state).items()}


def _held_back(family: Sequence[Waiting], state: DatasourcesState) -> Dict[str, FrozenSet[int]]:
    module = family[0].definition.module
    own = {name for entry in family for name in function_names(entry.definition.name)}
    others = state.catalog.registered_functions.get(module, set()) - own
    rows = [row for row in state.catalog.registry if row.module == module and row.srvid and not row.of_databases]
    active: Optional[Set[int]] = {row.srvid for row in rows if row.srvid and row.values["enabled"]} if others else None
    waited = frozenset(srvid for entry in family for srvid in entry.before)
    disabled = {row.srvid for row in rows if row.srvid and not row.values["enabled"]} - waited
    held: Dict[str, FrozenSet[int]] = {}
    for entry in sorted(family, key=lambda entry: not is_registered(entry.definition, state)):
        definition, now = entry.definition, entry.now
        registered = is_registered(definition, state)
        if active is not None and not registered and active & now:
            held[definition.name] = frozenset(active & now)
            continue
        on = set() if definition.enabled is False else set(servers_of(definition, state)) - now
        if definition.enabled is None:
            on -= disabled
        active = on if active is None else active & on
    return held
