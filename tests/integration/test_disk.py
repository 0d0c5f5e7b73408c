# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""History that will not fit on the disk, and what is free there: for a server, for all, and as the doctor says it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import pytest
import yaml
from servers import Database, Server, run_playbook
from test_doctor_files import FOUND, doctor

BOTH: Dict[str, Any] = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
DATASOURCES: List[Dict[str, Any]] = [
    {
        "name": name,
        "query": "SELECT n, n::bigint AS value FROM generate_series(1, 1000) AS g (n)",
        "keys": [{"name": "n", "type": "integer"}],
        "metrics": [{"name": "value", "type": "bigint", "kind": "gauge"}],
    }
    for name in ("first", "second")
]
#: Ten eleventh of the history are of one server.
SERVERS = [
    {"hostname": "often", "frequency": 60, "retention": "70 days"},
    {"hostname": "rarely", "frequency": 600, "retention": "70 days"},
]
SIZE_NOW = "SELECT pg_total_relation_size('powa_{0}_history') + pg_total_relation_size('powa_{0}_history_current')"
#: In the words of a problem: datasource, server, and subject.
Who = Tuple[Optional[str], Optional[str], Optional[str]]
FIRST, SECOND, OFTEN, ALL = ("first", None, None), ("second", None, None), (None, "often", None), (None, None, "disk")
UNITS = {"GiB": 2**30, "MiB": 2**20}
#: What PostgreSQL and others may write meanwhile.
SLACK = 32 * 2**20
PLAY = """
- hosts: all
  gather_facts: false
  become: true
  become_user: postgres
  tasks:
    - pgfleet.powa.server_info: {login_db: "{{ database }}"}
      register: found
    - debug: {msg: "disk_free={{ found.disk_free }}."}
"""


@pytest.fixture
def growing(database: Database) -> Database:
    """A repository with a sample of each datasource of each server."""
    srvids = database.register(*(str(server["hostname"]) for server in SERVERS))
    database.ok("servers", servers=SERVERS)
    database.ok("datasources", datasources=DATASOURCES, **BOTH)
    for srvid in srvids:
        for datasource in DATASOURCES:
            database.collect(datasource["name"], srvid)
        database.take_snapshot(srvid)
    return database


def look(database: Database, **params: Any) -> Dict[str, Any]:
    return database.ok("server_info", collector_timeout=0, **params).result


def too_large(problems: List[Dict[str, Any]]) -> Dict[Who, str]:
    """Return what is said of history that will not fit, by whose it is."""
    return {
        (problem["datasource"], problem["server"], problem["subject"]): problem["problem"]
        for problem in problems
        if problem["kind"] == "history_too_large"
    }


def growth(database: Database) -> List[float]:
    """Return the bytes that each datasource will take besides those that it takes now."""
    found = {entry["name"]: entry["cost"] for entry in look(database)["datasources"]}
    return [
        found[entry["name"]]["bytes_at_retention"] - float(database.value(SIZE_NOW.format(entry["name"])))
        for entry in DATASOURCES
    ]


def test_history_of_a_server_or_of_all_that_will_not_fit(growing: Database) -> None:
    first, second = growth(growing)
    assert first == pytest.approx(second, rel=0.01) and first > 2**30
    of_one_server = (first + second) * 10 / 11
    for free, expected in (
        (0.9 * first, {FIRST: first, SECOND: second, OFTEN: of_one_server}),
        # Each datasource would fit, and so would the other server.
        (1.5 * first, {OFTEN: of_one_server}),
        # So would each server.
        (1.9 * first, {ALL: first + second}),
        (2.1 * first, {}),
    ):
        found = too_large(look(growing, disk_free=int(free))["problems"])
        assert set(found) == set(expected)
        for who, text in found.items():
            sizes = [float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+) (GiB|MiB)", text)]
            assert sizes == pytest.approx([expected[who], free], rel=0.05), text


def test_the_doctor_is_told_what_is_free(growing: Database, tmp_path: Path) -> None:
    first, _second = growth(growing)
    shell = growing.server.shell
    try:
        for free, expected in ((int(0.9 * first), {FIRST, SECOND, OFTEN}), (10**18, set())):
            variables = {"powa_doctor_json": FOUND, "powa_doctor_host": growing.server.container}
            done = doctor(tmp_path, growing, powa_doctor_disk_free=free, **variables)
            assert done.returncode == 0, done.stdout
            problems = json.loads(shell("cat " + FOUND))["problems"]
            # What is wrong with the repository is so on its host.
            here = {growing.server.container: None}
            assert {
                (datasource, here.get(server, server), subject) for datasource, server, subject in too_large(problems)
            } == expected
    finally:
        shell("rm -f " + FOUND)


@pytest.fixture
def elsewhere(server: Server) -> Iterator[str]:
    """A database in a tablespace on another disk."""
    server.shell("install -d -o postgres -g postgres /dev/shm/elsewhere")
    server.sql("postgres", "CREATE TABLESPACE elsewhere LOCATION '/dev/shm/elsewhere'")
    server.sql("postgres", "CREATE DATABASE elsewhere TABLESPACE elsewhere")
    yield "elsewhere"
    server.sql("postgres", "DROP DATABASE elsewhere WITH (FORCE)")
    server.sql("postgres", "DROP TABLESPACE elsewhere")
    server.shell("rm -r /dev/shm/elsewhere")


def free(server: Server, folder: str) -> int:
    return int(server.shell("df --block-size=1 --output=avail {0} | tail -n 1".format(folder)))


def test_through_a_local_socket_it_says_what_df_says(server: Server, elsewhere: str, tmp_path: Path) -> None:
    ((data_directory,),) = server.sql("postgres", "SHOW data_directory")
    (tmp_path / "play.yml").write_text(PLAY)
    for database, folder in (("postgres", data_directory), (elsewhere, "/dev/shm/elsewhere")):
        connection = {
            "ansible_connection": "podman_pipelined",
            "ansible_python_interpreter": "/usr/bin/python3",
            "database": database,
        }
        (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {server.container: connection}}}))
        before = free(server, folder)
        done = run_playbook("--inventory", str(tmp_path / "hosts.yml"), str(tmp_path / "play.yml"))
        assert done.returncode == 0, done.stdout
        (found,) = map(int, re.findall(r"disk_free=(\d+)\.", done.stdout))
        after = free(server, folder)
        assert min(before, after) - SLACK <= found <= max(before, after) + SLACK
