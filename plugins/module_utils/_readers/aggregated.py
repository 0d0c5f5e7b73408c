# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the samples of a datasource are like of servers where an aggregation has just taken all of them."""

from __future__ import annotations

import heapq
from typing import Any, Collection, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import HISTORY, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.recent import most_rows
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import sizes as texts

#: By datasource and srvid, the time of the last sample, and its age in seconds, or None if it is over a day old.
LastSamples = Mapping[Tuple[str, int], Tuple[Optional[str], Optional[int]]]
#: Servers of a datasource that are looked at: the others count as these do on average.
_SERVERS = 10


class Aggregated(NamedTuple):
    """The newest sample.

    :param rows: how many it has
    :param interval: seconds from one sample to the next, or None if that cannot be told
    """

    rows: float
    interval: Optional[float]


def read_aggregated(
    cursor: Any,
    archivist: Archivist,
    definitions: Sequence[Definition],
    seen: Collection[Tuple[str, int]],
    last: LastSamples,
) -> Dict[Tuple[str, int], Aggregated]:
    """Return it by datasource and srvid, read in one statement, without samples that have too many rows to count.

    :param definitions: those whose samples the session's role may read
    :param seen: the datasources and servers that have samples which were not aggregated yet
    """
    wanted = {definition.name: definition for definition in definitions}
    ages: Dict[str, List[Tuple[int, int]]] = {}
    for (name, srvid), (_time, age) in last.items():
        if name in wanted and age is not None and (name, srvid) not in seen:
            ages.setdefault(name, []).append((age, srvid))
    if not ages:
        return {}
    parts = [_part(archivist, wanted[name], heapq.nsmallest(_SERVERS, ages[name])) for name in sorted(ages)]
    cursor.execute(joined(parts, texts.EITHER))
    return {(name, srvid): Aggregated(*found) for name, srvid, *found in cursor.fetchall()}


def _part(archivist: Archivist, definition: Definition, servers: Sequence[Tuple[int, int]]) -> Any:
    return compose(
        texts.AGGREGATED,
        name=literal(definition.name),
        history=identifier(archivist.schema, object_name(definition.name, HISTORY)),
        srvids=literal([srvid for _age, srvid in servers]),
        ages=literal([age for age, _srvid in servers]),
        limit=literal(most_rows(definition)),
    )
