# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Login options, and what is said when no server can be reached with them."""

from __future__ import annotations

import psycopg2
import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core import connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder

DEFAULTS = {option: spec.get("default") for option, spec in connection.LOGIN_SPEC.items()}
NOWHERE = dict(DEFAULTS, login_unix_socket="/nonexistent", login_port=1)


def parameters(**changes):
    return connection._libpq_parameters(dict(DEFAULTS, **changes))


@pytest.mark.parametrize(
    ("used", "is_here"),
    [
        ({}, True),
        ({"host": "/run/pg"}, True),
        ({"host": "db"}, False),
        ({"hostaddr": "192.0.2.1"}, False),
        ({"host": "/run/pg", "hostaddr": "192.0.2.1"}, False),
    ],
)
def test_only_a_socket_is_of_this_host(server, used, is_here):
    server.get_dsn_parameters = lambda: used
    assert connection.Connection(DEFAULTS, read_only=True).is_on_this_host is is_here


def test_what_is_not_given_is_left_to_libpq():
    told = {"port": 5432, "user": "postgres", "dbname": "powa", "sslmode": "prefer"}
    assert parameters() == dict(told, client_encoding="UTF8")


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
    with pytest.raises(PowaError, match="dsn is not a connection string") as caught:
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


def test_texts_that_no_server_can_store_are_told_without_one():
    wrong = dict(NOWHERE, monitoring_role="a\0", ready_servers=["\ud800"], datasources=[{"name": "\0"}])
    with pytest.raises(ProblemsError) as caught, connection.connected(wrong, True, checked_texts=("datasources",)):
        pass
    assert [problem.split(", but")[0] for problem in caught.value.problems] == [
        "monitoring_role: found 'a\\x00'",
        "ready_servers[0]: found '\\ud800'",
    ]


def test_a_missing_driver_is_named(monkeypatch):
    monkeypatch.setattr(connection.driver, "psycopg2", None)
    with pytest.raises(PowaError, match="psycopg2 is missing on this host: install it"):
        connection.Connection(DEFAULTS, True)


def test_the_password_is_no_log():
    assert connection.LOGIN_SPEC["login_password"]["no_log"] is True


def test_what_the_server_says_and_what_helps(monkeypatch):
    def refuse(**_parameters):
        raise psycopg2.OperationalError('FATAL:  database "powa" does not exist\n')

    monkeypatch.setattr(psycopg2, "connect", refuse)
    with pytest.raises(PowaError) as caught:
        connection.Connection(DEFAULTS, True)
    assert str(caught.value) == (
        'database "powa" on the local socket, port 5432 cannot be reached as postgres'
        ' (FATAL:  database "powa" does not exist): create the database first, or give another as login_db'
    )


@pytest.mark.parametrize("error", [ValueError("embedded null byte"), TypeError("expected string, got list")])
def test_what_the_driver_can_not_pass_on(monkeypatch, error):
    def refuse(**_parameters):
        raise error

    monkeypatch.setattr(psycopg2, "connect", refuse)
    with pytest.raises(PowaError, match="libpq rejects the login options for .* [(]{0}[)]".format(error)):
        connection.Connection(DEFAULTS, True)


class Busy(psycopg2.Error):
    """A lock could not be had in time."""

    pgcode = "55P03"


class Driver(Recorder):
    """A connection of the driver, its cursor and its transactions."""

    autocommit = False
    conforming = "on"
    encoding = "UTF8"

    def cursor(self):
        return self

    def commit(self):
        """There is nothing to keep."""

    rollback = close = commit

    def set_session(self, readonly=None, **others):
        if readonly is None:
            assert others == {"isolation_level": "READ COMMITTED", "deferrable": False} and not self.autocommit
        else:
            self.composed.append("read only" if readonly else "read and write")

    def get_parameter_status(self, name):
        return {"standard_conforming_strings": self.conforming, "server_encoding": self.encoding}[name]


@pytest.fixture
def server(monkeypatch):
    server = Driver()
    monkeypatch.setattr(psycopg2, "connect", lambda **_parameters: server)
    monkeypatch.setattr(connection.time, "sleep", lambda _seconds: None)
    return server


@pytest.mark.parametrize(("read_only", "setting"), [(True, "on"), (False, "off")])
def test_in_check_mode_the_server_refuses_every_write(server, read_only, setting):
    assert connection.Connection(DEFAULTS, read_only).read_only is read_only
    (statement,) = server.statements
    assert "pg_catalog.set_config('default_transaction_read_only', '{0}', false)".format(setting) in statement


def test_one_message_begins_the_session(server):
    connection.Connection(DEFAULTS, True)
    (statement,) = server.statements
    assert statement.startswith("SET TRANSACTION ISOLATION LEVEL READ COMMITTED, NOT DEFERRABLE; SET jit = off; ")
    assert statement.count("; ") == 3
    for name, value in (("role", "none"), ("search_path", "pg_catalog, pg_temp"), ("lock_timeout", "1500ms")):
        assert statement.count("set_config('{0}', '{1}', false)".format(name, value)) == 1


def test_the_session_takes_its_role(server):
    connection.Connection(dict(DEFAULTS, session_role="powa_admin"), True)
    (statement,) = server.statements
    assert statement.endswith("END, pg_catalog.set_config('role', 'powa_admin', false)")


class Refused(psycopg2.Error):
    """PostgreSQL refuses the statement."""

    def __init__(self, said, pgcode):
        super().__init__(said)
        self.code = pgcode

    @property
    def pgcode(self):
        return self.code


def test_a_role_that_the_session_may_not_take(server):
    server.answers = {"set_config": Refused("permission denied\nx", "42501")}
    with pytest.raises(PowaError, match='cannot switch to session_role "x" .permission denied.'):
        connection.Connection(dict(DEFAULTS, session_role="x"), True)


@pytest.mark.parametrize(
    ("code", "cure"), [("57014", "somebody has cancelled it"), (None, "look into PostgreSQL's log")]
)
@pytest.mark.parametrize("role", [None, "x"])
def test_a_session_that_does_not_begin(server, code, cure, role):
    server.answers = {"set_config": Refused("no", code)}
    with pytest.raises(PowaError) as caught:
        connection.Connection(dict(DEFAULTS, session_role=role), True)
    assert str(caught.value).startswith('database "powa" refuses what a session begins with (no): ' + cure)


@pytest.mark.parametrize("options", [None, "-c geqo=off"])
def test_the_driver_quotes_as_the_session_does(monkeypatch, options):
    servers, asked = [Driver(), Driver()], []
    servers[0].conforming = "off"

    def connect(**parameters):
        asked.append(parameters.get("options"))
        return servers[len(asked) - 1]

    monkeypatch.setattr(psycopg2, "connect", connect)
    connection.Connection(dict(DEFAULTS, connect_params={"options": options} if options else {}), True)
    assert asked == [options, "{0} -c standard_conforming_strings=on".format(options or "").strip()]
    assert not servers[0].statements and servers[1].statements


@pytest.mark.parametrize(
    ("option", "found"), [("alias", "'\\x00\\u20ac'"), ("password", "a value that is hidden here")]
)
def test_what_no_server_can_store_is_refused_without_one(option, found):
    params = dict(NOWHERE, servers=[{option: "\0€"}])
    with pytest.raises(ProblemsError) as caught, connection.connected(params, True, "the servers"):
        pass
    assert str(caught.value) == (
        "servers[0].{0}: found {1}, but PostgreSQL can store neither a zero byte nor a lone surrogate:"
        " remove it".format(option, found)
    )


@pytest.mark.parametrize("option", ["lock_wait", "timeout", "collector_timeout"])
@pytest.mark.parametrize("seconds", [-1, 2147484, 10**400])
def test_a_wait_that_nobody_can_wait(option, seconds):
    with pytest.raises(ProblemsError) as caught, connection.connected(dict(NOWHERE, **{option: seconds}), True):
        pass
    assert str(caught.value) == "{0}: found {1}, expected 0 to 2147483 seconds".format(option, seconds)


@pytest.mark.parametrize(
    ("encoding", "text", "storable"),
    [
        ("LATIN1", "é", True),
        ("LATIN1", "€", False),
        ("EUC_JP", "Ⅳ", True),
        ("SQL_ASCII", "€", True),
        ("UTF8", "€", True),
        ("MULE_INTERNAL", "€", True),
        (None, "€", True),
    ],
)
def test_what_the_encoding_of_the_database_can_not_store(server, encoding, text, storable):
    server.encoding = encoding
    params = dict(DEFAULTS, login_password="€", names=[text])
    if storable:
        with connection.connected(params, True):
            return
    with pytest.raises(ProblemsError) as caught, connection.connected(params, True):
        pass
    assert str(caught.value) == (
        "names[0]: found '\\u20ac', but the encoding LATIN1 of the database cannot store '\\u20ac': leave that out,"
        " or use a database with encoding UTF8"
    )


def test_a_secret_that_the_encoding_can_not_store(server):
    server.encoding = "LATIN1"
    with pytest.raises(ProblemsError) as caught, connection.connected(dict(DEFAULTS, password="a€b"), True):
        pass
    assert "password: found a value that is hidden here, but" in str(caught.value)
    assert "cannot store a character of it: leave that out" in str(caught.value)


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
    server.answers = {"advisory_xact": Busy("x"), "pg_locks": [(17, "a", "b", 9)]}
    server.answers["current_setting('lock_timeout')"] = [("1500ms",)]
    with pytest.raises(PowaError, match="another task of this collection was writing to this database"):
        connection.Connection(dict(DEFAULTS, lock_wait=60), False).write(lambda cursor: None)


class Gone(psycopg2.Error):
    """An object that another session has dropped."""

    def __init__(self, message, pgcode="XX000"):
        super().__init__(message)
        self.code = pgcode

    @property
    def pgcode(self):
        return self.code


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Gone("cache lookup failed for function 19045\n"), True),
        (Gone("could not open relation with OID 16384"), True),
        (Gone('relation "powa_x_history" does not exist', "42P01"), True),
        (Gone("function public.powa_x_rate() does not exist", "42883"), True),
        (Gone("missing chunk number 0 for toast value 16384"), False),
        (Gone("could not open relation with OID 16384", "58P01"), False),
        (Gone("server closed the connection unexpectedly", None), False),
    ],
)
def test_what_others_change_meanwhile(error, expected):
    assert connection.changed_meanwhile(error) is expected


def test_what_others_change_meanwhile_is_read_again(server):
    errors = [Gone("cache lookup failed for function 1"), Gone("x", "42P01")]

    def work(cursor):
        cursor.execute("SELECT 1")
        if errors:
            raise errors.pop()
        return "done"

    assert connection.Connection(DEFAULTS, True).read(work) == "done"
    assert server.statements[1:] == ["read only", "SELECT 1"] * 3


@pytest.mark.parametrize(("error", "times"), [(Gone("x", "42P01"), 5), (Gone("x", "42501"), 1)])
def test_what_can_not_be_read(server, error, times):
    server.answers = {"SELECT 1": error}
    with pytest.raises(Gone):
        connection.Connection(DEFAULTS, True).read(lambda cursor: cursor.execute("SELECT 1"))
    assert server.statements.count("SELECT 1") == times
