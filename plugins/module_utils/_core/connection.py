# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Login options, the one connection of a task, and its transactions."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, TypeVar

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver, lock, texts
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import session

Result = TypeVar("Result")

#: The login options, called as community.postgresql calls them.
LOGIN_SPEC: Dict[str, Dict[str, Any]] = {
    "login_host": {"type": "str", "default": ""},
    "login_port": {"type": "int", "default": 5432},
    "login_user": {"type": "str", "default": "postgres"},
    "login_password": {"type": "str", "default": "", "no_log": True},
    "login_unix_socket": {"type": "str", "default": ""},
    "login_db": {"type": "str", "default": "powa"},
    "ssl_mode": {
        "type": "str",
        "default": "prefer",
        "choices": ["allow", "disable", "prefer", "require", "verify-ca", "verify-full"],
    },
    "ca_cert": {"type": "path"},
    "ssl_cert": {"type": "path"},
    "ssl_key": {"type": "path"},
    "connect_params": {"type": "dict", "default": {}},
    "session_role": {"type": "str"},
}

_LIBPQ_NAMES = {
    "login_host": "host",
    "login_port": "port",
    "login_user": "user",
    "login_password": "password",
    "login_db": "dbname",
    "ssl_mode": "sslmode",
    "ca_cert": "sslrootcert",
    "ssl_cert": "sslcert",
    "ssl_key": "sslkey",
}

#: Shorter than powa-collector's own lock_timeout (2 s), so that it never fails by queueing behind us.
_LOCK_TIMEOUT = "1500ms"
_ATTEMPTS = 5
#: In seconds; PostgreSQL counts in milliseconds of four bytes.
_LONGEST_WAIT = 2147483

#: What PostgreSQL says of an object that was dropped after a statement had found it.
_GONE = re.compile(r"cache lookup failed for \w+ \d+|could not open relation with OID \d+")

#: Selected last, in the session's own role: what it has by login_user is not needed any more.
_SET_ROLE = "pg_catalog.set_config('role', {role}, false)"


class Connection:
    """One connection for one task.

    :param params: the module's parameters, with those of C(LOGIN_SPEC)
    :param read_only: whether the server refuses every write
    :raises PowaError: when psycopg2 is missing, or the server, the database or the login fails
    """

    def __init__(self, params: Mapping[str, Any], read_only: bool) -> None:
        self.read_only = read_only
        self._lock_wait = params.get("lock_wait") or 0
        self._connection = _connect(params)
        # After a BEGIN, idle_in_transaction_session_timeout could end the session.
        self._connection.autocommit = True
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(_prepare_session(read_only, params.get("session_role")))
        except driver.psycopg2.Error as error:
            raise _unprepared(error, params) from error
        self._connection.autocommit = False
        # Stated with each BEGIN, so that nothing waits for a safe snapshot before that.
        self._connection.set_session(isolation_level="READ COMMITTED", deferrable=False)

    @property
    def raw(self) -> Any:
        """The driver's connection, for notifications and autocommit."""
        return self._connection

    @property
    def is_on_this_host(self) -> bool:
        """Whether the session goes through a socket of this host, where the server runs, too."""
        used = self._connection.get_dsn_parameters()
        return not used.get("hostaddr") and str(used.get("host") or "/").startswith("/")

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """Yield a cursor in a read-only transaction, and roll the transaction back."""
        self._connection.rollback()
        self._connection.set_session(readonly=True)
        try:
            with self._connection.cursor() as cursor:
                yield cursor
        finally:
            self._connection.rollback()

    def read(self, work: Callable[[Any], Result]) -> Result:
        """Run C(work(cursor)) in a read-only transaction, and start over when others change meanwhile what it reads.

        A function is not locked while a statement calls it, and a table not before a statement names it.
        """
        for _attempt in range(_ATTEMPTS - 1):
            try:
                with self.reading() as cursor:
                    return work(cursor)
            except driver.psycopg2.Error as error:
                if not changed_meanwhile(error):
                    raise
        with self.reading() as cursor:
            return work(cursor)

    def write(self, work: Callable[[Any], Result]) -> Result:
        """Run C(work(cursor)) in one transaction, and start over when it does not get a lock in time.

        :raises PowaError: when no attempt got its locks
        """
        for attempt in range(_ATTEMPTS):
            try:
                return self.write_once(work, self._lock_wait)
            except driver.psycopg2.Error as error:
                if error.pgcode not in (driver.errorcodes.LOCK_NOT_AVAILABLE, driver.errorcodes.DEADLOCK_DETECTED):
                    raise
                blocked = error
                time.sleep(0.2 * (attempt + 1))
        raise PowaError(
            "another session held a lock that this change needs in all {0} attempts of {1} each ({2}), and nothing was"
            " changed: run the task again once that session has ended".format(
                _ATTEMPTS, _LOCK_TIMEOUT, first_line(blocked)
            )
        ) from blocked

    def write_once(self, work: Callable[[Any], Result], wait_seconds: float = 0) -> Result:
        """Run C(work(cursor)) in one transaction, while no other task of this collection writes to the database.

        :param wait_seconds: how long to wait for another task, or 0 for the session's C(lock_timeout)
        :raises PowaError: when another task did not end in that time
        """
        self._connection.rollback()
        self._connection.set_session(readonly=False)
        with self._connection, self._connection.cursor() as cursor:
            try:
                lock.take(cursor, wait_seconds)
            except driver.psycopg2.Error as error:
                if error.pgcode != driver.errorcodes.LOCK_NOT_AVAILABLE or not wait_seconds:
                    raise
                self._connection.rollback()
                raise PowaError(lock.explain(cursor, wait_seconds)) from error
            return work(cursor)

    def close(self) -> None:
        """End the session."""
        self._connection.close()


@contextmanager
def connected(
    params: Mapping[str, Any],
    read_only: bool,
    subject: str = "",
    problems: Sequence[str] = (),
    checked_texts: Sequence[str] = (),
) -> Iterator[Connection]:
    """Yield the one connection of a task, and close it.

    :param subject: what the heading of a list of problems names
    :param problems: those found in the parameters, which are reported if the connection fails
    :param checked_texts: options of which the task itself says what no server can store
    """
    if not problems:
        others = {option: value for option, value in params.items() if option not in checked_texts}
        _refuse(subject, [*_unstorable(others), *_too_long(params)])
    try:
        connection = Connection(params, read_only)
    except PowaError:
        if problems:
            raise ProblemsError(subject, problems) from None
        raise
    try:
        _refuse(subject, _not_in_encoding(params, connection.raw.get_parameter_status("server_encoding")))
        yield connection
    finally:
        connection.close()


def _prepare_session(read_only: bool, role: Optional[str]) -> Any:
    """Return what begins a session, in one message. In check mode the server refuses every write."""
    differing = {"lock_timeout": _LOCK_TIMEOUT, "default_transaction_read_only": "on" if read_only else "off"}
    pinned = session.pinned(differing, _SET_ROLE if role else "")
    return compose(session.FIRST + pinned, role=literal(role))


def _refuse(subject: str, problems: Sequence[str]) -> None:
    if problems:
        raise ProblemsError(subject or "the options", problems)


def _unstorable(params: Mapping[str, Any]) -> List[str]:
    """Return which texts of a task no server can store, or only in part: the driver would cut a name at a zero byte."""
    return [
        "{0}: found {1}, {2}".format(field, texts.found_text(field, text), texts.UNSTORABLE)
        for field, text in texts.unstorable_texts(params)
    ]


def _too_long(params: Mapping[str, Any]) -> List[str]:
    """Return which waits of a task PostgreSQL or Python cannot express, or that end before they begin."""
    return [
        "{0}: found {1}, expected 0 to {2} seconds".format(option, params[option], _LONGEST_WAIT)
        for option in ("lock_wait", "timeout", "collector_timeout")
        if params.get(option) is not None and not 0 <= params[option] <= _LONGEST_WAIT
    ]


def _not_in_encoding(params: Mapping[str, Any], encoding: Optional[str]) -> List[str]:
    """Return which texts of a task the encoding of the database cannot store, if that is one of single bytes.

    In those of several bytes PostgreSQL knows other characters than Python, and refuses itself what it cannot store.
    """
    codec = driver.psycopg2.extensions.encodings.get(encoding or "", "utf_8")
    # A database without an encoding stores any byte.
    if encoding == "SQL_ASCII" or codec == "utf_8" or str(encoding).startswith("EUC_"):
        return []
    own = {option: value for option, value in params.items() if option not in LOGIN_SPEC}
    return [
        "{0}: found {1}, but the encoding {2} of the database cannot store {3}: leave that out, or use a database with"
        " encoding UTF8".format(field, texts.found_text(field, text), encoding, _named(field, text, codec))
        for field, text in texts.unstorable_in(own, codec)
    ]


def _named(field: str, text: str, codec: str) -> str:
    hidden = texts.found_text(field, text) != ascii(text)
    return "a character of it" if hidden else ascii(texts.character_not_in(text, codec))


def changed_meanwhile(error: Any) -> bool:
    """Return whether a statement failed since an object is gone, or no longer as it was when the task looked it up."""
    codes = driver.errorcodes
    if error.pgcode == codes.INTERNAL_ERROR:
        # PostgreSQL does not translate these.
        return bool(_GONE.search(str(error)))
    return error.pgcode in (
        codes.UNDEFINED_TABLE,
        codes.UNDEFINED_COLUMN,
        codes.UNDEFINED_FUNCTION,
        codes.UNDEFINED_OBJECT,
        codes.DATATYPE_MISMATCH,
    )


def first_line(error: BaseException) -> str:
    """Return the message of one of the driver's exceptions, without the lines that repeat the statement."""
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__


def _libpq_parameters(params: Mapping[str, Any]) -> Dict[str, Any]:
    libpq = {_LIBPQ_NAMES[name]: params[name] for name in _LIBPQ_NAMES if params.get(name) not in (None, "")}
    if params.get("login_unix_socket") and libpq.get("host") in (None, "localhost"):
        libpq["host"] = params["login_unix_socket"]
    libpq.update(params.get("connect_params") or {})
    # The driver looks at it once, when it connects.
    libpq["client_encoding"] = "UTF8"
    return libpq


def _rejection(libpq: Mapping[str, Any], error: BaseException) -> str:
    """Return why libpq rejects its parameters. Of a connection string it may repeat a part of the password."""
    return "dsn is not a connection string" if "dsn" in libpq else first_line(error)


def _connect(params: Mapping[str, Any]) -> Any:
    if driver.psycopg2 is None:
        raise PowaError(
            "the Python library psycopg2 is missing on this host: install it"
            " (package python3-psycopg2 of the distribution, or psycopg2-binary with pip)"
        )
    libpq = _libpq_parameters(params)
    where = 'database "{0}" on {1}, port {2}'.format(
        libpq.get("dbname"), libpq.get("host") or "the local socket", libpq.get("port")
    )
    try:
        return _connect_with(libpq)
    except driver.psycopg2.OperationalError as error:
        # A host compiles whatever a task imports, each time, and few logins fail.
        from ansible_collections.pgfleet.powa.plugins.module_utils._core import advice

        reason, what_helps = advice.of_login(str(error))
        raise PowaError(
            "{0} cannot be reached as {1} ({2}): {3}".format(where, libpq.get("user"), reason, what_helps)
        ) from error
    # The driver passes some wrong values to functions of Python, such as a number as a host.
    except (driver.psycopg2.Error, TypeError, ValueError) as error:
        raise PowaError(
            "libpq rejects the login options for {0} ({1}): correct them".format(where, _rejection(libpq, error))
        ) from error


def _connect_with(libpq: Mapping[str, Any]) -> Any:
    connection = driver.psycopg2.connect(**libpq)
    if connection.get_parameter_status("standard_conforming_strings") != "off":
        return connection
    # The driver decides once, when it connects, how it quotes. What the session sets later would make its quotes wrong.
    connection.close()
    options = "{0} -c standard_conforming_strings=on".format(libpq.get("options") or "").strip()
    return driver.psycopg2.connect(**dict(libpq, options=options))


def _unprepared(error: Any, params: Mapping[str, Any]) -> PowaError:
    """Return why a session that has logged in cannot be used."""
    from ansible_collections.pgfleet.powa.plugins.module_utils._core import advice

    role = params.get("session_role")
    if role and error.pgcode in (
        driver.errorcodes.INVALID_PARAMETER_VALUE,
        driver.errorcodes.INSUFFICIENT_PRIVILEGE,
        driver.errorcodes.UNDEFINED_OBJECT,
    ):
        return PowaError(
            'cannot switch to session_role "{0}" ({1}): give a role that login_user is a member of'.format(
                role, first_line(error)
            )
        )
    return PowaError(
        'database "{0}" refuses what a session begins with ({1}): {2}'.format(
            params.get("login_db"),
            first_line(error),
            advice.of_statement(error.pgcode or "") or "look into PostgreSQL's log",
        )
    )
