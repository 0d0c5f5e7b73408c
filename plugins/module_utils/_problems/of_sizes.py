# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with samples of declared datasources: too many rows for their keys, or for the disk."""

from __future__ import annotations

from typing import Any, Collection, Dict, Iterator, List, Mapping

from ansible_collections.pgfleet.powa.plugins.module_utils._core.texts import some
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import size_text
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import DATABASE, DBID
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.problem import Found, Problem

_CURE_OF_DISK = (
    "keep it for a shorter time (retention of the datasource or of the servers), collect it less often (frequency of"
    " the servers), return fewer rows, or add disk"
)


def duplicate_key_problems(found: Found) -> Iterator[Problem]:
    """Return datasources with rows that their keys do not tell apart."""
    for datasource in found["datasources"]:
        entries = [entry for entry in datasource["servers"] if entry["recent"] and entry["recent"]["duplicates"]]
        if not entries:
            continue
        yield Problem(
            Kind.DUPLICATE_KEYS,
            "of {0} rows, {1} {2}, on {3}".format(
                sum(entry["recent"]["read"] for entry in entries),
                sum(entry["recent"]["duplicates"] for entry in entries),
                _have_the_same(_keys(datasource["definition"] or {})),
                some([entry["name"] for entry in entries]),
            ),
            "its query returns several rows for the same keys, so a rate would compare one of them with another",
            "declare as keys what tells the rows apart, or have the query group by its keys",
            datasource=datasource["name"],
        )


def _keys(definition: Mapping[str, Any]) -> List[str]:
    """Return the names of the keys of a sample."""
    of_database = [DBID.name] if definition.get("scope") == DATABASE else []
    return of_database + [key["name"] for key in definition.get("keys") or ()]


def _have_the_same(keys: List[str]) -> str:
    if not keys:
        return "stand beside another row of their sample, and there are no keys to tell them apart"
    return "have the same keys ({0}) as another row of their sample".format(some(keys))


def disk_problems(found: Found) -> Iterator[Problem]:
    """Return the datasources and servers whose history will not fit what is free on the disk, or that all will not."""
    free = found["disk_free"]
    grows = {entry["name"]: _growth(entry) for entry in found["datasources"] if entry["cost"]}
    if free is None:
        return
    large = [entry for entry in found["datasources"] if grows.get(entry["name"], 0) > free]
    for entry in large:
        yield Problem(
            Kind.HISTORY_TOO_LARGE,
            "its history will take {0} more, and {1} are free".format(size_text(grows[entry["name"]]), size_text(free)),
            "a sample of all servers has {0} rows, and a day of them takes {1}".format(
                entry["cost"]["rows"], size_text(entry["cost"]["bytes_per_day"])
            ),
            _CURE_OF_DISK,
            datasource=entry["name"],
        )
    names = {server["srvid"]: server["name"] for server in found["servers"]}
    of_servers = _growth_of_servers(found["datasources"])
    alone = [srvid for srvid, growth in of_servers.items() if growth > free] if len(of_servers) > 1 else []
    costs = _costs_of_servers(found["datasources"], alone) if alone else {}
    for srvid in alone:
        yield Problem(
            Kind.HISTORY_TOO_LARGE,
            "the history of its datasources will take {0} more, and {1} are free".format(
                size_text(of_servers[srvid]), size_text(free)
            ),
            "of this server, {0}".format(_largest(costs[srvid])),
            _CURE_OF_DISK,
            names[srvid],
        )
    if not large and not alone and sum(grows.values()) > free:
        yield Problem(
            Kind.HISTORY_TOO_LARGE,
            "the history of all datasources will take {0} more, and {1} are free".format(
                size_text(sum(grows.values())), size_text(free)
            ),
            _largest({entry["name"]: entry["cost"] for entry in found["datasources"] if entry["cost"]}),
            _CURE_OF_DISK,
            subject="disk",
        )


def _growth(datasource: Mapping[str, Any]) -> float:
    """Return the bytes that the history of a datasource will take besides those that it has.

    The table of samples that no aggregation has taken yet is not in that: it stays as large as it is.
    """
    return max(0, datasource["cost"]["bytes_at_retention"] - datasource["bytes"]["history"])


def _growth_of_servers(datasources: List[Mapping[str, Any]]) -> Dict[int, float]:
    """Return the same for each server, of which nobody knows what it has: its share in what it will have."""
    growth: Dict[int, float] = {}
    for datasource in datasources:
        all_of_it = (datasource["cost"] or {}).get("bytes_at_retention")
        for entry in datasource["servers"] if all_of_it else ():
            if entry["cost"]:
                share = entry["cost"]["bytes_at_retention"] / all_of_it
                growth[entry["srvid"]] = growth.get(entry["srvid"], 0) + share * _growth(datasource)
    return growth


def _costs_of_servers(
    datasources: List[Mapping[str, Any]], srvids: Collection[int]
) -> Dict[int, Dict[str, Mapping[str, Any]]]:
    """Return what each datasource costs of each of these servers, as far as that is known."""
    costs: Dict[int, Dict[str, Mapping[str, Any]]] = {srvid: {} for srvid in srvids}
    for datasource in datasources:
        for entry in datasource["servers"]:
            if entry["cost"] and entry["srvid"] in costs:
                costs[entry["srvid"]][datasource["name"]] = entry["cost"]
    return costs


def _largest(costs: Mapping[str, Mapping[str, Any]]) -> str:
    """Return which datasources will be the largest, as a clause."""
    sizes = {name: cost["bytes_at_retention"] for name, cost in costs.items()}
    names = sorted(sizes, key=lambda name: -sizes[name])
    return "the largest will be {0}".format(some(["{0} ({1})".format(name, size_text(sizes[name])) for name in names]))
