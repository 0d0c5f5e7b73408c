# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The session that describes texts."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources import described_texts
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.described_texts import (
    Answer,
    DescribingSession,
    ReturnedColumn,
    StuckError,
    UserText,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder
from psycopg2 import OperationalError, ProgrammingError

pytestmark = pytest.mark.usefixtures("offline_driver")

ROWS = [
    (2, "42P01", "relation  is\tmissing\nHINT", None, None, None, None, None, None),
    (1, None, None, ["a", "a"], [23, 25], ["integer", "app.mood"], [False, True], [False, True], 8.0),
    (3, None, None, None, None, None, None, None, None),
]
TEXTS = [UserText("SELECT 1", "a", False), UserText("SELECT 2", "b", False), UserText("SELECT 3", "b", True)]


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


def describe(role="mon", answers=None, main=None, exceeded=False, monkeypatch=None, closes=False):
    raw = Raw({"d.number": ROWS} if answers is None else answers)
    raw.closed = closes
    monkeypatch.setattr(described_texts, "TimeLimit", type("Slow", (Limit,), {"exceeded": exceeded}))

    @contextmanager
    def connect():
        yield SimpleNamespace(raw=raw)

    return raw, lambda: DescribingSession(connect, 60)(main or Recorder(), role, TEXTS)


def test_all_texts_in_a_fixed_number_of_statements(monkeypatch):
    raw, run = describe(monkeypatch=monkeypatch)
    assert run() == [
        Answer((ReturnedColumn("a", 23, "integer"), ReturnedColumn("a", 25, "app.mood", True, True)), rows=8.0),
        Answer(sqlstate="42P01", message="relation is missing"),
        Answer(),
    ]
    statements = raw.recorder.statements
    assert [text.split()[0] for text in statements] == ["CREATE", "REVOKE", "GRANT", "ALTER", "SET", "SELECT"]
    assert statements[3].endswith('OWNER TO "mon"') and statements[4] == "SET TRANSACTION READ ONLY"
    assert raw.done == ["rollback", "read write", "rollback"]


def test_without_a_role_one_is_made_for_the_transaction(monkeypatch):
    raw, run = describe(role=None, monkeypatch=monkeypatch)
    run()
    assert raw.recorder.statements[0] == 'CREATE ROLE "pgfleet_powa_5" NOLOGIN IN ROLE pg_monitor'
    assert raw.recorder.statements[4].endswith('OWNER TO "pgfleet_powa_5"')


def test_a_role_whose_function_cannot_be_made(monkeypatch):
    raw, run = describe(answers={"OWNER TO": ProgrammingError("must be member\nx")}, monkeypatch=monkeypatch)
    with pytest.raises(PowaError) as caught:
        run()
    assert str(caught.value) == (
        'the queries cannot be tried with the rights of role "mon" (must be member): log in as a superuser, or as a'
        " member of that role and grant it TEMPORARY on the database"
    )
    assert raw.done[-1] == "rollback"


def test_a_lost_connection_is_no_text_that_is_stuck(monkeypatch):
    raw, run = describe(answers={"d.number": OperationalError("gone")}, closes=True, monkeypatch=monkeypatch)
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
    gone = {"d.number": OperationalError("gone")}
    _raw, run = describe(answers=gone, main=main, exceeded=True, monkeypatch=monkeypatch)
    with pytest.raises(StuckError) as caught:
        run()
    assert caught.value.position == position and len(main.statements) == statements


def test_a_text_that_stops_when_it_is_asked_to(monkeypatch):
    _raw, run = describe(exceeded=True, main=Recorder({"pg_terminate": []}), monkeypatch=monkeypatch)
    assert len(run()) == 3
