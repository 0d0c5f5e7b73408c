# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The running powa-collector, asked over NOTIFY on the repository."""

from __future__ import annotations

import json
import select
import time
from typing import Any, Dict, List, Mapping, Sequence, Set

from ansible_collections.pgfleet.powa.plugins.module_utils._archivist import Archivist, detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._connection import Connection, connected
from ansible_collections.pgfleet.powa.plugins.module_utils._driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._registered import RegisteredServer, read_servers
from ansible_collections.pgfleet.powa.plugins.module_utils._server_spec import NEVER

RELOADED = "reloaded"

#: The channel that powa-collector listens to.
_CHANNEL = "powa_collector"
#: How often workers are asked again while one is still starting.
_PAUSE_SECONDS = 0.5
_RUNNING = "running"

_LISTEN = "LISTEN {channel}"
_NOTIFY = "SELECT pg_catalog.pg_notify({channel}, message) FROM pg_catalog.unnest({messages}::text[]) AS m (message)"
_LAST_SRVID = "SELECT s.last_value FROM {schema}.powa_servers_id_seq AS s"
_BACKEND = "SELECT pg_catalog.pg_backend_pid()"


def reconcile(params: Mapping[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Make the collector work on all servers of the repository, and return its workers.

    :raises PowaError: when no collector answers, or not in time
    """
    # A check asks, too: NOTIFY writes nothing, and the server refuses it only on a standby.
    with connected(params, read_only=check_mode) as connection:
        with connection.reading() as cursor:
            archivist = detect_archivist(cursor)
            servers = read_servers(cursor, archivist)
            last_srvid = read_last_srvid(cursor, archivist)
        collector = Collector(connection, params["timeout"])
        workers = collector.workers(last_srvid)
        active = {server.srvid for server in servers if server.values["frequency"] != NEVER}
        # A reload would leave the worker of such a server running and the collector without its name.
        restart_required = not set(workers) <= active
        reload = not restart_required and (params["state"] == RELOADED or not active <= set(workers))
        lines = _describe(workers, servers)
        if reload and not check_mode:
            collector.reload()
            workers = collector.wait_for(active, last_srvid)
        return {
            "changed": reload,
            "diff": {"before": lines if reload else "", "after": lines + "reloaded\n" if reload else ""},
            "workers": [_returned(srvid, status, servers) for srvid, status in sorted(workers.items())],
            "restart_required": restart_required,
        }


def read_last_srvid(cursor: Any, archivist: Archivist) -> int:
    """Return the highest number that a server has ever had: the collector may work for one that is gone."""
    cursor.execute(compose(_LAST_SRVID, schema=identifier(archivist.schema)))
    (last_srvid,) = cursor.fetchone()
    return int(last_srvid)


def _name(srvid: int, servers: List[RegisteredServer]) -> str:
    names = [server.name for server in servers if server.srvid == srvid]
    return names[0] if names else "removed"


def _returned(srvid: int, status: str, servers: List[RegisteredServer]) -> Dict[str, Any]:
    return {"srvid": srvid, "server": _name(srvid, servers), "status": status}


def _describe(workers: Mapping[int, str], servers: List[RegisteredServer]) -> str:
    return "".join("worker of server {0}\n".format(_name(srvid, servers)) for srvid in sorted(workers))


class Collector:
    """Asks and waits for answers on a channel of its own."""

    def __init__(self, connection: Connection, timeout: int) -> None:
        self._connection = connection.raw
        self._deadline = time.monotonic() + timeout
        self._timeout = timeout
        self._connection.rollback()
        self._connection.set_session(autocommit=True)
        self._cursor = self._connection.cursor()
        self._cursor.execute(_BACKEND)
        self._channel = "pgfleet_powa_{0}".format(self._cursor.fetchone()[0])
        self._cursor.execute(compose(_LISTEN, channel=identifier(self._channel)))

    def reload(self) -> None:
        """Have the collector read its list of servers again."""
        self._ask("RELOAD", ["RELOAD {0}".format(self._channel)])

    def workers(self, last_srvid: int) -> Dict[int, str]:
        """Return the status of each worker, by srvid.

        Each server is asked for by its number: an answer about many does not fit into a notification.
        """
        messages = ["WORKERS_STATUS {0} {1}".format(self._channel, srvid + 1) for srvid in range(last_srvid)]
        found: Dict[int, str] = {}
        for answer in self._ask("WORKERS_STATUS", messages):
            found.update({int(srvid): str(status) for srvid, status in json.loads(answer).items()})
        return found

    def wait_for(self, srvids: Set[int], last_srvid: int) -> Dict[int, str]:
        """Wait until these have a running worker, or until the time is over: a server may be down."""
        workers = self.workers(last_srvid)
        while any(workers.get(srvid) != _RUNNING for srvid in srvids) and time.monotonic() < self._deadline - 1:
            time.sleep(_PAUSE_SECONDS)
            workers = self.workers(last_srvid)
        return workers

    def _ask(self, command: str, messages: Sequence[str]) -> List[str]:
        """Send messages and return their answers. The session stays, since the collector checks who asked.

        :raises PowaError: when an answer does not come in time, or is a refusal
        """
        self._cursor.execute(compose(_NOTIFY, channel=literal(_CHANNEL), messages=literal(list(messages))))
        answers: List[str] = []
        while True:
            # Answers may have come together with the result of the statement above.
            self._connection.poll()
            answers += self._answers(command)
            if len(answers) >= len(messages):
                break
            remaining = self._deadline - time.monotonic()
            if remaining <= 0 or not select.select([self._connection], [], [], remaining)[0]:
                raise PowaError(
                    "no powa-collector answered {0} within {1} s: check that its service runs, and that its repository"
                    " is this database".format(command, self._timeout)
                )
        return answers

    def _answers(self, command: str) -> List[str]:
        answers = []
        while self._connection.notifies:
            found, status, answer = (self._connection.notifies.pop(0).payload.split(" ", 2) + ["", ""])[:3]
            if found == command and status != "OK":
                raise PowaError(
                    "powa-collector refused {0} ({1} {2}): log in as a superuser or as a member of pg_signal_backend,"
                    " or restart the collector".format(command, status, answer)
                )
            if found == command:
                answers.append(answer)
        return answers
