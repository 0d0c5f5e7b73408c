# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The session in which a server describes SQL of users, with the rights of the role that will run it and no others."""

from __future__ import annotations

from typing import Any, Callable, ContextManager, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection, first_line
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.time_limit import TimeLimit
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.types import BECOMES_BY_OID, OIDS
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


#: Describes texts in one session, with the rights of a role, or for None with those of a role made for that.
DescribeTexts = Callable[[Any, Optional[str], Sequence[UserText]], List[Answer]]


class StuckError(Exception):
    """A text went on after it was asked to stop, so its session was ended.

    :param position: that of the text, or None where it cannot be told
    """

    def __init__(self, position: Optional[int]) -> None:
        super().__init__()
        self.position = position


class DescribingSession:
    """Opens a session for each call, since texts can leave things in it that no rollback undoes, such as locks.

    :param connect: opens it; no session that only reads may create the function, not even in check mode
    :param seconds: how long all texts of a call may take
    """

    def __init__(self, connect: Callable[[], ContextManager[Connection]], seconds: float) -> None:
        self._connect = connect
        self._seconds = seconds

    def __call__(self, cursor: Any, role: Optional[str], described: Sequence[UserText]) -> List[Answer]:
        """Describe texts in a fixed number of statements.

        :param cursor: of the task's own session, which ends a stuck one
        :raises StuckError: when one goes on after it was asked to stop
        """
        with self._connect() as connection:
            raw = connection.raw
            raw.rollback()
            raw.set_session(readonly=False)
            try:
                with raw.cursor() as describing:
                    _make_function(describing, role)
                    return _call(cursor, describing, described, self._seconds)
            finally:
                if not raw.closed:
                    raw.rollback()


def _make_function(cursor: Any, role: Optional[str]) -> None:
    """Make the temporary function. From here on the transaction only reads, and it ends in a rollback."""
    owner = role or "pgfleet_powa_{0}".format(cursor.connection.get_backend_pid())
    body = compose(
        texts.BODY,
        progress=literal(texts.PROGRESS),
        kept=literal(list(OIDS)),
        sources=literal(list(BECOMES_BY_OID)),
        targets=literal(list(BECOMES_BY_OID.values())),
    ).as_string(cursor)
    try:
        if role is None:
            cursor.execute(compose(texts.MAKE_ROLE, role=identifier(owner)))
        cursor.execute(compose(texts.MAKE_FUNCTION, body=literal(body)))
        cursor.execute(texts.REVOKE_FUNCTION)
        cursor.execute(texts.GRANT_FUNCTION)
        cursor.execute(compose(texts.GIVE_FUNCTION, role=identifier(owner)))
        cursor.execute(texts.READ_ONLY)
    except driver.psycopg2.Error as error:
        raise PowaError(
            'the queries cannot be tried with the rights of role "{0}" ({1}): log in as a superuser, or as a member of'
            " that role and grant it TEMPORARY on the database".format(owner, first_line(error))
        ) from error


def _call(main: Any, cursor: Any, described: Sequence[UserText], seconds: float) -> List[Answer]:
    stuck_at: List[Optional[int]] = [None]

    def terminate(process: int) -> None:
        stuck_at[0] = _end_session(main, process)

    statement = compose(
        texts.DESCRIBE,
        texts=literal([text.sql for text in described]),
        paths=literal([text.search_path for text in described]),
        cleanups=literal([text.is_cleanup for text in described]),
    )
    failure: Optional[Exception] = None
    with TimeLimit(cursor.connection, seconds, terminate) as limit:
        try:
            cursor.execute(statement)
            rows = cursor.fetchall()
        except driver.psycopg2.Error as error:
            if not limit.exceeded:
                raise
            failure = error
    if failure is not None:
        raise StuckError(stuck_at[0]) from failure
    return [_answer(*row) for _number, *row in sorted(rows, key=lambda row: row[0])]


def _end_session(cursor: Any, process: int) -> Optional[int]:
    """End a session, and return the position of the text that it was at, if it says so."""
    try:
        cursor.execute(texts.SAVEPOINT)
        try:
            cursor.execute(compose(texts.END_SESSION, pid=literal(process)))
            row = cursor.fetchone()
        except driver.psycopg2.Error:
            cursor.execute(texts.ROLLBACK)
            return None
    except driver.psycopg2.Error:
        return None
    number = row[0][len(texts.PROGRESS) :] if row and row[0].startswith(texts.PROGRESS) else ""
    return int(number) - 1 if number.isdigit() else None


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
