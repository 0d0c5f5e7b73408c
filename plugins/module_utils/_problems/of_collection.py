# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the servers that a repository collects from: collector, snapshots, versions and extensions."""

from __future__ import annotations

from typing import Any, Iterator, List, Mapping, NamedTuple, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._powa.versions import purges_qualstats, release
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.hindering import Hindrances, find_hindrances
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_errors import is_explained, shown
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_slow_snapshots import (
    Entry,
    entries_of_servers,
    may_run_unseen,
    why_late,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.problem import (
    EXTERNAL,
    LATE_AFTER,
    RELOAD,
    RESTART,
    SITE,
    Found,
    Problem,
    is_hidden,
    on_repository,
)

#: A collector that works on a server says so.
_RUNNING = "running"

_CURE_OF_WORKER = (
    "look into the log of the collector (journalctl --unit powa-collector), check that PoWA and the active extensions"
    " are installed on the server and that it can be reached; if the log has UnicodeDecodeError, start the collector"
    " with PGCLIENTENCODING=UTF8, as the role collector does, so that text that is not UTF-8 fails one datasource and"
    " not all; then " + RELOAD
)
_CAUSE_OF_NONE = (
    "the collector's worker runs and takes none: it was registered just now, or the frequency was changed since the"
    " collector has started"
)
_CURE_OF_NONE = "wait for its frequency, or {0}".format(RESTART)
#: What is added where nobody sees whether a snapshot runs.
_MAY_RUN = "; or a snapshot that cannot be seen still runs, since the collector asks one database after the other"
_MAY_END = "; if a snapshot may still run, wait longer before the restart"


def collector_problems(found: Found) -> Iterator[Problem]:
    """Return what the collector and its workers do not do."""
    collector = found["collector"]
    if collector is None:
        return
    if not collector["answers"]:
        if any(server["srvid"] and server["enabled"] for server in found["servers"]):
            yield Problem(
                Kind.COLLECTOR_DOWN,
                "no powa-collector answers",
                collector["message"],
                RESTART + ", which starts one that is down, and look into its log (journalctl --unit powa-collector)",
            )
        return
    statuses, hindrances = _statuses(found), find_hindrances(found)
    known = {server["srvid"]: server for server in found["servers"]}
    for srvid, server in known.items():
        if not srvid or not server["enabled"]:
            continue
        if srvid not in statuses:
            yield Problem(
                Kind.COLLECTOR_UNAWARE,
                "powa-collector does not know the server",
                "it reads its list of servers when it starts or is told to, and this one was registered later",
                RESTART if collector["restart_required"] else RELOAD,
                server["name"],
            )
        elif statuses[srvid] != _RUNNING and not is_explained(server):
            status = _why_not_running(statuses[srvid])
            cause, cure = hindrances.read_only or hindrances.with_timeouts(status, _CURE_OF_WORKER)
            yield Problem(
                Kind.COLLECTOR_NOT_CONNECTED,
                "the collector's worker of the server does not run",
                cause,
                cure,
                server["name"],
            )
    for worker in collector["workers"]:
        server = known.get(worker["srvid"])
        if server is None or not server["enabled"]:
            yield Problem(
                Kind.COLLECTOR_NEEDLESS_WORKER,
                "powa-collector still works for a server that was {0}".format("disabled" if server else "removed"),
                "a reload never ends a worker",
                RESTART,
                worker["server"],
                # All servers that were removed have the same name.
                subject="worker {0}".format(worker["srvid"]),
            )


def _statuses(found: Found) -> Mapping[int, str]:
    """Return what the collector says of each worker, by srvid."""
    collector = found["collector"]
    return {worker["srvid"]: worker["status"] for worker in collector["workers"]} if collector else {}


def _why_not_running(status: str) -> str:
    return 'it says "{0}"{1}'.format(status, ", so it has ended" if status in ("stopped", "stopping") else "")


def snapshot_problems(found: Found) -> Iterator[Problem]:
    """Return servers without a snapshot, or with one that is late."""
    if is_hidden(found, "servers[].snapshots"):
        return
    late = [server for server in found["servers"] if _is_late(server)]
    if not late:
        return
    seen = _Seen(found, _statuses(found), find_hindrances(found), entries_of_servers(found))
    for server in late:
        age = server["snapshots"]["age"]
        cause, cure = _why_no_snapshot(server, seen)
        if age is None:
            kind, problem = Kind.NEVER_SNAPSHOTTED, "no snapshot of the server was ever taken"
        else:
            kind = Kind.SNAPSHOT_LATE
            problem = "the last snapshot is {0} seconds old, expected one every {1} seconds".format(
                age, server["frequency"]
            )
        yield Problem(kind, problem, cause, cure, server["name"])


class _Seen(NamedTuple):
    """What causes of late snapshots are looked for in, once for all servers.

    :param statuses: what the collector says of each worker, by srvid
    :param entries: the declared datasources that are active for each server, by srvid
    """

    found: Found
    statuses: Mapping[int, str]
    hindrances: Hindrances
    entries: Mapping[int, List[Entry]]


def _is_late(server: Mapping[str, Any]) -> bool:
    age = server["snapshots"]["age"]
    return bool(server["enabled"]) and (age is None or age > LATE_AFTER * server["frequency"])


def _why_no_snapshot(server: Mapping[str, Any], seen: _Seen) -> Tuple[str, str]:
    if server["srvid"] == 0:
        return (
            "the background worker of PoWA does not take them",
            "look for powa in the log of PostgreSQL, and check powa.database and powa.frequency",
        )
    if server["errors"]:
        return shown(server["errors"][-1]), "cure that error, and {0}".format(RELOAD)
    if seen.hindrances.read_only:
        return seen.hindrances.read_only
    return _why_worker_stores_none(server, seen)


def _why_worker_stores_none(server: Mapping[str, Any], seen: _Seen) -> Tuple[str, str]:
    collector, with_timeouts = seen.found["collector"], seen.hindrances.with_timeouts
    entries = seen.entries.get(server["srvid"], [])
    if collector is None:
        late = why_late(seen.found, server, entries) if server["snapshots"].get("running") else None
        return with_timeouts(*(late or ("the collector was not asked", "check that powa-collector runs")))
    if not collector["answers"]:
        return "no powa-collector answers", RESTART + ", which starts one that is down"
    status = seen.statuses.get(server["srvid"])
    if status is None:
        return "powa-collector does not know the server", RESTART if collector["restart_required"] else RELOAD
    if status != _RUNNING:
        return with_timeouts(_why_not_running(status), _CURE_OF_WORKER)
    late = why_late(seen.found, server, entries)
    if late:
        return with_timeouts(*late)
    unseen = may_run_unseen(server, entries)
    return with_timeouts(_CAUSE_OF_NONE + (_MAY_RUN if unseen else ""), _CURE_OF_NONE + (_MAY_END if unseen else ""))


def version_problems(found: Found) -> Iterator[Problem]:
    """Return servers whose PoWA the collector does not take."""
    own = found["powa_version"]
    for server in found["servers"]:
        version = server["powa_version"]
        if own and version and release(version) != release(own):
            yield version_problem(version, own, server["name"])


def version_problem(version: str, repository: str, server: str) -> Problem:
    """Return the problem of a remote whose PoWA the collector does not take."""
    return Problem(
        Kind.POWA_VERSION,
        "PoWA of the server is of another major.minor than {0} of its repository".format(release(repository)),
        "the server has PoWA {0} and the repository {1}, and the collector takes no snapshot then".format(
            version, repository
        ),
        "install the same PoWA on both (powa_install_method, powa_source), and update the extension",
        server,
    )


def extension_problems(found: Found) -> Iterator[Problem]:
    """Return active extensions that the repository needs and lacks."""
    installed = {extension["name"] for extension in found["extensions"]}
    for server in found["servers"]:
        for name in server["extensions"]:
            if name in installed or not (name in EXTERNAL or server["srvid"] == 0):
                continue
            yield Problem(
                Kind.EXTENSION_MISSING,
                "extension {0} is active for the server and not installed on the repository".format(name),
                'it is in PoWA\'s registry, and database "{0}" does not have it'.format(found["database"]),
                "{0} with powa_stats_extensions naming it, or create it with module pgfleet.powa.extensions".format(
                    SITE
                ),
                server["name"],
                subject=on_repository(name),
            )


def qualstats_problems(found: Found) -> Iterator[Problem]:
    """Return what a PoWA never purges."""
    if found["powa_version"] is None or purges_qualstats(found["powa_version"]):
        return
    for server in found["servers"]:
        if "pg_qualstats" in server["extensions"]:
            yield Problem(
                Kind.QUALSTATS_PURGE,
                "the history of pg_qualstats is never purged",
                "powa_qualstats_purge of PoWA {0} calls a function that does not exist".format(found["powa_version"]),
                "leave pg_qualstats out of powa_stats_extensions (servers[].extensions of module pgfleet.powa.servers)"
                " until a later PoWA is installed",
                server["name"],
                subject="pg_qualstats",
            )


def password_problems(found: Found) -> Iterator[Problem]:
    """Return servers whose password is stored in the table."""
    for server in found["servers"]:
        if server["password_stored"]:
            yield Problem(
                Kind.PASSWORD_STORED,
                "the password of the server is stored in powa_servers",
                "all who may read that table can read it, and PoWA's authors recommend a password file",
                "{0} with powa_store_passwords: false, or give module pgfleet.powa.servers an empty password".format(
                    SITE
                ),
                server["name"],
            )
