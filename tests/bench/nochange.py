# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task with nothing to change, for fifty datasources on one server."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Collection, Dict, Iterator, List, Tuple
from xml.etree import ElementTree

from measured import RUNS, Ratio
from servers import PASSWORD, ROOT, Database, Server

DATASOURCES = 50

#: Name to unit.
NAMES = {"statements_50_vs_1": "statements", "nochange_50_vs_ping": "seconds"}

# The session that counts is in another database.
RESET = "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = %s"
COUNT = """
    SELECT sum(s.calls) FROM pg_stat_statements AS s JOIN pg_database AS d ON d.oid = s.dbid WHERE d.datname = %s
"""


def measure(server: Server, names: Collection[str]) -> Iterator[Ratio]:
    """Measure what is named of C(NAMES)."""
    server.sql("postgres", "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    many = _database(server, DATASOURCES)
    if "statements_50_vs_1" in names:
        one = _database(server, 1)
        counts = [(_statements(many, DATASOURCES), _statements(one, 1)) for _run in range(RUNS)]
        yield _ratio("statements_50_vs_1", counts, limit=1)
    if "nochange_50_vs_ping" in names:
        yield _ratio("nochange_50_vs_ping", _play(many))


def _ratio(name: str, pairs: Collection[Tuple[float, float]], **limit: float) -> Ratio:
    return Ratio(name, NAMES[name], [pair[0] for pair in pairs], [pair[1] for pair in pairs], **limit)


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
    database.server.sql("postgres", RESET, (database.name,))
    assert not database.ok("datasources", **_task(datasources)).changed
    ((count,),) = database.server.sql("postgres", COUNT, (database.name,))
    return int(count)


def _play(database: Database) -> List[Tuple[float, float]]:
    """Return how long the task and a ping took in each run, as ansible-playbook tells it."""
    task = {"name": "datasources", "pgfleet.powa.datasources": _task(DATASOURCES)}
    ping = {"name": "ping", "ansible.builtin.ping": None}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "module_defaults": {"group/pgfleet.powa.powa": database.login},
        # The first of each is not counted: Ansible looks for a module once.
        "tasks": [dict(each) for _run in range(RUNS + 1) for each in (ping, task)],
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "play.json")
        path.write_text(json.dumps([play]))
        path.chmod(0o600)
        done = subprocess.run(
            ["ansible-playbook", "--inventory", "localhost,", str(path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env=dict(
                os.environ,
                ANSIBLE_NOCOLOR="1",
                ANSIBLE_CALLBACKS_ENABLED="junit",
                JUNIT_OUTPUT_DIR=folder,
                JUNIT_HIDE_TASK_ARGUMENTS="true",
            ),
        )
        assert done.returncode == 0 and " changed=0 " in done.stdout, done.stdout.replace(PASSWORD, "...")
        (report,) = Path(folder).glob("*.xml")
        cases = ElementTree.parse(str(report)).findall(".//testcase")
    took = [(str(case.get("name")), float(str(case.get("time")))) for case in cases]
    pings = [time for name, time in took if name.endswith("ping")]
    tasks = [time for name, time in took if name.endswith("datasources")]
    assert len(pings) == len(tasks) == RUNS + 1, took
    return list(zip(tasks, pings))[1:]
