# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the address of graphs' data says of each graph, so that the data has the lines and units of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, Mapping, Tuple

from powa_web_pages.shown import LENGTHS, USUAL_LENGTH

#: How many graphs an address has at most: with all of their lines about 4 kB, of 8 that nginx takes.
_GRAPHS = 40


@dataclass(frozen=True)
class GraphLines:
    """The lines of a graph.

    :param keys: the hashes of the keys that it names; all others are summed
    :param length: its unit if it shows lengths of time
    """

    keys: Tuple[str, ...] = ()
    length: str = USUAL_LENGTH


def written(graphs: Mapping[int, GraphLines]) -> str:
    """Return graphs, by position, as a part of an address, such as C(0-s-1f0a-9c2e_1-min-1f0a)."""
    return "_".join("-".join([str(position), graph.length, *graph.keys]) for position, graph in graphs.items())


def in_addresses(graphs: Mapping[int, GraphLines]) -> Iterator[Dict[int, GraphLines]]:
    """Return graphs, as many in each as one address can have."""
    positions = list(graphs)
    for first in range(0, len(positions), _GRAPHS):
        yield {position: graphs[position] for position in positions[first : first + _GRAPHS]}


def read(part: str) -> Dict[int, GraphLines]:
    """Return the graphs of such a part.

    :raises ValueError: if it is none
    """
    found: Dict[int, GraphLines] = {}
    for graph in part.split("_") if part else ():
        position, length, *keys = graph.split("-")
        if length not in LENGTHS:
            raise ValueError("{0!r} is no unit of a graph".format(length))
        found[int(position)] = GraphLines(tuple(keys), length)
    return found
