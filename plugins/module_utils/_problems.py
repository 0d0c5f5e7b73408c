# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a server, as far as its own database tells: each problem with its cause and its cure.

Everything here works on what module info returns, and asks no server.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._builder import LOCAL, REMOTE
from ansible_collections.pgfleet.powa.plugins.module_utils._definition import object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._libraries import PRELOADED
from ansible_collections.pgfleet.powa.plugins.module_utils._problem import SITE, Problem
from ansible_collections.pgfleet.powa.plugins.module_utils._problem_errors import error_problems, is_explained, shown

#: A server is late after so many times its frequency.
LATE_AFTER = 3

#: From and to which PoWA, both included, the purge of pg_qualstats calls a function that does not exist.
_BROKEN_QUALSTATS = ((5, 1, 2), (5, 3, 0))

#: Extensions that PoWA has no functions of its own for: the repository needs them, too.
_EXTERNAL = ("pg_track_settings",)

#: A collector that works on a server says so.
_RUNNING = "running"

_RELOAD = "run module pgfleet.powa.collector with state: reloaded"
_RESTART = "restart powa-collector (systemctl restart powa-collector)"

Found = Mapping[str, Any]


def find_problems(found: Found) -> List[Dict[str, Any]]:
    """Return the problems of a server, each kind together.

    :param found: what module info returns of it
    """
    problems = [problem for look in _LOOKS for problem in look(found)]
    unique = {(problem.kind, problem.server, problem.datasource, problem.problem): problem for problem in problems}
    return [problem._asdict() for problem in unique.values()]


def release(version: str) -> Tuple[str, ...]:
    """Return the major.minor of a version of PoWA: the collector compares no more of it."""
    return tuple(version.split(".")[:2])


def _powa(found: Found) -> Iterator[Problem]:
    if found["powa_version"] is None:
        yield Problem(
            "powa_absent",
            'database "{0}" has no extension powa'.format(found["database"]),
            "it was not created there, or was dropped",
            "{0}, or create the extension with module pgfleet.powa.extensions".format(SITE),
        )


def _libraries(found: Found) -> Iterator[Problem]:
    loaded, configured = found["libraries"]["loaded"], found["libraries"]["configured"]
    installed = [extension["name"] for extension in found["extensions"] if extension["name"] in PRELOADED]
    # A mere repository runs no queries of others, and needs no statistics of its own.
    needed = installed if {REMOTE, LOCAL} & set(found["server_kind"]) or found["powa_version"] is None else []
    for name in needed:
        if name not in configured:
            yield Problem(
                "library_not_preloaded",
                "extension {0} is installed, and its library is not preloaded".format(name),
                "shared_preload_libraries is '{0}'".format(", ".join(configured)),
                "{0} with powa_stats_extensions naming it, or add it to shared_preload_libraries, and restart"
                " PostgreSQL".format(SITE),
            )
    waiting = [name for name in configured if name not in loaded]
    settings = [name for name in found["pending_restart"] if name != "shared_preload_libraries" or not waiting]
    if waiting or settings:
        yield Problem(
            "restart_pending",
            "a restart of PostgreSQL is pending for {0}".format(
                ", ".join(["library " + name for name in waiting] + settings)
            ),
            "its files were changed since it was started",
            "restart PostgreSQL (systemctl restart postgresql)"
            + (", or {0} with powa_restart_postgresql: true".format(SITE) if waiting else ""),
        )


def _roles(found: Found) -> Iterator[Problem]:
    for role in found["roles"]:
        if role["name"] != found["monitoring_role"] or REMOTE not in found["server_kind"]:
            continue
        name = role["name"]
        if not role["present"]:
            yield Problem(
                "monitoring_role_absent",
                'monitoring role "{0}" does not exist'.format(name),
                "it was not created, or was dropped",
                "{0}, which makes powa_monitoring_role".format(SITE),
            )
        elif role["superuser"]:
            yield Problem(
                "monitoring_role_superuser",
                'monitoring role "{0}" is a superuser'.format(name),
                "it was made one by hand, and whoever has the collector's passwords may do anything on this server",
                'ALTER ROLE "{0}" NOSUPERUSER, and {1} for the rights that it needs'.format(name, SITE),
            )
        elif not role["reads_statistics"]:
            yield Problem(
                "monitoring_role_rights",
                'monitoring role "{0}" is no member of pg_read_all_stats'.format(name),
                "it sees the statements of other roles as <insufficient privilege>",
                'GRANT pg_read_all_stats TO "{0}", or {1}'.format(name, SITE),
            )
        if role["present"] and not role["login"]:
            yield Problem(
                "monitoring_role_login",
                'monitoring role "{0}" may not log in'.format(name),
                "it has NOLOGIN",
                'ALTER ROLE "{0}" LOGIN, or {1}'.format(name, SITE),
            )


def _collector(found: Found) -> Iterator[Problem]:
    collector = found["collector"]
    if collector is None:
        return
    if not collector["answers"]:
        if any(server["srvid"] and server["enabled"] for server in found["servers"]):
            yield Problem(
                "collector_down",
                "no powa-collector answers",
                collector["message"],
                "start it (systemctl start powa-collector) and look into its log (journalctl --unit powa-collector)",
            )
        return
    statuses = {worker["srvid"]: worker["status"] for worker in collector["workers"]}
    known = {server["srvid"]: server for server in found["servers"]}
    for srvid, server in known.items():
        if not srvid or not server["enabled"]:
            continue
        if srvid not in statuses:
            yield Problem(
                "collector_unaware",
                "powa-collector does not know the server",
                "it reads its list of servers when it starts or is told to, and this one was registered later",
                _RESTART if collector["restart_required"] else _RELOAD,
                server["name"],
            )
        elif statuses[srvid] != _RUNNING and not is_explained(server):
            yield Problem(
                "collector_not_connected",
                "the collector's worker of the server does not run",
                _why_not_running(statuses[srvid]),
                _CURE_OF_WORKER,
                server["name"],
            )
    for worker in collector["workers"]:
        server = known.get(worker["srvid"])
        if server is None or not server["enabled"]:
            yield Problem(
                "collector_needless_worker",
                "powa-collector still works for a server that was {0}".format("disabled" if server else "removed"),
                "a reload never ends a worker",
                _RESTART,
                worker["server"],
            )


_CURE_OF_WORKER = (
    "look into the log of the collector (journalctl --unit powa-collector), check that PoWA and the active extensions"
    " are installed on the server and that it can be reached; then " + _RELOAD
)


def _why_not_running(status: str) -> str:
    return 'it says "{0}"{1}'.format(status, ", so it has ended" if status in ("stopped", "stopping") else "")


def _snapshots(found: Found) -> Iterator[Problem]:
    for server in found["servers"]:
        age = server["snapshots"]["age"]
        if not server["enabled"] or (age is not None and age <= LATE_AFTER * server["frequency"]):
            continue
        cause, cure = _why_no_snapshot(server, found)
        if age is None:
            kind, problem = "never_snapshotted", "no snapshot of the server was ever taken"
        else:
            kind = "snapshot_late"
            problem = "the last snapshot is {0} s old, expected one each {1} s".format(age, server["frequency"])
        yield Problem(kind, problem, cause, cure, server["name"])


def _why_no_snapshot(server: Mapping[str, Any], found: Found) -> Tuple[str, str]:
    if server["srvid"] == 0:
        return (
            "the background worker of PoWA does not take them",
            "look for powa in the log of PostgreSQL, and check powa.database and powa.frequency",
        )
    if server["errors"]:
        return shown(server["errors"][-1]), "cure that error, and {0}".format(_RELOAD)
    collector = found["collector"]
    if collector is None:
        return "the collector was not asked", "check that powa-collector runs"
    if not collector["answers"]:
        return "no powa-collector answers", "start it (systemctl start powa-collector)"
    statuses = {worker["srvid"]: worker["status"] for worker in collector["workers"]}
    status = statuses.get(server["srvid"])
    if status is None:
        return "powa-collector does not know the server", _RESTART if collector["restart_required"] else _RELOAD
    if status != _RUNNING:
        return _why_not_running(status), _CURE_OF_WORKER
    return (
        "the collector's worker runs and takes none: it was registered just now, or the frequency was changed since"
        " the collector has started",
        "wait for its frequency, or {0}".format(_RESTART),
    )


def _versions(found: Found) -> Iterator[Problem]:
    own = found["powa_version"]
    for server in found["servers"]:
        version = server["powa_version"]
        if own and version and release(version) != release(own):
            yield version_problem(version, own, server["name"])


def version_problem(version: str, repository: str, server: str) -> Problem:
    """Return the problem of a remote whose PoWA the collector does not take."""
    return Problem(
        "powa_version",
        "PoWA of the server is of another major.minor than {0} of its repository".format(".".join(release(repository))),
        "the server has PoWA {0} and the repository {1}, and the collector takes no snapshot then".format(
            version, repository
        ),
        "install the same PoWA on both (powa_install_method, powa_source), and update the extension",
        server,
    )


def _extensions(found: Found) -> Iterator[Problem]:
    installed = {extension["name"] for extension in found["extensions"]}
    for server in found["servers"]:
        for name in server["extensions"]:
            if name in installed or not (name in _EXTERNAL or server["srvid"] == 0):
                continue
            yield Problem(
                "extension_missing",
                "extension {0} is active for the server and not installed on the repository".format(name),
                'it is in PoWA\'s registry, and database "{0}" does not have it'.format(found["database"]),
                "{0} with powa_stats_extensions naming it, or create it with module pgfleet.powa.extensions".format(
                    SITE
                ),
                server["name"],
            )


def _qualstats(found: Found) -> Iterator[Problem]:
    if found["powa_version"] is None:
        return
    version = tuple(int(part) for part in found["powa_version"].split(".") if part.isdigit())
    low, high = _BROKEN_QUALSTATS
    if not low <= version <= high:
        return
    for server in found["servers"]:
        if "pg_qualstats" in server["extensions"]:
            yield Problem(
                "qualstats_purge",
                "the history of pg_qualstats is never purged",
                "powa_qualstats_purge of PoWA {0} calls a function that does not exist".format(found["powa_version"]),
                "leave pg_qualstats out of powa_stats_extensions (servers[].extensions of module pgfleet.powa.servers)"
                " until a later PoWA is installed",
                server["name"],
            )


def _passwords(found: Found) -> Iterator[Problem]:
    for server in found["servers"]:
        if server["password_stored"]:
            yield Problem(
                "password_stored",
                "the password of the server is stored in powa_servers",
                "all who may read that table can read it, and PoWA's authors recommend a password file",
                "{0} with powa_store_passwords: false, or give module pgfleet.powa.servers an empty password".format(
                    SITE
                ),
                server["name"],
            )


def _datasources(found: Found) -> Iterator[Problem]:
    for datasource in found["datasources"]:
        name = datasource["name"]
        for refused in datasource["refused"]:
            yield Problem(
                "datasource_refused",
                "it can not be compared with its definition",
                refused,
                "cure what the sentence names, and declare it again",
                datasource=name,
            )
        if datasource["drift"]:
            changes = ["{action} {object}".format(**change) for change in datasource["drift"]]
            yield Problem(
                "datasource_drift",
                "it is not as its definition says, in {0} place{1}".format(
                    len(changes), "s" if len(changes) > 1 else ""
                ),
                "changed by hand, or a run has not finished: to {0}".format(", ".join(_some(changes))),
                "{0}, which makes it right and keeps its history".format(SITE),
                datasource=name,
            )
        yield from _datasource_of_servers(datasource, found)


def _datasource_of_servers(datasource: Mapping[str, Any], found: Found) -> Iterator[Problem]:
    servers = {server["srvid"]: server for server in found["servers"]}
    for entry in datasource["servers"]:
        server = servers[entry["srvid"]]
        if entry["paused"]:
            yield Problem(
                "datasource_paused",
                "it is paused for the server",
                "its columns were changed, and the server has not been seen with the new ones yet",
                "{0} when the server can be reached".format(SITE),
                entry["name"],
                datasource["name"],
            )
        elif (
            entry["enabled"]
            and server["enabled"]
            and not entry["has_samples"]
            and server["snapshots"]["last"] is not None
        ):
            name = datasource["name"]
            mentioned = [
                shown(error)
                for error in server["errors"]
                if object_name(name, "_") in error or "datasource data {0}:".format(name) in error
            ]
            yield Problem(
                "datasource_without_samples",
                "it has no samples of the server",
                "its snapshot fails: {0}".format(mentioned[0])
                if mentioned
                else "its query has returned no rows there since it was declared, or no snapshot was taken since",
                "run its query on the server; module pgfleet.powa.snapshot shows the errors of a snapshot",
                entry["name"],
                name,
            )


def _transient_rows(found: Found) -> Iterator[Problem]:
    servers = {server["srvid"]: server for server in found["servers"]}
    for entry in found["transient_rows"]:
        server = servers.get(entry["srvid"])
        if server is None:
            cause, cure = (
                "the server was removed",
                'DELETE FROM {0}."{1}" WHERE srvid = {2}'.format(found["powa_schema"], entry["table"], entry["srvid"]),
            )
        elif not server["enabled"]:
            cause, cure = "the server is disabled, so that no snapshot takes them", "enable it, or delete the rows"
        elif entry["oldest_age"] > LATE_AFTER * server["frequency"]:
            cause = "the snapshot function that takes them fails or is disabled"
            cure = "cure the errors of its snapshots; the next one that succeeds takes the rows"
        else:
            continue
        yield Problem(
            "transient_rows",
            "{0} rows of the server wait in {1}, the oldest for {2} s".format(
                entry["rows"], entry["table"], entry["oldest_age"]
            ),
            cause,
            cure,
            server["name"] if server else str(entry["srvid"]),
        )


def _some(texts: Sequence[str], count: int = 3) -> List[str]:
    more = len(texts) - count
    return list(texts[:count]) + (["{0} more".format(more)] if more > 0 else [])


_LOOKS: Tuple[Callable[[Found], Iterator[Problem]], ...] = (
    _powa,
    _libraries,
    _roles,
    _collector,
    _versions,
    error_problems,
    _snapshots,
    _extensions,
    _qualstats,
    _datasources,
    _transient_rows,
    _passwords,
)
