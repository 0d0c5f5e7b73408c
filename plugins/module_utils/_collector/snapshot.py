# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots taken now, without getting in the collector's way."""

from __future__ import annotations

import time
from typing import Any, Dict, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection, connected
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist, detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import read_servers, resolve
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import snapshot as texts

LOCAL_NAME = "local"

#: How long a snapshot of ours may hold what the collector waits for: less than the collector's lock_timeout of 2 s.
_HELD_MILLISECONDS = 1500
#: Between two looks at a lock that is taken. NOWAIT never makes others queue behind us, as waiting would.
_PAUSE_SECONDS = 0.05


def take_snapshots(params: Mapping[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Take a snapshot of each server in turn, each in its own transaction.

    :raises PowaError: for an unknown server, a lock that was not to be had in time, or errors of a snapshot
    """
    with connected(params, check_mode) as connection:
        with connection.reading() as cursor:
            archivist = detect_archivist(cursor)
            srvids = _resolve(cursor, archivist, params["servers"])
            cursor.execute(texts.LOCAL_MODE)
            (local_mode,) = cursor.fetchone()
        if 0 in srvids and not local_mode:
            raise PowaError(
                'server "local": PoWA is not loaded by this server, so there is no local mode:'
                " add powa to shared_preload_libraries and restart PostgreSQL"
            )
        if check_mode:
            return {"changed": bool(srvids), "diff": _diff(params["servers"]), "snapshots": []}
        deadline = time.monotonic() + params["timeout"]
        snapshots = [
            _take(connection, archivist, name, srvid, deadline) for name, srvid in zip(params["servers"], srvids)
        ]
    result = {"changed": bool(snapshots), "diff": _diff(params["servers"]), "snapshots": snapshots}
    check_errors(result, params["fail_on_errors"])
    return result


def check_errors(result: Mapping[str, Any], fail_on_errors: bool) -> None:
    """Look at what PoWA has recorded of the C(snapshots) of a result.

    :raises PowaError: for errors, with the result, where they are to fail
    """
    failed = [snapshot for snapshot in result["snapshots"] if snapshot["errors"]]
    if failed and fail_on_errors:
        raise PowaError(
            "the snapshot of {0} had errors, and kept what worked: {1}".format(
                ", ".join('server "{0}"'.format(snapshot["server"]) for snapshot in failed),
                "; ".join(error for snapshot in failed for error in snapshot["errors"]),
            ),
            **result,
        )


def _resolve(cursor: Any, archivist: Archivist, names: Sequence[str]) -> List[int]:
    srvids, problems = resolve(read_servers(cursor, archivist), [name for name in names if name != LOCAL_NAME])
    if problems:
        raise ProblemsError("the servers", problems)
    remaining = iter(srvids)
    return [0 if name == LOCAL_NAME else next(remaining) for name in names]


def _diff(names: Sequence[str]) -> Dict[str, str]:
    return {"before": "", "after": "".join("snapshot of server {0}\n".format(name) for name in names)}


def _take(connection: Connection, archivist: Archivist, name: str, srvid: int, deadline: float) -> Dict[str, Any]:
    while True:
        try:
            return connection.write_once(lambda cursor: _attempt(cursor, archivist, name, srvid))
        except driver.psycopg2.Error as error:
            if error.pgcode == driver.errorcodes.QUERY_CANCELED:
                raise PowaError(
                    'the snapshot of server "{0}" takes more than {1} ms, so the collector would fail while it runs,'
                    " and it was undone: let the collector take it".format(name, _HELD_MILLISECONDS)
                ) from error
            if error.pgcode != driver.errorcodes.LOCK_NOT_AVAILABLE:
                raise
        if time.monotonic() > deadline:
            raise PowaError(
                'the snapshot of server "{0}" was not taken, since another snapshot was running until the timeout:'
                " give a longer one".format(name)
            )
        time.sleep(_PAUSE_SECONDS)


def _attempt(cursor: Any, archivist: Archivist, name: str, srvid: int) -> Dict[str, Any]:
    parts = {
        "schema": identifier(archivist.schema),
        "schema_name": literal(archivist.schema),
        "srvid": literal(srvid),
    }
    if srvid:
        # The collector copies into this table before it asks for the row below, and would fail if that was taken:
        # with the table in our hands it waits here, not there.
        cursor.execute(compose(texts.FIRST_TRANSIENT_TABLE, **parts))
        for schema, table in cursor.fetchall():
            cursor.execute(compose(texts.LOCK_TRANSIENT_TABLE, table=identifier(schema, table)))
    cursor.execute(compose(texts.LOCK_SERVER, **parts))
    archivist.set_search_path(cursor)
    cursor.execute(compose(texts.LIMIT, milliseconds=literal(str(_HELD_MILLISECONDS if srvid else 0))))
    cursor.execute(compose(texts.TAKE, **parts))
    cursor.execute(compose(texts.ERRORS, **parts))
    (errors,) = cursor.fetchone()
    return {"server": name, "srvid": srvid, "errors": errors or []}
