# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The running powa-collector, asked over NOTIFY on the repository."""

from __future__ import annotations

from typing import Any, Collection, Dict, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._collector.channel import RUNNING, Collector, at_work
from ansible_collections.pgfleet.powa.plugins.module_utils._collector.forced_snapshots import (
    force_snapshots,
    servers_to_snapshot,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._collector.snapshot import check_errors
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import connected
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.detect import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import NEVER, RegisteredServer, read_servers
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import snapshot as texts

RELOADED = "reloaded"

_LAST_SRVID = "SELECT s.last_value FROM {schema}.powa_servers_id_seq AS s"


def run_collector(params: Mapping[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Make the collector work on all servers of the repository and take snapshots, and return its workers.

    It writes nothing to the database itself, so there is no transaction in which to plan again.

    :raises PowaError: for a disabled server, when the collector does not answer in time, and for errors of a snapshot
    """
    # Check mode asks, too: NOTIFY writes nothing, and only a standby refuses it.
    with connected(params, read_only=check_mode) as connection:
        with connection.reading() as cursor:
            archivist = detect_archivist(cursor)
            servers = read_servers(cursor, archivist)
            known = range(1, read_last_srvid(cursor, archivist) + 1)
        targets = servers_to_snapshot(servers, params["snapshot"])
        collector = Collector(connection, params["timeout"])
        workers = collector.workers(known)
        active = {server.srvid for server in servers if server.values["frequency"] != NEVER}
        # On a reload, the collector forgets servers that are gone or disabled, and their workers keep running.
        restart_required = not set(workers) <= active
        reload = not restart_required and (params["state"] == RELOADED or not active <= at_work(workers))
        plan = _plan(workers, servers, reload, targets)
        if reload and not check_mode:
            collector.reload()
            workers = collector.wait_for(active, known)
        idle = [srvid for srvid, status in workers.items() if status != RUNNING]
        errors = _read_errors(collector.cursor, archivist, idle) if idle else {}
        result = {
            **plan.result(),
            "workers": [_returned(srvid, status, servers, errors) for srvid, status in sorted(workers.items())],
            "restart_required": restart_required,
            "snapshots": [],
        }
        if targets and not check_mode:
            result["snapshots"] = force_snapshots(collector, archivist, targets)
            check_errors(result, params["fail_on_errors"])
        return result


def _plan(
    workers: Mapping[int, str], servers: List[RegisteredServer], reload: bool, targets: Sequence[RegisteredServer]
) -> Plan:
    plan = Plan()
    before = ["worker of server {0}".format(_name(srvid, servers)) for srvid in sorted(workers)]
    plan.add("powa-collector", "\n".join(before), "\n".join(before + (["reloaded"] if reload else [])))
    for server in targets:
        plan.add("snapshot of server {0}".format(server.name), None, "")
    return plan


def read_last_srvid(cursor: Any, archivist: Archivist) -> int:
    """Return the highest number that a server ever had: the collector may still have a worker for a removed one."""
    cursor.execute(compose(_LAST_SRVID, schema=identifier(archivist.schema)))
    (last_srvid,) = cursor.fetchone()
    return int(last_srvid)


def _name(srvid: int, servers: List[RegisteredServer]) -> str:
    names = [server.name for server in servers if server.srvid == srvid]
    return names[0] if names else "removed"


def _read_errors(cursor: Any, archivist: Archivist, srvids: Collection[int]) -> Dict[int, List[str]]:
    """Return what PoWA has recorded of servers: the collector writes there why it cannot connect."""
    cursor.execute(compose(texts.LAST, schema=identifier(archivist.schema), srvids=literal(list(srvids))))
    return {srvid: errors for srvid, _ts, errors in cursor.fetchall()}


def _returned(
    srvid: int, status: str, servers: List[RegisteredServer], errors: Mapping[int, List[str]]
) -> Dict[str, Any]:
    return {"srvid": srvid, "server": _name(srvid, servers), "status": status, "errors": errors.get(srvid, [])}
