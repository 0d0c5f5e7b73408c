# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections for one statement after the other: a new one takes longer than most statements."""

from __future__ import annotations

import re
import threading
from typing import Any, Callable, Dict, List, Tuple

import psycopg2

#: What leaves something behind in its session, or is not seen by sessions that are open. What a session writes is
#: counted by the server when the session ends, if not before.
_ENDS_SESSIONS = re.compile(
    r"""\b(
        INSERT | UPDATE | DELETE | TRUNCATE | COPY | powa_take_snapshot
        | SET | RESET | BEGIN | LISTEN | LOAD | PREPARE | DECLARE | TEMP | TEMPORARY | set_config | pg_advisory_lock
        | ALTER\s+(DATABASE|ROLE|USER|SYSTEM) | (CREATE|DROP)\s+(DATABASE|ROLE|USER)
        | pg_reload_conf | pg_terminate_backend
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)


class KeptConnections:
    """The connections of each thread to the databases of a server.

    :param connect: returns a connection to a database that commits each statement
    """

    def __init__(self, connect: Callable[[str], Any]) -> None:
        self._connect = connect
        self._local = threading.local()

    def run(self, database: str, statement: str, params: Any) -> List[Tuple[Any, ...]]:
        """Run one statement and return its rows."""
        ends = _ENDS_SESSIONS.search(statement)
        if ends:
            self.close()
        try:
            return self._run(database, statement, params)
        finally:
            if ends:
                self.close()

    def close(self) -> None:
        """Close what this thread has open."""
        kept = self._kept()
        while kept:
            kept.popitem()[1].close()

    def _run(self, database: str, statement: str, params: Any) -> List[Tuple[Any, ...]]:
        kept = self._kept()
        is_new = database not in kept
        if is_new:
            kept[database] = self._connect(database)
        connection = kept[database]
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, params)
                return list(cursor.fetchall()) if cursor.description else []
        except psycopg2.Error:
            if not connection.closed:
                raise
            del kept[database]
            # The server has restarted since, or has ended the session.
            if is_new:
                raise
        return self._run(database, statement, params)

    def _kept(self) -> Dict[str, Any]:
        found: Dict[str, Any] = self._local.__dict__.setdefault("kept", {})
        return found
