# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots taken now, without getting in the collector's way."""

from __future__ import annotations

import time
from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned, Task
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import NOT_TRUSTED, Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.detect import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import LOCAL_NAME, read_servers, resolve
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import reshape as savepoint
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import snapshot as texts

#: How long a snapshot of ours may hold locks that the collector needs: less than the collector's lock_timeout of 2 s.
_HELD_MILLISECONDS = 1500
#: Between two attempts to get a lock. With NOWAIT others never queue behind us, as they would if we waited.
_PAUSE_SECONDS = 0.05
#: After a snapshot that was undone: longer than it held its locks, so that the collector has its turn.
_TURN_SECONDS = 2.0


class Resolved(NamedTuple):
    """The servers of a task by PoWA's numbers, in the order of its names, and why they get no snapshot.

    :param empty: those of which nothing has ever arrived
    """

    archivist: Archivist
    srvids: Sequence[int]
    problems: Sequence[str]
    local_mode: bool
    empty: FrozenSet[int] = frozenset()


class SnapshotTask(Task[Resolved, Resolved]):
    """Takes a snapshot of each server of a task in turn, each in its own transaction."""

    subject = "the servers"

    def __init__(self, params: Mapping[str, Any]) -> None:
        super().__init__()
        self.names: Sequence[str] = params["servers"]
        self.timeout: float = params["timeout"]
        self.fail_on_errors: bool = params["fail_on_errors"]
        self.taken: Dict[int, Dict[str, Any]] = {}

    def read(self, cursor: Any) -> Resolved:
        archivist = detect_archivist(cursor)
        remotes = [name for name in self.names if name != LOCAL_NAME]
        srvids, problems = resolve(read_servers(cursor, archivist), remotes)
        cursor.execute(texts.LOCAL_MODE)
        (local_mode,) = cursor.fetchone()
        remaining = iter(srvids)
        in_order = [] if problems else [0 if name == LOCAL_NAME else next(remaining) for name in self.names]
        cursor.execute(
            compose(
                texts.STRANGERS,
                schema=identifier(archivist.schema),
                schema_name=literal(archivist.schema),
                srvids=literal(in_order),
            )
        )
        problems = [*problems, *(_of_stranger(function, owner) for function, owner in cursor.fetchall())]
        return Resolved(archivist, in_order, problems, local_mode, _nothing_arrived(cursor, archivist, in_order))

    def resolve(self, cursor: Any, found: Resolved, locked: bool) -> Tuple[Resolved, List[str]]:
        return found, list(found.problems)

    def check(self, cursor: Any, wanted: Resolved) -> List[str]:
        problems = []
        if LOCAL_NAME in self.names and not wanted.local_mode:
            problems.append(
                'server "local": PostgreSQL has not loaded PoWA\'s library here, so there is no local mode:'
                " add powa to shared_preload_libraries and restart PostgreSQL"
            )
        if self.fail_on_errors:
            problems += [_of_empty(name) for name, srvid in self._servers(wanted) if srvid in wanted.empty]
        return problems

    def _servers(self, wanted: Resolved) -> List[Tuple[str, int]]:
        return list(zip(self.names, wanted.srvids))

    def plan(self, cursor: Any, wanted: Resolved) -> Plan:
        plan = Plan()
        for name, srvid in self._servers(wanted):
            if srvid not in wanted.empty:
                plan.add("snapshot of server {0}".format(name), None, "")
        return plan

    def write(self, connection: Connection, planned: Planned[Resolved]) -> Planned[Resolved]:
        wanted = planned.wanted
        deadline = time.monotonic() + self.timeout
        for position, (name, srvid) in enumerate(self._servers(wanted)):
            if srvid not in wanted.empty:
                self.taken[position] = _take(connection, wanted.archivist, name, srvid, deadline)
        return planned

    def result(self, connection: Connection, planned: Planned[Resolved], written: bool) -> Dict[str, Any]:
        wanted = planned.wanted
        snapshots = {
            position: {"server": name, "srvid": srvid, "errors": [_of_empty(name)]}
            for position, (name, srvid) in enumerate(self._servers(wanted))
            if srvid in wanted.empty
        }
        snapshots.update(self.taken)
        result = {**planned.plan.result(), "snapshots": [snapshots[position] for position in sorted(snapshots)]}
        check_errors(result, self.fail_on_errors)
        return result


def _nothing_arrived(cursor: Any, archivist: Archivist, srvids: Sequence[int]) -> FrozenSet[int]:
    """Return the remote servers from which nothing has ever arrived: neither rows that wait, nor history.

    Where no table is safe to read, or somebody holds one exclusively, something may have arrived.
    """
    cursor.execute(savepoint.SAVEPOINT)
    try:
        return _without_any_rows(cursor, archivist, srvids)
    except driver.psycopg2.Error as error:
        if error.pgcode != driver.errorcodes.LOCK_NOT_AVAILABLE:
            raise
        cursor.execute(savepoint.ROLLBACK)
        return frozenset()


def _without_any_rows(cursor: Any, archivist: Archivist, srvids: Sequence[int]) -> FrozenSet[int]:
    without = _without_rows(cursor, archivist, srvids, [texts.DATABASES])
    if not without:
        return frozenset()
    cursor.execute(compose(texts.TABLES_OF_ROWS, schema_name=literal(archivist.schema)))
    tables = [table for (table,) in cursor.fetchall()]
    return frozenset(_without_rows(cursor, archivist, without, tables) if tables else [])


def _without_rows(cursor: Any, archivist: Archivist, srvids: Sequence[int], tables: Sequence[str]) -> List[int]:
    found = joined(compose(texts.HAS_ROWS, table=identifier(archivist.schema, table)) for table in tables)
    cursor.execute(compose(texts.WITHOUT_ROWS, srvids=literal(list(srvids)), found=found))
    return [srvid for (srvid,) in cursor.fetchall()]


def _of_empty(name: str) -> str:
    return (
        'server "{0}": nothing has ever arrived from it, so there is nothing to take a snapshot of: see that'
        " powa-collector runs and can log in there (pgfleet.powa.collector shows the state of its workers)"
    ).format(name)


def _of_stranger(function: str, owner: str) -> str:
    return (
        'function {0}: a snapshot would run it with the rights of login_user, but it belongs to role "{1}", which is'
        " {2}: check what it does, and give it to a superuser (ALTER FUNCTION ... OWNER TO), or unregister it"
    ).format(function, owner, NOT_TRUSTED)


def check_errors(result: Mapping[str, Any], fail_on_errors: bool) -> None:
    """Check the errors that PoWA recorded for the C(snapshots) of a result.

    :raises PowaError: for any error, along with the result, if C(fail_on_errors)
    """
    failed = [snapshot for snapshot in result["snapshots"] if snapshot["errors"]]
    if failed and fail_on_errors:
        raise PowaError(
            "the snapshot of {0} had errors; PoWA kept the samples of all other datasources: {1}".format(
                ", ".join('server "{0}"'.format(snapshot["server"]) for snapshot in failed),
                "; ".join(error for snapshot in failed for error in snapshot["errors"]),
            ),
            **result,
        )


def _take(connection: Connection, archivist: Archivist, name: str, srvid: int, deadline: float) -> Dict[str, Any]:
    undone = 0
    while True:
        try:
            return connection.write_once(lambda cursor: _attempt(cursor, archivist, name, srvid))
        except driver.psycopg2.Error as error:
            if srvid and error.pgcode == driver.errorcodes.QUERY_CANCELED:
                undone += 1
                pause, refusal = _TURN_SECONDS, _too_slow(name, undone)
            elif error.pgcode == driver.errorcodes.LOCK_NOT_AVAILABLE:
                pause, refusal = _PAUSE_SECONDS, _not_free(name)
            else:
                raise
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise PowaError(refusal)
        time.sleep(min(pause, remaining))


def _too_slow(name: str, attempts: int) -> str:
    return (
        'the snapshot of server "{0}" took more than {1} ms and was undone, since the collector would fail meanwhile'
        " (attempts until the timeout: {2}): give a longer timeout, or let the collector take it"
    ).format(name, _HELD_MILLISECONDS, attempts)


def _not_free(name: str) -> str:
    return (
        'the snapshot of server "{0}" was not taken, since another one was still running at the timeout:'
        " give a longer timeout"
    ).format(name)


def _attempt(cursor: Any, archivist: Archivist, name: str, srvid: int) -> Dict[str, Any]:
    parts = {
        "schema": identifier(archivist.schema),
        "schema_name": literal(archivist.schema),
        "srvid": literal(srvid),
    }
    if srvid:
        # The collector copies into this table before it locks the row below, and fails if somebody holds that row.
        # While we hold the table, it waits for that instead.
        cursor.execute(compose(texts.FIRST_TRANSIENT_TABLE, **parts))
        for schema, table in cursor.fetchall():
            cursor.execute(compose(texts.LOCK_TRANSIENT_TABLE, table=identifier(schema, table)))
    cursor.execute(compose(texts.LOCK_SERVER, **parts))
    cursor.execute(compose(texts.LIMIT, milliseconds=literal(str(_HELD_MILLISECONDS if srvid else 0))))
    with archivist.own_search_path(cursor):
        cursor.execute(compose(texts.TAKE, **parts))
    cursor.execute(compose(texts.ERRORS, **parts))
    (errors,) = cursor.fetchone()
    return {"server": name, "srvid": srvid, "errors": errors or []}
