# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The snapshots that a collector takes right now: since when, and whether it has come to the databases."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._core.texts import MAX_IDENTIFIER_BYTES
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import RegisteredServer
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import STATISTICS, Visible
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import info as texts

#: How the collector's sessions with the repository are called: all, its own, and a worker's before the server's name.
_OF_COLLECTOR = "PoWA collector - "
_MAIN = "PoWA collector - main thread"
_PREFIX = "PoWA collector - repo_conn for worker "
#: What it calls once it has copied all rows: PoWA then gives the session names of its own.
_TAKING = r"^SELECT (?:.*\.)?powa_take_snapshot\(([0-9]+)\)$"
#: What the collector reads when it comes to the databases, and no snapshot before.
_OF_DATABASES = "powa_db_module_config"


class Running(NamedTuple):
    """Whether a snapshot of a server runs.

    :param running: whether one does, or None if that cannot be told
    :param running_age: the seconds since it began
    :param running_databases: whether the collector has come to the databases, which it asks last; None once it has
        copied their rows, and PoWA takes them into history
    """

    running: Optional[bool] = None
    running_age: Optional[int] = None
    running_databases: Optional[bool] = None


UNKNOWN = Running()


def read_running(
    cursor: Any, archivist: Archivist, servers: Sequence[RegisteredServer], visible: Visible
) -> Mapping[int, Running]:
    """Return it of each server, by srvid, read in one statement."""
    if not servers:
        return {}
    at_databases = raw("false")
    if archivist.scope_database:
        table = "{0}.{1}".format(archivist.quoted_schema, _OF_DATABASES)
        at_databases = compose(texts.AT_DATABASES, of_databases=literal(table))
    cursor.execute(
        compose(
            texts.COLLECTOR_SESSIONS, prefix=literal(_OF_COLLECTOR), at_databases=at_databases, taking=literal(_TAKING)
        )
    )
    rows = cursor.fetchall()
    if not all(sees for sees, *_session in rows):
        visible.note(["servers[].snapshots.running"], [STATISTICS])
        return {}
    names = [name for _sees, name, *_session in rows if name]
    if not any(name.startswith(_MAIN) for name in names):
        # Nor would the workers' sessions be found under these names.
        return {}
    began = [row for row in rows if row[2] is not None]
    taken = {taking: Running(True, age, None) for _sees, _name, age, _databases, taking in began if taking}
    sessions = {name: Running(True, age, databases) for _sees, name, age, databases, taking in began if not taking}
    owners: Dict[str, List[int]] = {}
    for server in servers:
        for label in _labels(server):
            owners.setdefault(label, []).append(server.srvid)
    return {server.srvid: taken.get(str(server.srvid)) or _of_server(server, sessions, owners) for server in servers}


def _of_server(
    server: RegisteredServer, sessions: Mapping[str, Running], owners: Mapping[str, Sequence[int]]
) -> Running:
    """Return it of one server; a session whose name may stand for several servers tells nothing of any."""
    labels = _labels(server)
    if not all(label.isascii() for label in labels):
        # PostgreSQL writes other characters in its own way.
        return UNKNOWN
    for label in labels:
        if label in sessions:
            return sessions[label] if len(owners[label]) == 1 else UNKNOWN
    return Running(False)


def _labels(server: RegisteredServer) -> Sequence[str]:
    """Return the names that the session may have: the collector uses the address, or the alias if it is told to."""
    names = dict.fromkeys([server.address, server.alias or server.address])
    return [(_PREFIX + name)[:MAX_IDENTIFIER_BYTES] for name in names]
