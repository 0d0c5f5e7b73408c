# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files postgresql.conf includes."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host.includes import Include, parse_includes, read_includes
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of, refuse, write

MAIN = "/etc/pg/postgresql.conf"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("include_dir = 'conf.d'", ("include_dir", "/etc/pg/conf.d", False)),
        ("include_dir 'conf.d'\t# ours", ("include_dir", "/etc/pg/conf.d", False)),
        ("  Include_If_Exists=  common.conf", ("include_if_exists", "/etc/pg/common.conf", False)),
        ("include '/etc/it''s/a\\'b.conf'", ("include", "/etc/it's/a'b.conf", False)),
        ("include = '../x/./y.conf'", ("include", "/etc/x/y.conf", False)),
        ("#include_dir = 'conf.d'", ("include_dir", "/etc/pg/conf.d", True)),
        ("# include_dir = 'conf.d'\t\t# include files", ("include_dir", "/etc/pg/conf.d", True)),
        ("include_dirs = 'conf.d'", None),
        ("# include what you like", None),
        ("work_mem = '4MB' # include_dir = 'x'", None),
        ("", None),
    ],
)
def test_a_line(line, expected):
    found = parse_includes(MAIN, "port = 5432\n{0}\n".format(line))
    assert found == ([] if expected is None else [Include(MAIN, 2, *expected)])


def test_the_files_of_files(tmp_path):
    write(tmp_path, MAIN, "include 'a.conf'\ninclude_dir = 'conf.d'\ninclude_if_exists 'nowhere.conf'\n")
    write(tmp_path, "/etc/pg/a.conf", "include '/etc/b.conf'\n")
    # Each would include itself for ever.
    write(tmp_path, "/etc/b.conf", "include '/etc/b.conf'\n")
    write(tmp_path, "/etc/pg/conf.d/1.conf", "#include 'c.conf'\n")
    write(tmp_path, "/etc/pg/conf.d/.2.conf", "include 'c.conf'\n")
    write(tmp_path, "/etc/pg/conf.d/3.txt", "include 'c.conf'\n")
    host, _programs = host_of(tmp_path)
    assert [(one.file, one.line, one.path, one.commented) for one in read_includes(host, MAIN)] == [
        (MAIN, 1, "/etc/pg/a.conf", False),
        (MAIN, 2, "/etc/pg/conf.d", False),
        (MAIN, 3, "/etc/pg/nowhere.conf", False),
        ("/etc/pg/a.conf", 1, "/etc/b.conf", False),
        ("/etc/pg/conf.d/1.conf", 1, "/etc/pg/conf.d/c.conf", True),
        ("/etc/b.conf", 1, "/etc/b.conf", False),
    ]
    assert host.unseen.sentences == ()


def test_a_folder_that_does_not_exist(tmp_path):
    write(tmp_path, MAIN, "include_dir = 'conf.d'")
    host, _programs = host_of(tmp_path)
    assert [include.path for include in read_includes(host, MAIN)] == ["/etc/pg/conf.d"]


def test_a_file_that_nobody_may_read(tmp_path, monkeypatch):
    write(tmp_path, MAIN, "include 'a.conf'")
    write(tmp_path, "/etc/pg/a.conf")
    refuse(monkeypatch, "open", "a.conf")
    host, _programs = host_of(tmp_path, user="somebody")
    assert read_includes(host, MAIN) is None
    assert host.unseen.sentences == ("the content of /etc/pg/a.conf: permission denied (run as root)",)
