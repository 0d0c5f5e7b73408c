# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A session for SQL of users, with the rights of the role that will run it and no others, that ends in a rollback."""

from __future__ import annotations

from typing import Any, Callable, ContextManager, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection, first_line
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.time_limit import TimeLimit
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import describe as texts


class TemporaryFunction(NamedTuple):
    """A function that does something with SQL of users, with the rights of its owner.

    :param signature: its name and the types of its parameters
    :param make: creates it with its body
    :param progress: what application_name begins with while it is at a text, whose number follows
    :param given: the other literals of the body, by name
    """

    signature: str
    make: str
    body: str
    progress: str
    given: Mapping[str, Any] = {}


class StuckError(Exception):
    """A text went on after it was asked to stop, so its session was ended.

    :param position: that of the text, or None where it cannot be told
    """

    def __init__(self, position: Optional[int]) -> None:
        super().__init__()
        self.position = position


class UsersSession:
    """Opens a session for each call, since texts can leave things in it that no rollback undoes, such as locks.

    :param connect: opens it; no session that only reads may create the function, not even in check mode
    :param seconds: how long all texts of a call may take
    :param group: what a role that is made for them is a member of
    """

    def __init__(
        self, connect: Callable[[], ContextManager[Connection]], seconds: float, group: str = "pg_monitor"
    ) -> None:
        self._connect = connect
        self._seconds = seconds
        self._group = group

    def call(self, cursor: Any, role: Optional[str], function: TemporaryFunction, call: Any) -> List[Tuple[Any, ...]]:
        """Make a function, and return the rows of a call.

        :param cursor: of the task's own session, which ends a stuck one
        :param role: the owner of the function, or None for a role that is made for that
        :raises StuckError: when a text goes on after it was asked to stop
        """
        with self._connect() as connection:
            own = connection.raw
            own.rollback()
            own.set_session(readonly=False)
            try:
                with own.cursor() as calling:
                    _make_function(calling, role, self._group, function)
                    return _call(cursor, calling, function, call, self._seconds)
            finally:
                if not own.closed:
                    own.rollback()


def _make_function(cursor: Any, role: Optional[str], group: str, function: TemporaryFunction) -> None:
    """Make the temporary function. From here on the transaction only reads, and it ends in a rollback."""
    owner = role or "pgfleet_powa_{0}".format(cursor.connection.get_backend_pid())
    literals = dict(function.given, progress=function.progress)
    body = compose(function.body, **{name: literal(value) for name, value in literals.items()}).as_string(cursor)
    try:
        if role is None:
            cursor.execute(compose(texts.MAKE_ROLE, role=identifier(owner), group=identifier(group)))
        cursor.execute(compose(function.make, body=literal(body)))
        signature = raw(function.signature)
        cursor.execute(compose(texts.REVOKE_FUNCTION, function=signature))
        cursor.execute(compose(texts.GRANT_FUNCTION, function=signature))
        cursor.execute(compose(texts.GIVE_FUNCTION, function=signature, role=identifier(owner)))
        cursor.execute(texts.READ_ONLY)
    except driver.psycopg2.Error as error:
        raise PowaError(
            'the queries cannot be tried with the rights of role "{0}" ({1}): log in as a superuser, or as a member of'
            " that role and grant it TEMPORARY on the database".format(owner, first_line(error))
        ) from error


def _call(main: Any, cursor: Any, function: TemporaryFunction, call: Any, seconds: float) -> List[Tuple[Any, ...]]:
    stuck_at: List[Optional[int]] = [None]

    def terminate(process: int) -> None:
        stuck_at[0] = _end_session(main, process, function.progress)

    failure: Optional[Exception] = None
    with TimeLimit(cursor.connection, seconds, terminate) as limit:
        try:
            cursor.execute(call)
            rows = list(cursor.fetchall())
        except driver.psycopg2.Error as error:
            if not limit.exceeded:
                raise
            failure = error
    if failure is not None:
        raise StuckError(stuck_at[0]) from failure
    return rows


def _end_session(cursor: Any, process: int, progress: str) -> Optional[int]:
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
    number = row[0][len(progress) :] if row and row[0].startswith(progress) else ""
    return int(number) - 1 if number.isdigit() else None
