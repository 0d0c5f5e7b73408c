# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host.files import read_files, read_folders
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of, refuse, write


def test_files_folders_and_what_does_not_exist(tmp_path):
    host, _programs = host_of(tmp_path)
    write(tmp_path, "/etc/a.conf", "text").chmod(0o640)
    (tmp_path / "etc").chmod(0o1755)
    os.mkfifo(str(tmp_path / "etc/pipe"))
    found = read_files(host, ["/etc/a.conf", "/etc", "/etc/none", "/etc/a.conf/x", "/etc/pipe"], [], {})
    assert list(found) == ["/etc", "/etc/a.conf", "/etc/pipe"]
    file = found["/etc/a.conf"]
    assert (file.kind, file.mode, file.size) == ("file", "0640", 4)
    assert file.sha256 == hashlib.sha256(b"text").hexdigest()
    assert (found["/etc"].kind, found["/etc"].mode, found["/etc"].sha256) == ("directory", "1755", None)
    assert (found["/etc/pipe"].kind, found["/etc/pipe"].sha256) == ("other", None)
    assert host.unseen.sentences == ()


def test_owners_with_and_without_names(tmp_path, monkeypatch):
    host, _programs = host_of(tmp_path)
    write(tmp_path, "/a")
    state = os.stat(str(tmp_path / "a"))
    for number, name in ((0, "root"), (4123456789, "4123456789")):
        owned = os.stat_result((*state[:4], number, number, *state[6:]))
        monkeypatch.setattr(os, "stat", lambda path, owned=owned: owned)
        file = read_files(host, ["/a"], [], {})["/a"]
        assert (file.owner, file.group) == (name, name)


def test_no_sum_of_a_secret_file(tmp_path):
    host, _programs = host_of(tmp_path)
    write(tmp_path, "/etc/pgpass", "secret")
    # Secret in one list is secret.
    found = read_files(host, ["/etc/pgpass"], ["/etc/pgpass", "/etc/none"], {})
    assert list(found) == ["/etc/pgpass"] and found["/etc/pgpass"].sha256 is None
    assert found["/etc/pgpass"].size == 6


@pytest.mark.parametrize(
    ("text", "expected", "as_expected"),
    [("secret", "secret", True), ("secret", "other", False), ("\u00e9", "\u00e9", True), ("secret", None, None)],
)
def test_a_secret_file_is_compared_with_what_it_should_hold(tmp_path, text, expected, as_expected):
    host, _programs = host_of(tmp_path)
    write(tmp_path, "/etc/pgpass", text)
    wanted = {} if expected is None else {"/etc/pgpass": expected, "/etc/none": "x"}
    found = read_files(host, [], ["/etc/pgpass", "/etc/none"], wanted)
    assert list(found) == ["/etc/pgpass"]
    assert (found["/etc/pgpass"].sha256, found["/etc/pgpass"].as_expected) == (None, as_expected)


def test_a_folder_is_never_as_expected(tmp_path):
    host, _programs = host_of(tmp_path)
    (tmp_path / "etc").mkdir()
    assert read_files(host, ["/etc"], [], {"/etc": "text"})["/etc"].as_expected is None


@pytest.mark.parametrize(
    "line",
    [
        "        'password': 'x',",
        '{"password": "x"}',
        '{"dsn": "postgresql://powa:x@db1:5432/powa"}',
        '{"dsn": "host=db1 user=powa password=x"}',
        "Environment=PGPASSWORD=x",
        "Environment=Password = x",
        "cookie_secret = 'x'",
        '{"client_secret": "x"}',
        '{"dsn": "postgresql://powa:it\'s@db1:5432/powa"}',
    ],
)
def test_no_sum_of_a_file_that_holds_a_password(tmp_path, line):
    host, _programs = host_of(tmp_path)
    write(tmp_path, "/etc/powa-web.conf", "servers={\n" + line + "\n}\n")
    write(tmp_path, "/etc/other.conf", "# no password\npassword_file = x\n")
    found = read_files(host, ["/etc/powa-web.conf", "/etc/other.conf"], [], {})
    assert found["/etc/powa-web.conf"].sha256 is None and found["/etc/other.conf"].sha256


def test_the_files_of_folders(tmp_path):
    host, _programs = host_of(tmp_path)
    write(tmp_path, "/pages/b.py", "two")
    write(tmp_path, "/pages/a.py", "one")
    write(tmp_path, "/pages/more/c.py", "three")
    (tmp_path / "empty").mkdir()
    found = read_folders(host, ["/pages", "/empty", "/none", "/pages/a.py"])
    assert found == {
        "/pages": {"a.py": hashlib.sha256(b"one").hexdigest(), "b.py": hashlib.sha256(b"two").hexdigest()},
        "/empty": {},
    }


def test_a_folder_that_cannot_be_read(tmp_path, monkeypatch):
    host, _programs = host_of(tmp_path)
    write(tmp_path, "/pages/a.py")
    refuse(monkeypatch, "open", "a.py")
    assert read_folders(host, ["/pages"]) == {"/pages": {}}
    refuse(monkeypatch, "listdir", "/pages")
    assert read_folders(host, ["/pages"]) == {}
    assert host.unseen.sentences == (
        "the content of /pages/a.py: permission denied (run as root)",
        "the folder /pages: permission denied (run as root)",
    )


def test_what_cannot_be_read(tmp_path, monkeypatch):
    host, _programs = host_of(tmp_path)
    write(tmp_path, "/etc/a.conf")
    refuse(monkeypatch, "open", "a.conf")
    assert read_files(host, ["/etc/a.conf"], [], {})["/etc/a.conf"].sha256 is None
    refuse(monkeypatch, "stat", "cookie_secret.conf")
    assert read_files(host, [], ["/etc/powa-web/cookie_secret.conf"], {}) == {}
    assert host.unseen.sentences == (
        "the content of /etc/a.conf: permission denied (run as root)",
        "the files below /etc/powa-web: permission denied (run as root)",
    )
