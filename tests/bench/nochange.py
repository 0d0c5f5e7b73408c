# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task with nothing to change, for fifty datasources on one server."""

from __future__ import annotations

from typing import Any, Collection, Dict, Iterator

from measured import RUNS, Measure, Ratio, Subject
from playing import BENCH, play
from servers import Database, Server, running_server
from statements import count_statements

DATASOURCES = 50

NAMES = {
    "statements_50_vs_1": Subject(
        "statements", "SQL statements of a run of `datasources` that changes nothing, for 50 datasources against 1", 1
    ),
    "nochange_50_vs_ping": Subject("seconds", "the same run for 50 datasources, against one `ansible.builtin.ping`", 2),
}


def measure(names: Collection[str]) -> Iterator[Measure]:
    """Measure what is named of C(NAMES)."""
    with running_server("4", "-bench") as server:
        many = _database(server, DATASOURCES)
        if "statements_50_vs_1" in names:
            one = _database(server, 1)
            ours = [_statements(many, DATASOURCES) for _run in range(RUNS)]
            theirs = [_statements(one, 1) for _run in range(RUNS)]
            yield Ratio("statements_50_vs_1", NAMES["statements_50_vs_1"], ours, theirs)
        if "nochange_50_vs_ping" in names:
            variables = dict(_task(DATASOURCES), login=many.login)
            runs = [play(BENCH / "nochange.yml", "localhost,", variables) for _run in range(RUNS)]
            assert not any(run.changed for run in runs)
            ours, theirs = [run.tasks["Datasources"] for run in runs], [run.tasks["Ping"] for run in runs]
            yield Ratio("nochange_50_vs_ping", NAMES["nochange_50_vs_ping"], ours, theirs)


def _task(datasources: int) -> Dict[str, Any]:
    """Return the options of a task for a server that is monitored and keeps the history, too."""
    return {
        "server_kind": ["remote", "repository"],
        "monitoring_role": "powa",
        "collector_role": "powa_collector",
        "datasources": [
            {
                "name": "locks_{0}".format(number),
                "description": "Locks held, by mode",
                "query": "SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode",
                "keys": [{"name": "mode", "type": "text"}],
                "metrics": [{"name": "held", "type": "bigint", "kind": "gauge"}],
            }
            for number in range(datasources)
        ],
    }


def _database(server: Server, datasources: int) -> Database:
    """Return a database where that many datasources are there already."""
    name = "nochange_{0}".format(datasources)
    server.sql("postgres", 'CREATE DATABASE "{0}" TEMPLATE powa_template'.format(name))
    database = Database(server, name)
    database.register("monitored")
    database.ok("datasources", **_task(datasources))
    return database


def _statements(database: Database, datasources: int) -> int:
    """Return how many statements a run sends that changes nothing."""

    def run() -> None:
        assert not database.ok("datasources", **_task(datasources)).changed

    return count_statements(database, run)
