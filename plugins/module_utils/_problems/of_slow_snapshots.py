# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots that take longer than the frequency of their server, and what it is that takes so long.

The collector first collects what is of the whole server, then asks one database after the other, and all samples of a
snapshot have the time at which it began. So they do not tell what has taken how long. A snapshot that runs may tell.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.texts import some
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import DATABASE
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.problem import (
    LATE_AFTER,
    Found,
    Problem,
    is_hidden,
)

#: Snapshots from which the time between two can be told: one pause of the collector is not the rule.
_ENOUGH_SNAPSHOTS = 3
#: Where a snapshot is late, the time between two is enough.
_TWO_SNAPSHOTS = 2
#: Snapshots are slow if they are further apart than so many times the frequency.
_SLOW_FROM = 1.5
#: Seconds that one database may well take. A server with 153 of them took 1.8 for each.
_USUAL_OF_DATABASE = 2
_UNITS = ((86400, "days"), (3600, "hours"), (60, "minutes"))

#: What is being done, by whether a snapshot has come to the databases.
_NOW = {
    False: "",
    True: ", and the collector asks one database after the other",
    None: ", and PoWA now takes what was collected into its history",
}
_CURE_OF_FREQUENCY = (
    "give the server a frequency above that (powa_frequency, or option frequency of module pgfleet.powa.servers)"
)


class Blame(Enum):
    """What takes the time of a snapshot."""

    #: A snapshot that runs, or that there is nothing else but pg_stat_statements, tells that it is the databases.
    DATABASES = "databases"
    #: They have about as many seconds as databases usually take.
    PROBABLY_DATABASES = "probably databases"
    #: A snapshot that runs has not come to them.
    SERVER = "server"
    UNKNOWN = "unknown"


class Collected(NamedTuple):
    """What a collector has to do for a server, and how long it takes.

    :param frequency: seconds that it should take at most
    :param interval: seconds from one snapshot to the next, if that is known
    :param running: whether a snapshot runs, or None if that cannot be told
    :param running_age: seconds since it began
    :param running_databases: whether it has come to the databases, or None if all rows are copied
    :param databases: how many there are, as far as samples tell
    :param sampled: whether there may be more
    :param of_databases: the declared datasources that are collected from each database
    :param of_server: the others
    :param of_extensions: whether stats extensions besides pg_stat_statements are collected, or may be
    """

    frequency: int
    interval: Optional[float]
    running: Optional[bool]
    running_age: float
    running_databases: Optional[bool]
    databases: int
    sampled: bool
    of_databases: Tuple[str, ...]
    of_server: Tuple[str, ...]
    of_extensions: bool

    @property
    def blame(self) -> Blame:
        """What takes the time."""
        too_long = _SLOW_FROM * self.frequency
        if self.running and self.running_databases is False and self.running_age > too_long:
            return Blame.SERVER
        # One database may be slow for other reasons, and naming fewer is no cure.
        if self.interval is None or self.databases < 2:
            return Blame.UNKNOWN
        # It came to the databases before now, so they take the rest of the time at least.
        if self.running and self.running_databases and self.interval - self.running_age > too_long:
            return Blame.DATABASES
        if not self.of_server and not self.of_extensions:
            return Blame.DATABASES
        is_usual = self.interval <= _USUAL_OF_DATABASE * self.databases
        return Blame.PROBABLY_DATABASES if is_usual else Blame.UNKNOWN

    @property
    def cause(self) -> str:
        """What it takes, as a clause."""
        blame = self.blame
        if blame is Blame.SERVER:
            return "what is collected from the whole server{0} takes more than {1} at a frequency of {2} s".format(
                ", before its databases," if self.of_databases else "",
                duration_text(self.running_age),
                self.frequency,
            )
        took = "{0} at a frequency of {1} s".format(duration_text(self.interval or 0), self.frequency)
        if blame is Blame.UNKNOWN:
            return "a snapshot of this server{0} takes {1}".format(self._with_databases, took)
        return "{0} take {1}".format(self._databases, took)

    @property
    def cure(self) -> str:
        """What helps."""
        blame = self.blame
        cures = [_CURE_OF_FREQUENCY]
        if blame is not Blame.SERVER and self.of_databases:
            cures.append("name fewer databases (field databases) in {0}".format(some(self.of_databases)))
        if blame is not Blame.DATABASES:
            if self.of_server:
                cures.append("have faster queries in {0}".format(some(self.of_server)))
            if self.of_extensions or not self.of_server:
                cures.append("collect from fewer extensions (powa_stats_extensions)")
        return ", or ".join(cures)

    @property
    def cause_of_late(self) -> str:
        """Why no snapshot has ended lately, while one runs."""
        if self.blame is Blame.SERVER:
            return "a snapshot runs, and {0}".format(self.cause)
        return "a snapshot of this server{0} has run for {1} at a frequency of {2} s{3}".format(
            self._with_databases,
            duration_text(self.running_age),
            self.frequency,
            _NOW[self.running_databases],
        )

    @property
    def cure_of_late(self) -> str:
        """What helps."""
        return (
            "wait until it ends (if it never does, look into the log of the collector: journalctl --unit"
            " powa-collector), and if it always takes longer than the frequency, {0}".format(self.cure)
        )

    @property
    def _databases(self) -> str:
        return "{0}{1} databases".format("at least " if self.sampled else "", self.databases)

    @property
    def _with_databases(self) -> str:
        return ", with {0},".format(self._databases) if self.databases > 1 else ""


def duration_text(seconds: float) -> str:
    """Return a duration for people, such as C(4.5 minutes)."""
    for length, unit in _UNITS:
        if seconds >= 2 * length:
            return "{0:.1f} {1}".format(seconds / length, unit)
    return "{0:.0f} seconds".format(seconds)


#: The name and scope of a datasource, and what the latest samples of a server are like.
Entry = Tuple[str, Optional[str], Optional[Mapping[str, Any]]]


def entries_of_servers(found: Found) -> Dict[int, List[Entry]]:
    """Return the declared datasources that are active for each server, by srvid.

    It goes over all datasources of all servers, so a look that needs them does it once.
    """
    entries: Dict[int, List[Entry]] = {}
    for datasource in found["datasources"]:
        scope = (datasource["definition"] or {}).get("scope")
        for entry in datasource["servers"]:
            if entry["enabled"]:
                entries.setdefault(entry["srvid"], []).append((datasource["name"], scope, entry["recent"]))
    return entries


def why_late(found: Found, server: Mapping[str, Any], entries: Sequence[Entry]) -> Optional[Tuple[str, str]]:
    """Return the cause and cure if a server that the collector works for has no snapshot lately since one takes long.

    Nobody should restart a collector that is at work.

    :param entries: those of the server
    """
    slow = _slow(found, server, entries, _TWO_SNAPSHOTS)
    if slow and (server["snapshots"]["age"] or 0) <= LATE_AFTER * (slow.interval or 0):
        return slow.cause, slow.cure
    now = _collected(found, server, entries, None)
    return (now.cause_of_late, now.cure_of_late) if now.running else None


def may_run_unseen(server: Mapping[str, Any], entries: Sequence[Entry]) -> bool:
    """Return whether nobody sees if a snapshot of a server runs, and one may take long because of its databases."""
    return server["snapshots"].get("running") is None and any(scope == DATABASE for _name, scope, _recent in entries)


def slow_collection_problems(found: Found) -> Iterator[Problem]:
    """Return servers with databases of which a snapshot takes longer than their frequency."""
    entries = entries_of_servers(found)
    for server in found["servers"]:
        own = entries.get(server["srvid"])
        slow = _slow(found, server, own, _ENOUGH_SNAPSHOTS) if own and server["enabled"] else None
        if slow is None:
            continue
        by_databases = slow.blame in (Blame.DATABASES, Blame.PROBABLY_DATABASES)
        yield Problem(
            Kind.COLLECTION_SLOW,
            "its snapshots are {0:.0f} seconds apart, expected one every {1} seconds".format(
                slow.interval or 0, server["frequency"]
            ),
            slow.cause + (", since the collector asks one after the other" if by_databases else ""),
            slow.cure,
            server["name"],
        )


def _slow(found: Found, server: Mapping[str, Any], entries: Sequence[Entry], enough: int) -> Optional[Collected]:
    """Return what the collector does for a server with databases if its snapshots take longer than its frequency.

    A snapshot takes all datasources of a server. If those of any one come in time, others just have no rows each time.
    Where snapshots are slow, the next one begins at once: if none runs, the collector goes by another frequency.

    :param enough: snapshots that have to be seen
    """
    timed = [recent for _name, _scope, recent in entries if recent and recent["interval"] is not None]
    of_databases = [
        recent["interval"]
        for recent in timed
        # Where there is one database, it is not for their number.
        if recent["snapshots"] >= enough and (recent["databases"] or 0) > 1
    ]
    if not of_databases or server["snapshots"].get("running") is False:
        return None
    if min(recent["interval"] for recent in timed) <= _SLOW_FROM * server["frequency"]:
        return None
    return _collected(found, server, entries, max(of_databases))


def _collected(
    found: Found, server: Mapping[str, Any], entries: Sequence[Entry], interval: Optional[float]
) -> Collected:
    snapshots = server["snapshots"]
    counts = [(recent["databases"] or 0, recent["sampled"]) for _name, _scope, recent in entries if recent]
    databases, sampled = max(counts, default=(0, False))
    return Collected(
        server["frequency"],
        interval,
        snapshots.get("running"),
        snapshots.get("running_age") or 0,
        snapshots.get("running_databases") if snapshots.get("running") else False,
        databases,
        sampled,
        tuple(name for name, scope, _recent in entries if scope == DATABASE),
        tuple(name for name, scope, _recent in entries if scope != DATABASE),
        bool(server["extensions"]) or is_hidden(found, "servers[].extensions"),
    )
