# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What datasources will cost that no sample was taken of yet, from the rows that their servers expect."""

from __future__ import annotations

import math
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.arrival import servers_of
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import (
    Cost,
    Load,
    Stored,
    bytes_per_row,
    cost,
    sample_width,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.stored_sizes import read_stored
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import DATABASE, Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.intervals import read_intervals
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import LOCAL, REPOSITORY, Side
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import NEVER, Names, RegisteredServer
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import lock
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import reshape as savepoint
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import sizes as texts

#: Rows by srvid, by datasource; by 0 what the server itself expects.
ExpectedRows = Dict[str, Dict[int, float]]

#: How long an estimate waits for a lock.
_LOCK_TIMEOUT = "100ms"


class Collected(NamedTuple):
    """A server that snapshots are taken of.

    :param frequency: seconds between two snapshots
    :param retention: seconds for which their samples are kept
    """

    srvid: int
    frequency: float
    retention: float


class Sampled(NamedTuple):
    """The latest samples of a datasource of a server.

    :param rows: of a sample, of all databases
    :param interval: seconds from one sample to the next, or None if that cannot be told
    """

    rows: float
    interval: Optional[float]


#: The latest samples by srvid, by datasource; by 0 those of the server itself.
Samples = Mapping[str, Mapping[int, Sampled]]


def expected_rows(
    servers: Sequence[RegisteredServer], remote_results: Iterable[Mapping[str, Any]], here: Mapping[str, float]
) -> ExpectedRows:
    """Return the rows that servers expect, of those that are registered here.

    :param remote_results: what module datasources returned on remotes, each with its C(server)
    :param here: what this server expects of the queries that it runs itself, in local mode or as one of its own remotes
    """
    names = Names(servers)
    rows: ExpectedRows = {name: {0: expected} for name, expected in here.items()}
    for answer in remote_results:
        matches = names.matches(str(answer["server"]))
        for datasource in answer["datasources"] if len(matches) == 1 else ():
            if isinstance(datasource.get("rows"), (int, float)):
                rows.setdefault(str(datasource.get("name")), {})[matches[0].srvid] = datasource["rows"]
    return rows


def read_expected_costs(
    cursor: Any,
    definitions: Sequence[Definition],
    side: Side,
    state: DatasourcesState,
    rows: ExpectedRows,
    samples: Optional[Samples] = None,
    stored: Optional[Mapping[str, Stored]] = None,
) -> Dict[str, Cost]:
    """Return what the datasources cost of which any rows are known, in a fixed number of statements.

    :param samples: of servers that have some already; what a server expects counts before them
    :param stored: the histories that tell what a row takes, or None to read those of the definitions
    """
    known = {name for found in (rows, samples or {}) for name, of_servers in found.items() if of_servers}
    wanted = [entry for entry in definitions if entry.name in known and not entry.undeclared()]
    if not wanted:
        return {}
    sizes = _read_sizes(cursor, state, definitions) if stored is None else stored
    retentions = {entry.name: entry.retention for entry in wanted if entry.retention and state.archivist.own_retention}
    intervals, _wrong = read_intervals(cursor, sorted(set(retentions.values()))) if retentions else ({}, {})
    own = {name: intervals[text][1] for name, text in retentions.items() if text in intervals}
    local = _read_local(cursor, state) if LOCAL in side.server_kind else None
    return find_expected_costs(wanted, side, state, rows, own, sizes, local, samples)


def _read_sizes(cursor: Any, state: DatasourcesState, definitions: Sequence[Definition]) -> Mapping[str, Stored]:
    """Return what history there is, or nothing if it cannot be read now: no task fails or waits for an estimate."""
    cursor.execute(savepoint.SAVEPOINT)
    cursor.execute(compose(lock.SET_LOCK_TIMEOUT, timeout=literal(_LOCK_TIMEOUT)))
    try:
        found = read_stored(cursor, state, definitions)
    except driver.psycopg2.Error:
        found = {}
    # The setting is then as before.
    cursor.execute(savepoint.ROLLBACK)
    return found


def _read_local(cursor: Any, state: DatasourcesState) -> Optional[Collected]:
    """Return the server itself, if PoWA's background worker takes snapshots in this database."""
    if not state.local_mode:
        return None
    cursor.execute(texts.LOCAL_SERVER)
    found = cursor.fetchone()
    return Collected(0, *found) if found and found[0] > 0 else None


def find_expected_costs(
    definitions: Sequence[Definition],
    side: Side,
    state: DatasourcesState,
    rows: ExpectedRows,
    own_retentions: Mapping[str, float],
    stored: Mapping[str, Stored],
    local: Optional[Collected] = None,
    samples: Optional[Samples] = None,
) -> Dict[str, Cost]:
    """Return the same, of all servers that each datasource is for and that are collected from.

    A server that expects nothing yet is taken to have as many rows as the others have on average. What the server
    itself expects counts if it is collected from, or if no other says anything: as a remote of its own, it is among
    them. The planner has seen one database: with scope database there are so many rows for each that the definition
    names, and without names nothing can be told. Neither can it of a server that keeps history for ever.
    Samples of a server are of all its databases, and count as often as they come.

    :param own_retentions: seconds for which datasources are kept that have a retention of their own
    :param local: the server itself, if the task is about it
    :param samples: of servers that expect nothing, since they have described the query before
    """
    costs = {}
    for definition in definitions:
        databases = _databases(definition)
        told = {srvid: each * databases for srvid, each in rows.get(definition.name, {}).items()} if databases else {}
        seen = {srvid: each for srvid, each in (samples or {}).get(definition.name, {}).items() if srvid not in told}
        expected = {**{srvid: sample.rows for srvid, sample in seen.items()}, **told}
        if not expected:
            continue
        remotes = [each for srvid, each in expected.items() if srvid]
        others = remotes if remotes and local is None else list(expected.values())
        average = sum(others) / len(others)
        own = own_retentions.get(definition.name)
        loads: List[Load] = [
            Load(expected.get(server.srvid, average), _seconds_apart(server, seen), own or server.retention)
            for server in _collected(definition, side, state, local)
            if math.isfinite(own or server.retention)
        ]
        if loads:
            own_history = stored.get(definition.name)
            row = bytes_per_row(sample_width(definition.metrics), own_history, stored.values())
            costs[definition.name] = cost(loads, row)
    return costs


def _collected(
    definition: Definition, side: Side, state: DatasourcesState, local: Optional[Collected]
) -> List[Collected]:
    """Return the servers that samples of a datasource are taken of."""
    if definition.enabled is False:
        return []
    chosen = set(servers_of(definition, state)) if REPOSITORY in side.server_kind else set()
    servers = [
        Collected(server.srvid, server.values["frequency"], float(server.values["retention_seconds"]))
        for server in state.servers
        if server.srvid in chosen and server.values["frequency"] != NEVER
    ]
    return servers if local is None else [local, *servers]


def _seconds_apart(server: Collected, seen: Mapping[int, Sampled]) -> float:
    """Return how far apart samples are, which is more than the frequency where few snapshots have rows."""
    found = seen.get(server.srvid)
    return max(server.frequency, (found.interval if found else None) or 0)


def _databases(definition: Definition) -> int:
    """Return from how many databases each sample is, or 0 where only the servers know."""
    return len(definition.databases or ()) if definition.scope == DATABASE else 1
