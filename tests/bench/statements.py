# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many statements something sends to a database."""

from __future__ import annotations

from typing import Any, Callable

from servers import Database

# The session that counts is in another database.
_CREATE = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"
_RESET = "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = %s"
_COUNT = """
    SELECT sum(s.calls) FROM pg_stat_statements AS s JOIN pg_database AS d ON d.oid = s.dbid WHERE d.datname = %s
"""


def count_statements(database: Database, action: Callable[[], Any]) -> int:
    """Return how many statements C(action()) sends."""
    server = database.server
    server.sql("postgres", _CREATE)
    server.sql("postgres", _RESET, (database.name,))
    action()
    ((count,),) = server.sql("postgres", _COUNT, (database.name,))
    return int(count)
