# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which lines of PostgreSQL's log are returned, and from which file."""

from __future__ import annotations

import os

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host.clusters import Cluster
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host
from ansible_collections.pgfleet.powa.plugins.module_utils._host.server_log import own_lines, read_server_log

CLUSTER = Cluster("15", "main", 5432, False, "/var/lib/postgresql/15/main", "postgresql@15-main", "postgres")
OF_DEBIAN = "var/log/postgresql/postgresql-15-main.log"
FAILED = '2026-11-28 10:00:00 UTC [7] FATAL:  could not access file "nix": No such file or directory\n'


def write(root, path, text):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_nothing_is_read_unless_wanted(tmp_path):
    host = Host(root=str(tmp_path))
    write(tmp_path, OF_DEBIAN, FAILED)
    assert read_server_log(host, CLUSTER, False) == read_server_log(host, None, True) == []
    assert read_server_log(host, CLUSTER, True) == [FAILED.strip()]
    assert not host.unseen.sentences


def test_the_file_that_was_written_last_counts(tmp_path):
    old = write(tmp_path, OF_DEBIAN, "LOG:  starting PostgreSQL\n")
    os.utime(old, (1, 1))
    data = CLUSTER.data_directory.lstrip("/")
    write(tmp_path, data + "/current_logfiles", "csvlog log/a.csv\nstderr log/a.log\n")
    write(tmp_path, data + "/log/a.log", FAILED)
    assert read_server_log(Host(root=str(tmp_path)), CLUSTER, True) == [FAILED.strip()]


def test_a_log_elsewhere_is_named(tmp_path):
    host = Host(root=str(tmp_path))
    assert read_server_log(host, CLUSTER, True) == []
    assert "the log of PostgreSQL" in host.unseen.sentences[0]


@pytest.mark.parametrize(
    "line",
    [
        'ERROR:  syntax error at or near "planted"',
        "STATEMENT:  ALTER ROLE a PASSWORD 'planted'",
        "LOG:  statement: ALTER ROLE a PASSWORD 'planted'",
        "LOG:  duration: 3.1 ms  statement: SELECT 'planted'",
        "LOG:  execute <unnamed>: SELECT $1",
        "DETAIL:  parameters: $1 = 'planted'",
        "LOG:  something parameters: $1 = 'planted'",
        'LOG:  parameter "primary_conninfo" changed to "host=a password=planted"',
        "LOG:  AUDIT: SESSION,1,1,ROLE,ALTER ROLE,,,ALTER ROLE a PASSWORD 'planted',<none>",
        "LOG:  00000: statement: ALTER ROLE a PASSWORD 'planted'",
        "LOG:  00000: duration: 3 ms  execute a: SELECT 'planted'",
        "STATEMENT:  SELECT 'LOG: planted'",
        'LOG:  syntax error in file "/etc/x.conf" line 3, near token "planted"',
        "\tPASSWORD 'planted'",
        "CONTEXT:  SQL statement \"SELECT 'planted'\"",
    ],
)
def test_no_line_with_a_statement_is_returned(line):
    prefix = "2026-11-28 10:00:00 UTC [7] "
    assert own_lines("\n".join([prefix + line, FAILED.strip(), prefix + line])) == [FAILED.strip()]


def test_the_next_line_of_a_statement_is_not_taken_for_the_servers():
    assert own_lines("LOG:  statement: SELECT\n\t'LOG:  planted'\n" + FAILED) == [FAILED.strip()]


def test_a_line_that_is_cut_at_its_beginning_is_left_out(tmp_path):
    write(tmp_path, OF_DEBIAN, "LOG:  statement: SELECT '{0} LOG:  planted'\n".format("x" * 70000) + FAILED)
    assert read_server_log(Host(root=str(tmp_path)), CLUSTER, True) == [FAILED.strip()]


def test_only_the_last_lines_are_returned():
    lines = ["LOG:  line {0}".format(number) for number in range(30)]
    assert own_lines("\n".join(lines)) == lines[-10:]
