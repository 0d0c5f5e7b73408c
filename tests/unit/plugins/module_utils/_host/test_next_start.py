# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a restart would bring."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host import next_start
from ansible_collections.pgfleet.powa.plugins.module_utils._host.clusters import Cluster
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Answer
from ansible_collections.pgfleet.powa.plugins.module_utils._host.next_start import (
    NextStart,
    parse_options,
    read_next_start,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of, write

CLUSTER = Cluster("15", "main", 5432, True, "/data", "postgresql@15-main", "postgres")
PROGRAM = "/usr/lib/postgresql/15/bin/postgres"
ARGUMENTS = ["-D", "/da ta", "-c", 'config_file="x"']
NAMES = ("shared_preload_libraries", "port")


@pytest.fixture(autouse=True)
def _owner(monkeypatch):
    monkeypatch.setattr(next_start, "user_name", lambda _number: "postgres")


def read(tmp_path, *answers, user="root", names=NAMES):
    options = PROGRAM + "".join(' "{0}"'.format(argument) for argument in ARGUMENTS) + "\n"
    write(tmp_path, "/data/postmaster.opts", options)
    host, programs = host_of(tmp_path, user=user, postgres=list(answers))
    return read_next_start(host, CLUSTER, names), [command for command, _text, _variables in programs.calls]


def test_the_arguments_of_the_last_start():
    assert parse_options('/bin/postgres "-D" "/data"\n') == ["/bin/postgres", "-D", "/data"]
    assert parse_options("/bin/postgres\n") == ["/bin/postgres"]


def test_the_values_after_a_restart(tmp_path):
    found, commands = read(tmp_path, "a, b\n", "5432\n")
    assert found == NextStart({"shared_preload_libraries": "a, b", "port": "5432"}, "")
    whole = ["runuser", "-u", "postgres", "--", PROGRAM, *ARGUMENTS, "-C"]
    assert commands == [[*whole, name] for name in NAMES]
    assert read(tmp_path, "\n", user="postgres", names=["port"])[1] == [[*whole[4:], "port"]]


def test_why_postgresql_would_not_start(tmp_path):
    log = '2026-11-29 05:00 GMT [7] LOG:  bad value: "x"\n2026 [7] FATAL:  configuration file "x" contains errors\n'
    found, _commands = read(tmp_path, Answer(1, "", log), Answer(1, "", log))
    assert found == NextStart({}, 'bad value: "x"; configuration file "x" contains errors')
    found, _commands = read(tmp_path, Answer(7, "", ""), "5432\n")
    assert found == NextStart({"port": "5432"}, "it ended with status 7")


def test_nothing_is_run_without_need_or_without_the_arguments(tmp_path):
    assert read(tmp_path, names=[]) == (None, [])
    host, programs = host_of(tmp_path)
    elsewhere = Cluster("15", "main", 5432, True, "/nowhere", "postgresql@15-main", "postgres")
    assert read_next_start(host, elsewhere, NAMES) is None and programs.calls == []
    assert host.unseen.sentences == ("the file /nowhere/postmaster.opts: no such file or directory",)


@pytest.mark.parametrize("owner", ["root", "", "somebody"])
def test_no_program_of_a_folder_that_is_not_the_owners(tmp_path, owner):
    read(tmp_path, "a\n", names=["port"])
    host, programs = host_of(tmp_path)
    assert read_next_start(host, replace(CLUSTER, owner=owner), NAMES) is None and programs.calls == []
    said = "the file /data/postmaster.opts: it is not a file of the cluster's owner, or that owner is root"
    assert host.unseen.sentences == (said,)


def test_no_program_that_a_link_names(tmp_path):
    read(tmp_path, "a\n", names=["port"])
    (tmp_path / "data/postmaster.opts").rename(tmp_path / "opts")
    (tmp_path / "data/postmaster.opts").symlink_to(tmp_path / "opts")
    host, programs = host_of(tmp_path)
    assert read_next_start(host, CLUSTER, NAMES) is None and programs.calls == []
