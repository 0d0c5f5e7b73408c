# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cursor on the repository for the user who is logged in, with powa-web 4 and 5."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator

from psycopg2.extensions import connection as Psycopg2Connection
from psycopg2.extensions import cursor as Psycopg2Cursor

#: A request that takes longer fails, so that it does not delay others: powa-web answers one request after the other.
STATEMENT_TIMEOUT = "30s"


@contextmanager
def reading(handler: Any) -> Iterator[Any]:
    """Yield a plain read-only cursor of psycopg2, whose errors leave the request's connection usable.

    :param handler: the handler of a request that is logged in
    """
    connection = handler.connect()
    if isinstance(connection, Psycopg2Connection):
        # powa-web 5. Its own cursors would take braces in SQL for schemas.
        with _guarded(Psycopg2Connection.cursor(connection, cursor_factory=Psycopg2Cursor)) as cursor:
            yield cursor
        return
    # powa-web 4: an engine of SQLAlchemy.
    pooled = connection.raw_connection()
    try:
        with _guarded(pooled.cursor()) as cursor:
            yield cursor
    finally:
        pooled.rollback()
        pooled.close()


@contextmanager
def _guarded(cursor: Any) -> Iterator[Any]:
    with cursor:
        cursor.execute("SAVEPOINT powa_web_pages")
        try:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute("SELECT pg_catalog.set_config('statement_timeout', %s, true)", (STATEMENT_TIMEOUT,))
            yield cursor
        finally:
            # This resets the settings, too.
            cursor.execute("ROLLBACK TO powa_web_pages")
            cursor.execute("RELEASE powa_web_pages")
