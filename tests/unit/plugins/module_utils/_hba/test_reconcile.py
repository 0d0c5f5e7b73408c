# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._hba import file as disk
from ansible_collections.pgfleet.powa.plugins.module_utils._hba import reconcile
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.reconcile import HbaRulesTask
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.text import Addition
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._hba.examples import rule
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._hba.test_catalog import ROW
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, render

REJECT = "host all all 0.0.0.0/0 reject\n"


class Server(Recorder):
    """A cursor of a server that reads its file as PostgreSQL does, if it has simple lines only.

    :param path: the file
    :param unread: whether it has not been loaded
    :param error: that of lines with the method md5
    """

    def __init__(self, path, unread=False, error=None, loads=True, lock=None):
        super().__init__()
        self.path, self.unread, self.error, self.loads, self.lock = path, unread, error, loads, lock
        self.reloads = 0

    def execute(self, statement):
        super().execute(statement)
        text = render(statement)
        if "pg_hba_file_rules" in text:
            self._rows = [(str(self.path), 150006, list(self._lines()), {}, self.unread)]
        elif "pg_reload_conf" in text:
            self.reloads += 1
            self._rows = [("2026-01-01", True)]
        elif "pg_conf_load_time" in text:
            self._rows = [(self.loads,)]
        elif "l.pid" in text:
            self._rows = [(7, "postgres", "the local socket", 3)]
        elif "lock_timeout" in text:
            self._rows = [("1s",)]
        elif "advisory" in text and self.lock:
            raise self.lock

    def fetchone(self):
        return self._rows[0]

    def _lines(self):
        for number, text in enumerate(self.path.read_text().split("\n"), 1):
            words = text.split()
            if not words or words[0].startswith("#"):
                continue
            kind, database, user, address, method = words
            address, _slash, prefix = address.partition("/")
            mask = {"": None, "0": "0.0.0.0", "32": "255.255.255.255"}[prefix]
            error = self.error if method == "md5" else None
            columns = {"type": kind, "address": address, "netmask": mask, "auth_method": method}
            if error and "cannot match" not in error:
                columns = dict.fromkeys(columns)
            found = dict(ROW, line_number=number, error=error, **columns)
            yield dict(found, database=[database], user_name=[user])


class Session:
    """A connection whose transactions all have the same cursor."""

    def __init__(self, cursor):
        self.cursor = cursor
        self.raw = SimpleNamespace(rollback=lambda: None)

    @contextmanager
    def reading(self):
        yield self.cursor


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "pg_hba.conf"
    found.write_text("# mine\nlocal all all all peer")
    return found


def run(server, *rules, position="last", check=False, wait=1):
    params = {"rules": [each.entry for each in rules], "position": position, "lock_wait": wait}
    task = HbaRulesTask(params)
    planned = task.planned(server, False)
    written = planned.plan.changed and not check
    session = Session(server)
    if written:
        planned = task.write(session, planned)
    return {**planned.plan.result(), **task.result(session, planned, written)}


def test_a_line_is_added_and_loaded(path):
    server, before = Server(path), path.read_text()
    checked = run(server, rule(), check=True)
    assert path.read_text() == before and server.reloads == 0 and not checked["reloaded"]
    assert checked["rules"] == [dict(rule().entry, state="added", decided_by=None)]
    result = run(server, rule())
    after = before + "\n" + rule().line + "\n"
    assert path.read_text() == after and server.reloads == 1
    headers = {"before_header": str(path), "after_header": str(path)}
    assert result["diff"] == checked["diff"] == {**headers, "before": before, "after": after}
    assert result["changed"] and result["reloaded"] and result["resolved"] == {} and result["warnings"] == []
    assert result["changes"] == ["write {0}".format(path), "reload PostgreSQL"] == checked["changes"]
    text = "host powa powa_monitor 10.0.0.9/32 scram-sha-256"
    line = {"file": str(path), "line": 3, "text": text}
    assert result["rules"] == [dict(rule().entry, state="added", decided_by=line)]
    again = run(server, rule())
    assert not again["changed"] and not again["reloaded"] and server.reloads == 1
    assert again["diff"] == {"before": "", "after": ""} and again["changes"] == []
    assert again["rules"] == [dict(rule().entry, state="present", decided_by=line)]


def test_a_file_that_somebody_else_has_changed_is_loaded(path):
    path.write_text("host all all all trust\n")
    server = Server(path, unread=True)
    result = run(server, rule())
    assert result["changed"] and result["changes"] == ["reload PostgreSQL"] and server.reloads == 1
    assert result["diff"]["before"] == "changed since PostgreSQL loaded it\n"
    assert path.read_text() == "host all all all trust\n"


def test_the_position(path):
    path.write_text(REJECT)
    with pytest.raises(ProblemsError, match="decides first"):
        run(Server(path), rule())
    assert path.read_text() == REJECT
    run(Server(path), rule(), position="first")
    assert path.read_text() == rule().line + "\n" + REJECT


@pytest.mark.parametrize(
    ("error", "type_of"), [("invalid authentication method", None), ("hostssl record cannot match because ...", "host")]
)
def test_what_postgresql_refuses_is_put_back(path, error, type_of):
    before, times = path.read_text(), path.stat().st_mtime_ns
    server = Server(path, error=error)
    with pytest.raises(PowaError) as caught:
        run(server, rule(method="md5"))
    assert str(caught.value) == (
        "{0} was restored, because with the new lines PostgreSQL would not load the file or never match them"
        " ({0}, line 3: {1}): correct the type and the method of the rules".format(path, error)
    )
    assert caught.value.result["refused"] in str(caught.value)
    assert path.read_text() == before and path.stat().st_mtime_ns == times and server.reloads == 0


def test_the_file_of_another_server_is_put_back(path, tmp_path):
    other = tmp_path / "other"
    other.write_text("")
    server = Server(path)
    server._lines = Server(other)._lines
    before = path.read_text()
    with pytest.raises(PowaError, match="PostgreSQL does not show them in pg_hba_file_rules: run the task on the host"):
        run(server, rule())
    assert path.read_text() == before and server.reloads == 0


def test_a_lost_connection_puts_the_file_back(path, monkeypatch):
    def lose(*_arguments):
        raise driver.psycopg2.OperationalError("lost")

    before = path.read_text()
    monkeypatch.setattr(reconcile, "read_lines", lose)
    with pytest.raises(driver.psycopg2.OperationalError):
        run(Server(path), rule())
    assert path.read_text() == before


def fail(code):
    def refuse(*_arguments, **_options):
        raise OSError(code, os.strerror(code))

    return refuse


def test_a_file_that_was_written_by_half_is_put_back(path, monkeypatch):
    def half(target, data):
        monkeypatch.setattr(disk, "_overwrite", overwrite)
        with open(target, "r+b") as file:
            file.write(data[:-5])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = path.read_text()
    overwrite = disk._overwrite
    monkeypatch.setattr(disk, "_replace", fail(errno.EACCES))
    monkeypatch.setattr(disk, "_overwrite", half)
    server = Server(path)
    with pytest.raises(PowaError, match="cannot be written .No space left"):
        run(server, rule())
    assert path.read_text() == before and server.reloads == 0 and os.listdir(path.parent) == [path.name]


def test_a_file_that_cannot_be_put_back(path, monkeypatch):
    monkeypatch.setattr(disk, "_replace", fail(errno.EACCES))
    monkeypatch.setattr(disk, "_overwrite", fail(errno.EIO))
    monkeypatch.setattr(disk.Kept, "put_back", lambda kept, ours: disk.read_text(str(path.parent)))
    with pytest.raises(PowaError) as caught:
        run(Server(path), rule())
    assert str(caught.value) == (
        "file {0} cannot be written (Input/output error): correct that, and run the task again; and the old file could"
        " not be put back: file {1} cannot be read (Is a directory): correct that, and run the task again; see that its"
        " lines are right before PostgreSQL loads or starts with them".format(path, path.parent)
    )


def test_what_somebody_else_writes_meanwhile_is_left(path, monkeypatch):
    read = reconcile.read_lines

    def interfere(*arguments):
        path.write_text("# theirs\n")
        return read(*arguments)

    monkeypatch.setattr(reconcile, "read_lines", interfere)
    with pytest.raises(PowaError, match="is left as somebody else has written it meanwhile"):
        run(Server(path), rule())
    assert path.read_text() == "# theirs\n"


def test_a_server_that_does_not_load_its_files(path, monkeypatch):
    monkeypatch.setattr(reconcile, "_RELOAD_WAIT", 0.0)
    with pytest.raises(PowaError, match="has not done so in 0 seconds"):
        run(Server(path, loads=False), rule())


def test_a_line_that_asks_for_more_is_a_warning(path):
    path.write_text("hostgssenc all all all scram-sha-256\n")
    result = run(Server(path), rule())
    assert not result["changed"] and "only with encryption by GSSAPI" in result["warnings"][0]


def test_a_line_that_still_decides_is_named(path, monkeypatch):
    path.write_text(REJECT)
    monkeypatch.setattr(reconcile, "additions", lambda *_: [Addition(None, rule().line)])
    with pytest.raises(PowaError, match="with the new lines .*, line 1 .* decides first"):
        run(Server(path), rule(), position="first")
    assert path.read_text() == REJECT


def test_wrong_rules_are_told_with_what_is_wrong_with_the_file(path):
    path.write_text("host all all all md5\n")
    with pytest.raises(ProblemsError) as caught:
        run(Server(path, error="invalid"), rule(method="reject"), rule("a b"))
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "rule 1, role 'powa_monitor'",
        "rule 2, role 'powa_monitor'",
        "{0}, line 1 has an error (invalid), and PostgreSQL loads no file with one".format(path),
    ]


class Taken(driver.psycopg2.Error):
    """Another task holds the lock."""

    pgcode = driver.errorcodes.LOCK_NOT_AVAILABLE


def test_another_task_writes(path):
    with pytest.raises(PowaError, match="another task of this collection was writing"):
        run(Server(path, lock=Taken()), rule())
    with pytest.raises(Taken):
        run(Server(path, lock=Taken()), rule(), wait=0)
