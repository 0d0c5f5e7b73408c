# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Login options, the one connection of a task, and its transactions."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, Mapping, Sequence, TypeVar

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver, lock
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError

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

# No setting of the role or database may change what our statements mean or how long they take: with JIT, PostgreSQL
# would compile a read of the catalog for longer than it runs. In check mode the server refuses every write.
_PREPARE_SESSION = """
    SELECT pg_catalog.set_config('search_path', 'pg_catalog', false),
           pg_catalog.set_config('application_name', 'pgfleet.powa', false),
           pg_catalog.set_config('client_min_messages', 'warning', false),
           pg_catalog.set_config('jit', 'off', false),
           pg_catalog.set_config('lock_timeout', {lock_timeout}, false),
           pg_catalog.set_config('default_transaction_read_only', {read_only}, false)
"""
_SET_ROLE = "SET ROLE {role}"


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
        with self._connection.cursor() as cursor:
            try:
                cursor.execute(
                    compose(
                        _PREPARE_SESSION,
                        lock_timeout=driver.literal(_LOCK_TIMEOUT),
                        read_only=driver.literal("on" if read_only else "off"),
                    )
                )
                if params.get("session_role"):
                    cursor.execute(compose(_SET_ROLE, role=identifier(params["session_role"])))
            except driver.psycopg2.Error as error:
                raise PowaError(
                    'cannot switch to session_role "{0}" ({1}): give a role that login_user is a member of'.format(
                        params.get("session_role"), first_line(error)
                    )
                ) from error
        self._connection.commit()

    @property
    def raw(self) -> Any:
        """The driver's connection, for notifications and autocommit."""
        return self._connection

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
    params: Mapping[str, Any], read_only: bool, subject: str = "", problems: Sequence[str] = ()
) -> Iterator[Connection]:
    """Yield the one connection of a task, and close it.

    :param subject: what the heading of a list of problems names
    :param problems: those found in the parameters, which are reported if the connection fails
    """
    try:
        connection = Connection(params, read_only)
    except PowaError:
        if problems:
            raise ProblemsError(subject, problems) from None
        raise
    try:
        yield connection
    finally:
        connection.close()


def first_line(error: BaseException) -> str:
    """Return the message of one of the driver's exceptions, without the lines that repeat the statement."""
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__


def _libpq_parameters(params: Mapping[str, Any]) -> Dict[str, Any]:
    libpq = {_LIBPQ_NAMES[name]: params[name] for name in _LIBPQ_NAMES if params.get(name) not in (None, "")}
    if params.get("login_unix_socket") and libpq.get("host") in (None, "localhost"):
        libpq["host"] = params["login_unix_socket"]
    libpq.update(params.get("connect_params") or {})
    return libpq


def _rejection(libpq: Mapping[str, Any], error: BaseException) -> str:
    """Return why libpq rejects its parameters. Of a connection string it may repeat a part of the password."""
    return "dsn is no connection string" if "dsn" in libpq else first_line(error)


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
        return driver.psycopg2.connect(**libpq)
    except driver.psycopg2.OperationalError as error:
        reason = str(error).strip().splitlines()[-1].strip() if str(error).strip() else "no answer"
        if "does not exist" in reason and "database" in reason:
            advice = "create the database first, or give another as login_db"
        elif "authentication failed" in reason or "no password supplied" in reason or "pg_hba.conf" in reason:
            advice = "check login_user, login_password, become_user and pg_hba.conf"
        else:
            advice = "check that PostgreSQL runs there, and check login_host, login_port and login_unix_socket"
        raise PowaError(
            "{0} cannot be reached as {1} ({2}): {3}".format(where, libpq.get("user"), reason, advice)
        ) from error
    except driver.psycopg2.Error as error:
        raise PowaError(
            "libpq rejects the login options for {0} ({1}): correct them".format(where, _rejection(libpq, error))
        ) from error
