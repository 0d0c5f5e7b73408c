# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The driver psycopg2, which may be missing on a host, and the functions that compose SQL with it."""

from __future__ import annotations

from functools import lru_cache
from string import Formatter
from typing import Any, Dict, Iterable, List, Optional, Tuple

try:
    # The other files import them from here.
    import psycopg2  # pylint: disable=unused-import
    import psycopg2.extensions
    from psycopg2 import errorcodes, sql  # pylint: disable=unused-import
except ImportError:
    # The code that connects reports this, and nothing else runs without a connection.
    psycopg2 = errorcodes = sql = None  # type: ignore[assignment]


def encrypt_password(password: str, role: str, connection: Any, algorithm: str) -> str:
    """Return what a server stores for a password. With the algorithm given, the client library asks no server."""
    verifier: str = psycopg2.extensions.encrypt_password(password, role, connection, algorithm)
    return verifier


def compose(text: str, **parts: Any) -> Any:
    """Fill the C({placeholders}) of an SQL text: identifiers, literals and other composed SQL, never plain strings."""
    pieces = []
    for before, name in _parsed(text):
        pieces.append(before)
        if name is not None:
            pieces.append(parts[name])
    return sql.Composed(pieces)


@lru_cache(maxsize=None)
def _parsed(text: str) -> List[Tuple[Any, Optional[str]]]:
    """Return the pieces of an SQL text, each with the placeholder after it. Fifty datasources have the same texts."""
    return [(sql.SQL(before), name) for before, name, _spec, _conversion in Formatter().parse(text)]


def identifier(*names: str) -> Any:
    """Return a quoted name, qualified if several are given."""
    return sql.Identifier(*names)


def literal(value: Any) -> Any:
    """Return a quoted value."""
    return sql.Literal(value)


def raw(text: str) -> Any:
    """Return SQL that this collection or PostgreSQL itself wrote, such as a type from C(format_type)."""
    return sql.SQL(text)


def user_sql(text: str) -> Any:
    """Return SQL that a user declared. Only code that knows who will plan and run that SQL may call this."""
    return sql.SQL(text)


def joined(parts: Iterable[Any], separator: str = ", ") -> Any:
    """Return composed SQL with a separator between the parts."""
    return sql.SQL(separator).join(parts)


def dicts(cursor: Any) -> List[Dict[str, Any]]:
    """Return the rows of the last statement, each as column name to value."""
    columns = [column.name for column in cursor.description]
    return [dict(zip(columns, row)) for row in cursor.fetchall()]
