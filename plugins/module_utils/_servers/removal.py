# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that are to be deleted: nothing may write for them any more, or rows of theirs would stay behind.

A snapshot that runs meanwhile, or that a worker of the collector begins afterwards, copies its rows all the same. The
collector and its workers see that a server is disabled only once that is committed, so it is a step before the lock.
"""

from __future__ import annotations

from functools import partial
from typing import Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._collector.running_snapshots import (
    wait_for_snapshots,
    with_worker,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import NEVER, RegisteredServer
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.writes import ChangeServer, ServerWrite


def collected(servers: Sequence[RegisteredServer]) -> Sequence[RegisteredServer]:
    """Return the servers that are not disabled yet."""
    return [server for server in servers if server.values["frequency"] != NEVER]


def stop(connection: Connection, archivist: Archivist, servers: Sequence[RegisteredServer], timeout: int) -> None:
    """Disable servers, and wait until nothing is collected from them.

    It commits: the servers stay disabled, whatever follows.

    :raises PowaError: when a worker of the collector goes on, which only a restart ends, or a snapshot runs too long
    """
    writes = [ChangeServer(archivist, server.srvid, {"frequency": NEVER}) for server in collected(servers)]
    if writes:
        connection.write(partial(ServerWrite.run, writes=writes))
    working = with_worker(connection, [server.srvid for server in servers], timeout)
    if working:
        raise PowaError(
            "powa-collector still has a worker for {0}, which only a restart ends, so no server is deleted yet, and all"
            " that are to be deleted are disabled: restart powa-collector, and run the task again".format(
                ", ".join(sorted(server.name for server in servers if server.srvid in working))
            )
        )
    so = "no server is deleted yet, and all that are to be deleted are disabled"
    wait_for_snapshots(connection, archivist, timeout, so)
