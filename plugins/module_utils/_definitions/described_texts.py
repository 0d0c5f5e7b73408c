# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server says of SQL of users that it does not run."""

from __future__ import annotations

from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import BECOMES_BY_OID, OIDS
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.users_session import (
    TemporaryFunction,
    UsersSession,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import describe as texts

#: The SQLSTATE of a statement that was asked to stop.
CANCELED = "57014"


class UserText(NamedTuple):
    """SQL that a user declared.

    :param search_path: where it looks up names
    :param is_cleanup: whether it is a statement to explain, and no query that returns columns
    """

    sql: str
    search_path: str
    is_cleanup: bool


class ReturnedColumn(NamedTuple):
    """A column that a query returns.

    :param oid: the C(pg_type.oid) of the type that a column of ours has for it
    :param type: the name of the type that it has in the query
    :param is_cast: whether these are two types
    :param is_foreign: whether the type in the query is neither one of PostgreSQL's own nor a domain over one, so that
        the cast may run code of others
    """

    name: str
    oid: int
    type: str
    is_cast: bool = False
    is_foreign: bool = False


class Answer(NamedTuple):
    """What a server says of a text.

    :param columns: those that a query returns, in their order
    :param sqlstate: why the server refuses the text, or None
    :param message: the same as a sentence
    :param rows: how many rows the planner expects of a query
    """

    columns: Tuple[ReturnedColumn, ...] = ()
    sqlstate: Optional[str] = None
    message: str = ""
    rows: Optional[float] = None


_FUNCTION = TemporaryFunction(
    texts.FUNCTION,
    texts.MAKE_FUNCTION,
    texts.BODY,
    texts.PROGRESS,
    {"kept": list(OIDS), "sources": list(BECOMES_BY_OID), "targets": list(BECOMES_BY_OID.values())},
)

#: Describes texts in one session, with the rights of a role, or for None with those of a role made for that.
DescribeTexts = Callable[[Any, Optional[str], Sequence[UserText]], List[Answer]]


class DescribingSession(UsersSession):
    """Describes texts."""

    def __call__(self, cursor: Any, role: Optional[str], described: Sequence[UserText]) -> List[Answer]:
        """Describe texts in a fixed number of statements.

        :param cursor: of the task's own session, which ends a stuck one
        :raises StuckError: when one goes on after it was asked to stop
        """
        statement = compose(
            texts.DESCRIBE,
            texts=literal([text.sql for text in described]),
            paths=literal([text.search_path for text in described]),
            cleanups=literal([text.is_cleanup for text in described]),
        )
        rows = self.call(cursor, role, _FUNCTION, statement)
        return [_answer(*row) for _number, *row in sorted(rows, key=lambda row: row[0])]


def _answer(
    sqlstate: Optional[str],
    message: Optional[str],
    names: Optional[Sequence[str]],
    oids: Optional[Sequence[int]],
    types: Optional[Sequence[str]],
    casts: Optional[Sequence[bool]],
    foreign: Optional[Sequence[bool]],
    rows: Optional[float],
) -> Answer:
    columns = zip(names or (), oids or (), types or (), casts or (), foreign or ())
    short = " ".join((message or "").split("\n", 1)[0].split())
    return Answer(tuple(ReturnedColumn(*column) for column in columns), sqlstate, short, rows)
