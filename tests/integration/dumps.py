# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells whether anything was written to a database between two moments."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any, Callable, List, Optional, Tuple

#: A write takes a transaction number, or moves a sequence.
_MOMENT = """
    SELECT pg_current_snapshot()::text, ARRAY(
        SELECT format('%s.%s %s', schemaname, sequencename, last_value) FROM pg_sequences ORDER BY 1
    )
"""
#: Transactions that one moment does not see, and another may: in progress at the first, or begun since.
_COMMITTED = """
    SELECT xid FROM (
        SELECT pg_snapshot_xip(%(before)s)
        UNION ALL
        SELECT n::text::xid8 FROM generate_series(
            pg_snapshot_xmax(%(before)s)::text::bigint, pg_snapshot_xmax(%(after)s)::text::bigint - 1
        ) AS n
    ) AS begun (xid)
    WHERE pg_xact_status(xid) = 'committed'
"""


@dataclass(eq=False)
class Dump:
    """What a database held at a moment.

    Two of them are compared without being read if nothing was committed in the whole server and no sequence of the
    database has moved between them. Reading takes as long as all else that most tests do.
    """

    connect: Callable[[], Any]
    read_text: Callable[[Any], str]
    moment: Tuple[str, List[str]]
    _text: Optional[str] = None

    @classmethod
    def now(cls, connect: Callable[[], Any], read_text: Callable[[Any], str]) -> "Dump":
        """Note the moment."""
        with closing(connect()) as connection, connection.cursor() as cursor:
            cursor.execute(_MOMENT)
            return cls(connect, read_text, cursor.fetchone())

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, Dump)
        earlier, later = sorted((self, other), key=lambda dump: int(dump.moment[0].split(":")[1]))
        return not earlier._written_until(later) or self.text == other.text

    def __ne__(self, other: object) -> bool:
        return not self == other

    def read(self) -> "Dump":
        """Read the text now, for a comparison with a moment after something was committed."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            if self._text is None:
                cursor.execute(_MOMENT)
                now = cursor.fetchone()
                assert now[1] == self.moment[1] and not self._committed_until(cursor, now[0]), (
                    "something was committed since {0}; call read() of the dump before that".format(self.moment[0])
                )
                self._text = self.read_text(cursor)
        return self

    @property
    def text(self) -> str:
        """All that the database holds, as text."""
        text = self.read()._text
        assert text is not None
        return text

    def _written_until(self, later: "Dump") -> bool:
        if self.moment == later.moment:
            return False
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            return self.moment[1] != later.moment[1] or self._committed_until(cursor, later.moment[0])

    def _committed_until(self, cursor: Any, snapshot: str) -> bool:
        if self.moment[0] == snapshot:
            return False
        cursor.execute(_COMMITTED, {"before": self.moment[0], "after": snapshot})
        return bool(cursor.fetchall())
