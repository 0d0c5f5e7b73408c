# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What datasources will cost that no sample was taken of yet, from the rows that their remotes expect."""

from __future__ import annotations

import math
from typing import Any, Dict, Iterable, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.arrival import servers_of
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import (
    Cost,
    Load,
    Stored,
    bytes_per_row,
    cost,
    density,
    sample_width,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import DATABASE, Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import State
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.stored_sizes import read_stored
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.intervals import read_intervals
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import NEVER, Names, RegisteredServer

#: Rows by srvid, by datasource.
ExpectedRows = Dict[str, Dict[int, float]]


def expected_rows(servers: Sequence[RegisteredServer], remote_results: Iterable[Mapping[str, Any]]) -> ExpectedRows:
    """Return the rows that remotes expect, of those that are registered here.

    :param remote_results: what module datasources returned on remotes, each with its C(server)
    """
    names = Names(servers)
    rows: ExpectedRows = {}
    for answer in remote_results:
        matches = names.matches(str(answer["server"]))
        for datasource in answer["datasources"] if len(matches) == 1 else ():
            if isinstance(datasource.get("rows"), (int, float)):
                rows.setdefault(str(datasource.get("name")), {})[matches[0].srvid] = datasource["rows"]
    return rows


def read_expected_costs(
    cursor: Any, definitions: Sequence[Definition], state: State, rows: ExpectedRows
) -> Dict[str, Cost]:
    """Return what the datasources cost of which any rows are expected, in a fixed number of statements.

    :param definitions: those of the task, whose history tells what a row takes
    """
    wanted = [entry for entry in definitions if rows.get(entry.name) and not entry.undeclared()]
    if not wanted:
        return {}
    sizes = read_stored(cursor, state, definitions)
    retentions = {entry.name: entry.retention for entry in wanted if entry.retention and state.archivist.own_retention}
    intervals, _wrong = read_intervals(cursor, sorted(set(retentions.values()))) if retentions else ({}, {})
    own = {name: intervals[text][1] for name, text in retentions.items() if text in intervals}
    return find_expected_costs(wanted, state, rows, own, sizes)


def find_expected_costs(
    definitions: Sequence[Definition],
    state: State,
    rows: ExpectedRows,
    own_retentions: Mapping[str, float],
    stored: Mapping[str, Stored],
) -> Dict[str, Cost]:
    """Return the same, of all servers that each datasource is for and that are collected from.

    A server that expects nothing yet is taken to have as many rows as the others have on average. The planner has seen
    one database: with scope database there are so many rows for each that the definition names, and without names
    nothing can be told. Neither can it of a server that keeps history for ever.

    :param own_retentions: seconds for which datasources are kept that have a retention of their own
    """
    usual = density(stored.values())
    costs = {}
    for definition in definitions:
        databases = _databases(definition)
        if not databases:
            continue
        expected = rows[definition.name]
        average = sum(expected.values()) / len(expected)
        chosen = set(servers_of(definition, state))
        own = own_retentions.get(definition.name)
        retentions = [(server, own or float(server.values["retention_seconds"])) for server in state.servers]
        loads: List[Load] = [
            Load(
                expected.get(server.srvid, average) * databases,
                server.values["frequency"],
                kept,
            )
            for server, kept in retentions
            if server.srvid in chosen and server.values["frequency"] != NEVER and math.isfinite(kept)
        ]
        width = sample_width(definition.metrics)
        if loads:
            costs[definition.name] = cost(loads, bytes_per_row(width, stored.get(definition.name), usual))
    return costs


def _databases(definition: Definition) -> int:
    """Return from how many databases each sample is, or 0 where only the servers know."""
    return len(definition.databases or ()) if definition.scope == DATABASE else 1
