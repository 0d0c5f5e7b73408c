# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The driver psycopg2, which may be missing on a host, and how SQL is put together with it."""

from __future__ import annotations

from typing import Any, Iterable

try:
    # The other files take them from here.
    import psycopg2  # pylint: disable=unused-import
    from psycopg2 import errorcodes, sql  # pylint: disable=unused-import
except ImportError:
    # Whoever connects says so; without a connection nothing else is used.
    psycopg2 = errorcodes = sql = None  # type: ignore[assignment]


def compose(text: str, **parts: Any) -> Any:
    """Fill the C({placeholders}) of an SQL text: identifiers, literals and other composed SQL, never plain strings."""
    return sql.SQL(text).format(**parts)


def identifier(*names: str) -> Any:
    """Return a quoted name, qualified if several are given."""
    return sql.Identifier(*names)


def literal(value: Any) -> Any:
    """Return a quoted value."""
    return sql.Literal(value)


def raw(text: str) -> Any:
    """Return SQL that is part of this collection, never of a user's input."""
    return sql.SQL(text)


def joined(parts: Iterable[Any], separator: str = ", ") -> Any:
    """Return composed SQL with a separator between the parts."""
    return sql.SQL(separator).join(parts)
