# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host import psql
from ansible_collections.pgfleet.powa.plugins.module_utils._host.clusters import Cluster
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import NOT_FOUND, Answer
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import System
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of, write

SYSTEM = System("d", "Debian")
CLUSTER = Cluster("15", "main", 5433, True, "/data", "postgresql@15-main", "postgres")
REFUSED = 'psql: error: connection to server on socket "/x" failed: FATAL:  role "a" does not exist\n'


def ask(host, owner="postgres", database="powa"):
    cluster = replace(CLUSTER, owner=owner)
    return psql.ask(host, SYSTEM, cluster, database, [psql.query("a", "SELECT 1"), "\\q\n"], {"b": "it's", "a": "-x"})


def test_root_asks_as_the_owner_of_the_cluster(tmp_path):
    write(tmp_path, "/usr/lib/postgresql/15/bin/psql")
    write(tmp_path, "/data/postmaster.pid", "1\n/data\n2\n5433\n/run/own\n*\n")
    host, programs = host_of(tmp_path, psql='a {"b": 1}\n')
    assert ask(host, database="host=elsewhere").values == {"a": {"b": 1}}
    ((command, script, variables),) = programs.calls
    assert command[:5] == ["runuser", "-u", "postgres", "--", "/usr/lib/postgresql/15/bin/psql"]
    assert "--no-psqlrc" in command and "--no-password" in command
    assert command[-2:] == ["--set=a=-x", "--set=b=it's"]
    assert script.endswith("\\q\n") and script.startswith("SELECT pg_catalog.set_config('role', 'none', false),\n")
    pinned, _rest = script.split(" \\g /dev/null\n")
    for name, value in (("statement_timeout", "30s"), ("lc_messages", "C"), ("search_path", "pg_catalog, pg_temp")):
        assert pinned.count("set_config('{0}', '{1}', false)".format(name, value)) == 1
    # A database's name is never read as a connection string.
    assert not [word for word in command if "elsewhere" in word]
    assert (variables["PGDATABASE"], variables["PGPORT"]) == ("host=elsewhere", "5433")
    assert variables["PGHOST"] == "/run/own"
    assert set(variables["PGOPTIONS"].split(" -c ")) >= {
        "jit=off",
        "search_path=pg_catalog,pg_temp",
        "lock_timeout=5s",
        "statement_timeout=30s",
    }
    assert "default_transaction_read_only=on" in variables["PGOPTIONS"]


@pytest.mark.parametrize(("user", "owner"), [("postgres", "postgres"), ("someone", "postgres"), ("root", "")])
def test_anybody_else_asks_as_themselves(tmp_path, user, owner):
    host, programs = host_of(tmp_path, user=user, psql="")
    ask(host, owner)
    ((command, _script, variables),) = programs.calls
    assert command[0] == "psql"
    assert not {"PGHOST", "HOME"} & set(variables)


def test_root_asks_no_server_in_a_folder_of_root(tmp_path):
    host, programs = host_of(tmp_path, psql="")
    assert ask(host, "root").failure == "the data directory /data is root's, and PostgreSQL never runs as root"
    assert programs.calls == []


def test_an_owner_without_a_home_and_a_server_without_a_socket(tmp_path):
    write(tmp_path, "/data/postmaster.pid", "1\n/data\n2\n5433\n\n*\n")
    host, programs = host_of(tmp_path, psql="")
    ask(host, "no-such-user")
    assert not {"HOME", "PGHOST"} & set(programs.calls[0][2])


def test_a_query_prints_its_name_before_its_value_or_its_error():
    text = psql.query("hba", "\n  SELECT 1\n")
    assert text.startswith("SELECT 'hba ' || q.part::text FROM (SELECT 1) AS q (part);\n")
    assert "\\echo !hba :LAST_ERROR_MESSAGE\n" in text


def test_values_errors_and_queries_without_a_row():
    parts = psql.parse(Answer(0, 'a {"x": "\u2028\x85"}\n!b permission denied for view v\n\nc []\n', "ERROR: ..."))
    assert parts.values == {"a": {"x": "\u2028\x85"}, "c": []}
    assert parts.errors == {"b": "permission denied for view v"}
    assert parts.failure == ""


def test_a_message_of_several_lines_and_a_value_that_was_cut_off():
    parts = psql.parse(Answer(2, '!a could not open file "x\ny z": no\nb {"c": 1}\nd {"e": ', "lost"))
    assert (parts.values, parts.errors) == ({"b": {"c": 1}}, {"a": 'could not open file "x'})


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Answer(2, "", REFUSED), 'connection to server on socket "/x" failed: FATAL: role "a" does not exist'),
        (Answer(1, "", "runuser: user pg does not exist\n"), "runuser: user pg does not exist"),
        (Answer(NOT_FOUND, "", "psql: No such file or directory"), "the host has no program psql"),
        (Answer(3, "", ""), "psql ended with status 3"),
    ],
)
def test_a_login_that_fails(answer, failure):
    assert psql.parse(answer).failure == failure
