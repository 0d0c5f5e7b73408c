# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots that the running powa-collector takes on request, of what the remotes have now."""

from __future__ import annotations

import time
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._collector.channel import Collector
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import NEVER, RegisteredServer, resolve
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import snapshot as texts

#: Between two attempts. The collector refuses a snapshot within 10 s of the last, and while one runs.
_PAUSE_SECONDS = 1.0

_BEGUN = "it agreed to take one"


class _Last(NamedTuple):
    """The last snapshot of a server."""

    ts: Any
    errors: List[str]


def servers_to_snapshot(servers: Sequence[RegisteredServer], names: Sequence[str]) -> List[RegisteredServer]:
    """Return the servers of these names.

    :raises ProblemsError: for a name that matches no server or several, and for a disabled server
    """
    srvids, problems = resolve(servers, names)
    by_srvid = {server.srvid: server for server in servers}
    targets = [by_srvid[srvid] for srvid in dict.fromkeys(srvids)]
    problems += [
        'server "{0}" is disabled (its frequency is -1), so the collector takes no snapshots of it:'
        " give it a frequency first".format(server.name)
        for server in targets
        if server.values["frequency"] == NEVER
    ]
    if problems:
        raise ProblemsError("snapshot", problems)
    return targets


def force_snapshots(
    collector: Collector, archivist: Archivist, servers: Sequence[RegisteredServer]
) -> List[Dict[str, Any]]:
    """Have the collector take a snapshot of each server, and return C(server), C(srvid) and C(errors) of each.

    :raises PowaError: when the collector is too old for it, or does not take them in time
    """
    waiting = {server.srvid: server for server in servers}
    #: The last snapshot of each server when the collector agreed to take another.
    promised: Dict[int, _Last] = {}
    said: Dict[int, str] = {}
    taken: Dict[int, List[str]] = {}
    while True:
        last = _read_last(collector, archivist, list(waiting))
        for srvid in list(waiting):
            if srvid in promised and last[srvid].ts != promised[srvid].ts:
                taken[srvid] = last[srvid].errors
                del waiting[srvid]
            elif srvid not in promised:
                said[srvid] = _ask(collector, srvid)
                if said[srvid] == _BEGUN:
                    promised[srvid] = last[srvid]
        if not waiting:
            return [{"server": server.name, "srvid": server.srvid, "errors": taken[server.srvid]} for server in servers]
        # Leave the collector time to answer another command.
        if collector.remaining < 2 * _PAUSE_SECONDS:
            raise PowaError(_late(collector, list(waiting.values()), said, last))
        time.sleep(_PAUSE_SECONDS)


def _read_last(collector: Collector, archivist: Archivist, srvids: List[int]) -> Dict[int, _Last]:
    parts = {"schema": identifier(archivist.schema), "srvids": literal(srvids)}
    collector.cursor.execute(compose(texts.LAST, **parts))
    return {srvid: _Last(ts, errors) for srvid, ts, errors in collector.cursor.fetchall()}


def _ask(collector: Collector, srvid: int) -> str:
    answer = collector.force_snapshot(srvid)
    if answer.status == "UNKNOWN":
        raise PowaError(
            "powa-collector does not know the command FORCE_SNAPSHOT, expected version 1.3 or later: update it, or wait"
            " for the regular snapshots of the servers"
        )
    return _BEGUN if answer.status == "OK" else 'it says "{0}"'.format(answer.text)


def _late(
    collector: Collector, servers: Sequence[RegisteredServer], said: Mapping[int, str], last: Mapping[int, _Last]
) -> str:
    return "within {0} s, powa-collector took no snapshot of {1}: give a longer timeout, or look at its log".format(
        collector.timeout,
        ", ".join(
            'server "{0}" ({1}{2})'.format(
                server.name,
                said[server.srvid],
                ", and the server's errors are: " + "; ".join(last[server.srvid].errors)
                if last[server.srvid].errors
                else "",
            )
            for server in servers
        ),
    )
