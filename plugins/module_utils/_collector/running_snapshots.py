# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots that run now, and the collector's workers that would begin the next ones."""

from __future__ import annotations

import time
from typing import Any, Iterable, List, Set

from ansible_collections.pgfleet.powa.plugins.module_utils._collector.channel import Collector, at_work
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import running_snapshots as texts

_LOOK_AGAIN_SECONDS = 0.1


def wait_for_snapshots(connection: Connection, archivist: Archivist, timeout: float, so: str) -> None:
    """Wait until every transaction that may have read the registry before it changed has ended.

    :param so: what follows from one that runs longer, as the end of a sentence
    :raises PowaError: when one runs longer
    """
    deadline = time.monotonic() + timeout
    relations = ["{0}.{1}".format(archivist.quoted_schema, table) for table in archivist.registry_lock]
    with connection.reading() as cursor:
        cursor.execute(compose(texts.READERS, relations=literal(relations)))
        running: List[Any] = [reader for (reader,) in cursor.fetchall()]
    while running:
        with connection.reading() as cursor:
            cursor.execute(compose(texts.STILL_RUNNING, transactions=literal(running)))
            running = [reader for (reader,) in cursor.fetchall()]
        if not running:
            return
        if time.monotonic() > deadline:
            raise PowaError(
                "{0} after {1} s, so {2}: {3}".format(
                    _still_run(len(running)), timeout, so, _cure(connection, running, timeout)
                )
            )
        time.sleep(_LOOK_AGAIN_SECONDS)


def _still_run(count: int) -> str:
    if count == 1:
        return "1 snapshot that began before this task still runs"
    return "{0} snapshots that began before this task still run".format(count)


def _cure(connection: Connection, running: List[Any], timeout: float) -> str:
    with connection.reading() as cursor:
        cursor.execute(compose(texts.IDLE_WORKERS, transactions=literal(running), seconds=literal(timeout)))
        idle = [name for (name,) in cursor.fetchall()]
    if not idle:
        return "run the task again, with a longer timeout if need be"
    return (
        'nothing has come from "{0}" meanwhile, so check the collector\'s log for an error that ended it, restart'
        " powa-collector if there is one, and run the task again"
    ).format('", "'.join(idle))


def with_worker(connection: Connection, srvids: Iterable[int], timeout: int) -> Set[int]:
    """Return those of these servers for which a running collector has a worker.

    :raises PowaError: when a collector runs and does not answer in time
    """
    with connection.reading() as cursor:
        cursor.execute(texts.COLLECTOR_RUNS)
        ((runs,),) = cursor.fetchall()
    if not runs:
        return set()
    with Collector(connection, timeout) as collector:
        return at_work(collector.workers(srvids))
