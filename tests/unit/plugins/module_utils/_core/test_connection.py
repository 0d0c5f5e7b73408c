# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Login options, and what is said when no server can be reached with them."""

from __future__ import annotations

import psycopg2
import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core import connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals

DEFAULTS = {option: spec.get("default") for option, spec in connection.LOGIN_SPEC.items()}
NOWHERE = dict(DEFAULTS, login_unix_socket="/nonexistent", login_port=1)


def parameters(**changes):
    return connection._libpq_parameters(dict(DEFAULTS, **changes))


def test_what_is_not_given_is_left_to_libpq():
    assert parameters() == {"port": 5432, "user": "postgres", "dbname": "powa", "sslmode": "prefer"}


@pytest.mark.parametrize(
    ("option", "parameter"),
    [
        ("login_host", "host"),
        ("login_user", "user"),
        ("login_password", "password"),
        ("login_db", "dbname"),
        ("ssl_mode", "sslmode"),
        ("ca_cert", "sslrootcert"),
        ("ssl_cert", "sslcert"),
        ("ssl_key", "sslkey"),
    ],
)
def test_each_option_has_a_parameter_of_libpq(option, parameter):
    assert parameters(**{option: "x"})[parameter] == "x"


@pytest.mark.parametrize(
    ("host", "used"), [("", "/run/pg"), (None, "/run/pg"), ("localhost", "/run/pg"), ("db", "db"), ("::1", "::1")]
)
def test_the_socket_is_for_the_local_server_only(host, used):
    assert parameters(login_host=host, login_unix_socket="/run/pg")["host"] == used


def test_further_parameters_come_last():
    found = parameters(connect_params={"connect_timeout": 3, "sslmode": "require"})
    assert (found["connect_timeout"], found["sslmode"]) == (3, "require")
    assert parameters(connect_params=None) == parameters()


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ('relation "x" does not exist\nLINE 1: SELECT\n', 'relation "x" does not exist'),
        ("\n  cannot do that  \nDETAIL: none", "cannot do that"),
        ("", "ValueError"),
        (" \n ", "ValueError"),
    ],
)
def test_the_first_line_of_an_error(said, line):
    assert connection.first_line(ValueError(said)) == line


def test_a_server_that_is_not_there():
    with pytest.raises(PowaError) as caught, connection.connected(NOWHERE, True):
        pass
    assert str(caught.value).startswith('database "powa" on /nonexistent, port 1 cannot be reached as postgres (')
    assert str(caught.value).endswith(
        "check that PostgreSQL runs there, and check login_host, login_port and login_unix_socket"
    )


def test_a_connection_string_is_not_repeated():
    wrong = dict(NOWHERE, connect_params={"dsn": "host=h password=two words"})
    with pytest.raises(PowaError, match="dsn is no connection string") as caught:
        connection.Connection(wrong, True)
    assert "words" not in str(caught.value)


def test_an_unknown_parameter_of_libpq():
    with pytest.raises(PowaError, match="libpq rejects the login options") as caught:
        connection.Connection(dict(NOWHERE, connect_params={"colour": "red"}), True)
    assert "colour" in str(caught.value)


def test_problems_that_need_no_server_are_told_without_one():
    with pytest.raises(ProblemsError) as caught, connection.connected(NOWHERE, True, "the servers", ["a", "b"]):
        pass
    assert caught.value.problems == ["a", "b"]


def test_a_missing_driver_is_named(monkeypatch):
    monkeypatch.setattr(connection.driver, "psycopg2", None)
    with pytest.raises(PowaError, match="psycopg2 is missing on this host: install it"):
        connection.Connection(DEFAULTS, True)


def test_the_password_is_no_log():
    assert connection.LOGIN_SPEC["login_password"]["no_log"] is True


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ('FATAL:  database "powa" does not exist', "create the database first, or give another as login_db"),
        ("FATAL:  password authentication failed for user", "check login_user, login_password, become_user and pg_hba"),
        ("fe_sendauth: no password supplied", "check login_user, login_password, become_user and pg_hba.conf"),
        ("FATAL:  no pg_hba.conf entry for host", "check login_user, login_password, become_user and pg_hba.conf"),
        ('FATAL:  role "x" does not exist', "check that PostgreSQL runs there"),
        ("", "check that PostgreSQL runs there"),
    ],
)
def test_what_helps_depends_on_what_the_server_says(monkeypatch, said, advice):
    def refuse(**_parameters):
        raise psycopg2.OperationalError(said)

    monkeypatch.setattr(psycopg2, "connect", refuse)
    with pytest.raises(PowaError) as caught:
        connection.Connection(DEFAULTS, True)
    assert "({0}): {1}".format(said or "no answer", advice) in str(caught.value)


class Busy(psycopg2.Error):
    """A lock could not be had in time."""

    pgcode = "55P03"


class Driver(Recorder):
    """A connection of the driver, its cursor and its transactions."""

    def cursor(self):
        return self

    def commit(self):
        """There is nothing to keep."""

    rollback = close = commit

    def set_session(self, readonly):
        self.composed.append("read only" if readonly else "read and write")


@pytest.fixture
def server(monkeypatch):
    server = Driver()
    monkeypatch.setattr(psycopg2, "connect", lambda **_parameters: server)
    monkeypatch.setattr(connection.time, "sleep", lambda _seconds: None)
    return server


@pytest.mark.parametrize(("read_only", "setting"), [(True, "on"), (False, "off")])
def test_in_check_mode_the_server_refuses_every_write(server, read_only, setting):
    assert connection.Connection(DEFAULTS, read_only).read_only is read_only
    assert literals(server.composed[0]) == ["1500ms", setting]
    assert len(server.statements) == 1


def test_the_session_takes_its_role(server):
    connection.Connection(dict(DEFAULTS, session_role="powa_admin"), True)
    assert server.statements[1] == 'SET ROLE "powa_admin"'


def test_a_role_that_the_session_may_not_take(server):
    server.answers = {"SET ROLE": psycopg2.ProgrammingError("permission denied\nx")}
    with pytest.raises(PowaError, match='cannot switch to session_role "x" .permission denied.'):
        connection.Connection(dict(DEFAULTS, session_role="x"), True)


def test_reading_can_not_write(server):
    with connection.connected(DEFAULTS, False) as session, session.reading() as cursor:
        cursor.execute("SELECT 1")
    assert server.statements[1:] == ["read only", "SELECT 1"]


def test_a_write_takes_the_lock_first(server):
    session = connection.Connection(DEFAULTS, False)
    assert session.write(lambda cursor: cursor.execute("UPDATE x") or "done") == "done"
    assert server.statements[1] == "read and write"
    assert "pg_advisory_xact_lock" in server.statements[2] and server.statements[3] == "UPDATE x"


def test_a_write_is_tried_again_while_others_hold_locks(server):
    errors = [Busy("x"), Busy("x")]

    def work(_cursor):
        if errors:
            raise errors.pop()
        return "done"

    assert connection.Connection(DEFAULTS, False).write(work) == "done"


def test_a_write_that_never_gets_its_locks(server):
    server.answers = {"UPDATE": Busy("canceling statement due to lock timeout\nx")}
    with pytest.raises(PowaError) as caught:
        connection.Connection(DEFAULTS, False).write(lambda cursor: cursor.execute("UPDATE x"))
    assert str(caught.value) == (
        "another session held a lock that this change needs in all 5 attempts of 1500ms each"
        " (canceling statement due to lock timeout), and nothing was changed: run the task again once that session has"
        " ended"
    )
    assert server.statements.count("UPDATE x") == 5


def test_another_error_ends_a_write_at_once(server):
    server.answers = {"UPDATE": psycopg2.ProgrammingError("no")}
    with pytest.raises(psycopg2.ProgrammingError):
        connection.Connection(DEFAULTS, False).write(lambda cursor: cursor.execute("UPDATE x"))
    assert server.statements.count("UPDATE x") == 1


def test_another_task_is_waited_for_and_named(server):
    server.answers = {"current_setting": [("1500ms",)], "advisory_xact": Busy("x"), "pg_locks": [(17, "a", "b", 9)]}
    with pytest.raises(PowaError, match="another task of this collection was writing to this database"):
        connection.Connection(dict(DEFAULTS, lock_wait=60), False).write(lambda cursor: None)
