# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The session that plans or runs SQL of users."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions import users_session
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.users_session import (
    StuckError,
    TemporaryFunction,
    UsersSession,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder
from psycopg2 import OperationalError, ProgrammingError

pytestmark = pytest.mark.usefixtures("offline_driver")

FUNCTION = TemporaryFunction(
    "pg_temp.f(text[])", "CREATE FUNCTION pg_temp.f AS {body}", "at {progress}", "pgfleet.powa: describes query "
)
ROWS = [(2, "b"), (1, "a")]


class Limit:
    """A time limit that is exceeded or not, and ends the session if it is."""

    exceeded = False

    def __init__(self, raw, seconds, terminate):
        self.terminate = terminate
        assert seconds == 60

    def __enter__(self):
        if self.exceeded:
            self.terminate(77)
        return self

    def __exit__(self, *_error):
        return None


class Raw:
    """The driver's connection; it notes how its transactions are."""

    def __init__(self, answers):
        self.closed = False
        self.done = []
        self.recorder = Recorder(answers)
        self.recorder.connection = self

    def rollback(self):
        self.done.append("rollback")

    def set_session(self, readonly):
        self.done.append("read only" if readonly else "read write")

    def cursor(self):
        return self.recorder

    def get_backend_pid(self):
        return 5


def session(role="mon", answers=None, main=None, exceeded=False, monkeypatch=None, closes=False):
    raw = Raw({"SELECT f": ROWS} if answers is None else answers)
    raw.closed = closes
    monkeypatch.setattr(users_session, "TimeLimit", type("Slow", (Limit,), {"exceeded": exceeded}))

    @contextmanager
    def connect():
        yield SimpleNamespace(raw=raw)

    return raw, lambda: UsersSession(connect, 60).call(main or Recorder(), role, FUNCTION, "SELECT f")


def test_the_function_is_made_called_and_rolled_back(monkeypatch):
    raw, run = session(monkeypatch=monkeypatch)
    assert run() == ROWS
    statements = raw.recorder.statements
    assert "pgfleet.powa: describes query " in statements[0]
    assert [text.split()[0] for text in statements] == ["CREATE", "REVOKE", "GRANT", "ALTER", "SET", "SELECT"]
    assert statements[3].endswith('OWNER TO "mon"') and statements[4] == "SET TRANSACTION READ ONLY"
    assert raw.done == ["rollback", "read write", "rollback"]


def test_without_a_role_one_is_made_for_the_transaction(monkeypatch):
    raw, run = session(role=None, monkeypatch=monkeypatch)
    run()
    assert raw.recorder.statements[0] == 'CREATE ROLE "pgfleet_powa_5" NOLOGIN IN ROLE "pg_monitor"'
    assert raw.recorder.statements[4].endswith('OWNER TO "pgfleet_powa_5"')


def test_a_role_whose_function_cannot_be_made(monkeypatch):
    raw, run = session(answers={"OWNER TO": ProgrammingError("must be member\nx")}, monkeypatch=monkeypatch)
    with pytest.raises(PowaError) as caught:
        run()
    assert str(caught.value) == (
        'the queries cannot be tried with the rights of role "mon" (must be member): log in as a superuser, or as a'
        " member of that role and grant it TEMPORARY on the database"
    )
    assert raw.done[-1] == "rollback"


def test_a_lost_connection_is_no_text_that_is_stuck(monkeypatch):
    raw, run = session(answers={"SELECT f": OperationalError("gone")}, closes=True, monkeypatch=monkeypatch)
    with pytest.raises(OperationalError):
        run()
    assert raw.done == ["rollback", "read write"]


STUCK = "pgfleet.powa: describes query 2"


@pytest.mark.parametrize(
    ("answers", "position", "statements"),
    [
        ({"pg_terminate_backend": [(STUCK, True)]}, 1, 2),
        ({"pg_terminate_backend": [("mine", True)]}, None, 2),
        ({"pg_terminate_backend": [(STUCK + "x", True)]}, None, 2),
        ({"pg_terminate_backend": []}, None, 2),
        ({"pg_terminate_backend": ProgrammingError("not yours")}, None, 3),
        ({"SAVEPOINT": OperationalError("gone")}, None, 1),
    ],
)
def test_a_text_that_goes_on_when_it_is_asked_to_stop(monkeypatch, answers, position, statements):
    main = Recorder(answers)
    gone = {"SELECT f": OperationalError("gone")}
    _raw, run = session(answers=gone, main=main, exceeded=True, monkeypatch=monkeypatch)
    with pytest.raises(StuckError) as caught:
        run()
    assert caught.value.position == position and len(main.statements) == statements


def test_a_text_that_stops_when_it_is_asked_to(monkeypatch):
    _raw, run = session(exceeded=True, main=Recorder({"pg_terminate": []}), monkeypatch=monkeypatch)
    assert run() == ROWS
