# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cursor on the repository for the user who is logged in, with powa-web 4 and 5."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator

from psycopg2.extensions import connection as Psycopg2Connection
from psycopg2.extensions import cursor as Psycopg2Cursor

#: In milliseconds. A request that takes longer fails, so that it does not delay others: powa-web answers one request
#: after the other.
STATEMENT_TIMEOUT = 30_000
#: What the result or the time of a statement depends on: no setting of powa-web, the role or the database decides it.
#: How strings are quoted is left alone, since psycopg2 looks at it once, when powa-web connects.
PINNED = {
    "lock_timeout": "10s",
    "search_path": "pg_catalog, pg_temp",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
    "transform_null_equals": "off",
    "array_nulls": "on",
    "row_security": "on",
    "jit": "off",
    "work_mem": "16MB",
    "max_parallel_workers_per_gather": "0",
    "plan_cache_mode": "auto",
    "from_collapse_limit": "8",
    "join_collapse_limit": "8",
    "geqo_threshold": "12",
    "enable_bitmapscan": "on",
    "enable_hashagg": "on",
    "enable_hashjoin": "on",
    "enable_indexonlyscan": "on",
    "enable_indexscan": "on",
    "enable_material": "on",
    "enable_mergejoin": "on",
    "enable_nestloop": "on",
    "enable_seqscan": "on",
    "enable_sort": "on",
}
#: Only some minor releases have it. It could hide PoWA's views.
_PIN_NEWER = """CASE WHEN pg_catalog.current_setting('restrict_nonsystem_relation_kind', true) IS NOT NULL
    THEN pg_catalog.set_config('restrict_nonsystem_relation_kind', '', true) END"""
_PIN = "SELECT {0}".format(", ".join(["pg_catalog.set_config(%s, %s, true)"] * (len(PINNED) + 1) + [_PIN_NEWER]))
#: Without JIT, which would compile the statement above for longer than it runs.
_FIRST = "SAVEPOINT powa_web_pages; SET TRANSACTION READ ONLY; SET LOCAL jit = off"
#: This resets the settings, too.
_LAST = "ROLLBACK TO powa_web_pages; RELEASE powa_web_pages"
_PINNED = [word for setting in PINNED.items() for word in setting]


@contextmanager
def reading(handler: Any, timeout: int = STATEMENT_TIMEOUT) -> Iterator[Any]:
    """Yield a plain read-only cursor of psycopg2, whose errors leave the request's connection usable.

    :param handler: the handler of a request that is logged in
    :param timeout: of each statement, in milliseconds
    """
    connection = handler.connect()
    if isinstance(connection, Psycopg2Connection):
        # powa-web 5. Its own cursors would take braces in SQL for schemas.
        with _guarded(Psycopg2Connection.cursor(connection, cursor_factory=Psycopg2Cursor), timeout) as cursor:
            yield cursor
        return
    # powa-web 4: an engine of SQLAlchemy.
    pooled = connection.raw_connection()
    try:
        with _guarded(pooled.cursor(), timeout) as cursor:
            yield cursor
    finally:
        pooled.rollback()
        pooled.close()


@contextmanager
def _guarded(cursor: Any, timeout: int) -> Iterator[Any]:
    with cursor:
        cursor.execute(_FIRST)
        try:
            cursor.execute(_PIN, ["statement_timeout", str(timeout), *_PINNED])
            yield cursor
        finally:
            cursor.execute(_LAST)
