# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with samples of declared datasources: too many rows for their keys, for the time, or for the disk."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.texts import some
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import size_text
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.problem import Found, Problem

#: Snapshots from which the time between two can be told: one pause of the collector is not the rule.
_ENOUGH_SNAPSHOTS = 3
#: Snapshots are slow if they are further apart than so many times the frequency.
_SLOW_FROM = 1.5
_UNITS = ((86400, "days"), (3600, "hours"), (60, "minutes"))

_CURE_OF_DISK = (
    "keep it for a shorter time (retention of the datasource or of the servers), collect it less often (frequency of"
    " the servers), return fewer rows, or add disk"
)


class SlowCollection(NamedTuple):
    """Databases of a server that take longer than its frequency.

    :param interval: seconds from one snapshot to the next
    :param datasources: those that are collected from each database
    """

    databases: int
    interval: float
    datasources: Tuple[str, ...]

    def cause(self, frequency: int) -> str:
        """Return what it takes, as a clause."""
        return "{0} databases take {1} at a frequency of {2} s".format(
            self.databases, duration_text(self.interval), frequency
        )

    @property
    def cure(self) -> str:
        """What helps."""
        return (
            "give the server a frequency above that (powa_frequency, or option frequency of module"
            " pgfleet.powa.servers), or name fewer databases (field databases) in {0}".format(
                ", ".join(self.datasources)
            )
        )


def duration_text(seconds: float) -> str:
    """Return a duration for people, such as C(4.5 minutes)."""
    for length, unit in _UNITS:
        if seconds >= 2 * length:
            return "{0:.1f} {1}".format(seconds / length, unit)
    return "{0:.0f} seconds".format(seconds)


def slow_collections(found: Found) -> Dict[int, SlowCollection]:
    """Return the servers whose databases take longer than their frequency, by srvid.

    A snapshot takes all datasources of a server. If those of any one come in time, others just have no rows each time.
    """
    frequencies = {server["srvid"]: server["frequency"] for server in found["servers"] if server["enabled"]}
    slow: Dict[int, SlowCollection] = {}
    in_time = set()
    for name, entry in _entries(found):
        srvid, recent = entry["srvid"], entry["recent"]
        if srvid not in frequencies or not entry["enabled"] or recent["interval"] is None:
            continue
        if recent["interval"] <= _SLOW_FROM * frequencies[srvid]:
            in_time.add(srvid)
        # One database may be slow for other reasons, and naming fewer is no cure.
        elif recent["snapshots"] >= _ENOUGH_SNAPSHOTS and (recent["databases"] or 0) > 1:
            other = slow.get(srvid, SlowCollection(0, 0, ()))
            slow[srvid] = SlowCollection(
                max(other.databases, recent["databases"]),
                max(other.interval, recent["interval"]),
                (*other.datasources, name),
            )
    return {srvid: collection for srvid, collection in slow.items() if srvid not in in_time}


def slow_collection_problems(found: Found) -> Iterator[Problem]:
    """Return servers of which a snapshot takes longer than their frequency, since they have many databases."""
    servers = {server["srvid"]: server for server in found["servers"]}
    for srvid, slow in slow_collections(found).items():
        server = servers[srvid]
        yield Problem(
            Kind.COLLECTION_SLOW,
            "its snapshots are {0:.0f} seconds apart, expected one every {1} seconds".format(
                slow.interval, server["frequency"]
            ),
            "{0}, since the collector asks one after the other".format(slow.cause(server["frequency"])),
            slow.cure,
            server["name"],
        )


def duplicate_key_problems(found: Found) -> Iterator[Problem]:
    """Return datasources with rows that their keys do not tell apart."""
    duplicates: Dict[str, List[str]] = {}
    for name, entry in _entries(found):
        if entry["recent"]["duplicates"]:
            duplicates.setdefault(name, []).append(entry["name"])
    for name, servers in duplicates.items():
        yield Problem(
            Kind.DUPLICATE_KEYS,
            "rows of one sample have the same keys, on {0}".format(some(servers)),
            "its query returns several rows for the same keys, so a rate would compare one of them with another",
            "declare as keys what tells the rows apart, or have the query group by its keys",
            datasource=name,
        )


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
    for srvid in alone:
        yield Problem(
            Kind.HISTORY_TOO_LARGE,
            "the history of its datasources will take {0} more, and {1} are free".format(
                size_text(of_servers[srvid]), size_text(free)
            ),
            _largest(found["datasources"]),
            _CURE_OF_DISK,
            names[srvid],
        )
    if not large and not alone and sum(grows.values()) > free:
        yield Problem(
            Kind.HISTORY_TOO_LARGE,
            "the history of all datasources will take {0} more, and {1} are free".format(
                size_text(sum(grows.values())), size_text(free)
            ),
            _largest(found["datasources"]),
            _CURE_OF_DISK,
            subject="disk",
        )


def _entries(found: Found) -> Iterator[Tuple[str, Mapping[str, Any]]]:
    """Yield the datasources of which samples were seen, each with what a server has of it."""
    for datasource in found["datasources"]:
        for entry in datasource["servers"]:
            if entry["recent"]:
                yield datasource["name"], entry


def _growth(datasource: Mapping[str, Any]) -> float:
    """Return the bytes that the history of a datasource will take besides those that it has."""
    there = datasource["bytes"]["history"] + datasource["bytes"]["current"]
    return max(0, datasource["cost"]["bytes_at_retention"] - there)


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


def _largest(datasources: List[Mapping[str, Any]]) -> str:
    costs = {entry["name"]: entry["cost"]["bytes_at_retention"] for entry in datasources if entry["cost"]}
    names = sorted(costs, key=lambda name: -costs[name])
    return "the largest will be {0}".format(some(["{0} ({1})".format(name, size_text(costs[name])) for name in names]))
