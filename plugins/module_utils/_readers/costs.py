# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the declared datasources of a repository take on disk, as module server_info returns it."""

from __future__ import annotations

import math
import os
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import changed_meanwhile
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import (
    Cost,
    Load,
    Stored,
    add_costs,
    bytes_per_row,
    cost,
    sample_width,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.stored_sizes import read_stored
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.intervals import read_intervals
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.aggregated import (
    Aggregated,
    LastSamples,
    read_aggregated,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.recent import Recent, read_recent
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import reshape as savepoint


def read_retentions(cursor: Any, archivist: Archivist, definitions: Sequence[Definition]) -> Dict[str, float]:
    """Return the seconds for which datasources are kept that have a retention of their own."""
    own = {entry.name: entry.retention for entry in definitions if entry.retention and archivist.own_retention}
    if not own:
        return {}
    intervals, _wrong = read_intervals(cursor, sorted(set(own.values())))
    return {name: intervals[text][1] for name, text in own.items() if text in intervals}


def find_costs(
    definitions: Sequence[Definition],
    servers: Sequence[Mapping[str, Any]],
    own_retentions: Mapping[str, float],
    samples: Mapping[Tuple[str, int], Union[Recent, Aggregated]],
    stored: Mapping[str, Stored],
) -> Dict[str, Dict[int, Cost]]:
    """Return what each datasource costs of each server that is enabled for it; without any sample nothing is known.

    A server of which no sample was seen lately is taken to have as many rows as the others have on average. Samples
    that are further apart than the frequency, since few snapshots have rows or since a snapshot takes longer, count as
    often as they come. A server that keeps history for ever costs nothing that can be told.

    :param servers: as module server_info returns them
    :param own_retentions: seconds for which datasources are kept that have a retention of their own
    :param samples: the latest, by datasource and srvid
    """
    rows_seen: Dict[str, List[float]] = {}
    for (name, _srvid), sample in samples.items():
        rows_seen.setdefault(name, []).append(sample.rows)
    found: Dict[str, Dict[int, Cost]] = {}
    for definition in definitions:
        name = definition.name
        seen = rows_seen.get(name)
        if not seen:
            continue
        average = sum(seen) / len(seen)
        row = bytes_per_row(sample_width(definition.metrics), stored.get(name), stored.values())
        for server in servers:
            srvid = server["srvid"]
            if not (server["enabled"] and server["datasources"].get(name)):
                continue
            known = samples.get((name, srvid))
            apart = max(server["frequency"], (known.interval if known else None) or 0)
            kept = own_retentions.get(name, server["retention_seconds"])
            if kept is not None and math.isfinite(kept):
                found.setdefault(name, {})[srvid] = cost([Load(known.rows if known else average, apart, kept)], row)
    return found


class Held(NamedTuple):
    """What the latest samples of datasources are like, and what they cost.

    :param recent: by datasource and srvid
    :param costs: by datasource, and srvid
    :param samples: the same as C(recent), with the newest sample where all are aggregated
    :param stored: the histories, by datasource
    """

    recent: Mapping[Tuple[str, int], Recent]
    costs: Mapping[str, Mapping[int, Cost]]
    samples: Mapping[Tuple[str, int], Union[Recent, Aggregated]]
    stored: Mapping[str, Stored]

    def of_server(self, name: str, srvid: int) -> Dict[str, Any]:
        """Return what module server_info returns of a datasource of one server."""
        sample, found = self.recent.get((name, srvid)), self.costs.get(name, {}).get(srvid)
        return {"recent": sample.as_dict() if sample else None, "cost": found.as_dict() if found else None}

    def cost(self, name: str) -> Optional[Dict[str, Any]]:
        """Return what a datasource costs of all servers together, or None if nothing is known."""
        costs = list(self.costs.get(name, {}).values())
        return add_costs(costs).as_dict() if costs else None


def read_held(
    cursor: Any,
    archivist: Archivist,
    state: DatasourcesState,
    readable: Sequence[Definition],
    servers: Sequence[Mapping[str, Any]],
    last: LastSamples,
) -> Held:
    """Read it in a fixed number of statements. Nothing is known if a task changes the tables meanwhile.

    :param readable: the datasources whose samples the session's role may read
    :param servers: as module server_info returns them
    :param last: the last sample of each datasource and server
    """
    cursor.execute(savepoint.SAVEPOINT)
    try:
        recent = read_recent(cursor, archivist, state, readable)
        aggregated = read_aggregated(cursor, archivist, readable, recent, last)
        sampled = {name for name, _srvid in last}
        stored = read_stored(cursor, state, [entry for entry in readable if entry.name in sampled])
    except driver.psycopg2.Error as error:
        if not changed_meanwhile(error):
            raise
        cursor.execute(savepoint.ROLLBACK)
        return Held({}, {}, {}, {})
    own = read_retentions(cursor, archivist, readable)
    samples: Dict[Tuple[str, int], Union[Recent, Aggregated]] = {**aggregated, **recent}
    return Held(recent, find_costs(readable, servers, own, samples, stored), samples, stored)


def free_bytes(folder: Optional[str], is_local: bool) -> Optional[int]:
    """Return what is free on the disk of a folder for those who are not root, or None where this host cannot tell.

    PostgreSQL has no function for it.

    :param is_local: whether the server runs on this host
    """
    if not folder or not is_local:
        return None
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize
