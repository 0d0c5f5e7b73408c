# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thousand servers, each with ten datasources, in one task.

The datasources were declared on the repository before, for all servers. The loop registers ten servers in each of the
five runs, fifty in all, and what it takes is multiplied by a hundred. Both write the same rows.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Collection, Dict, Iterator, List, Tuple

from measured import RUNS, Amount, Measure, Ratio, Subject
from playing import BENCH, play
from servers import ROOT, Database, ModuleResult, Server, running_server
from statements import count_statements

SERVERS = 1000
FEW = 10
DATASOURCES = 10
#: Servers of the loop in each run.
LOOPED = 10
#: Rows of PoWA's registry for each server, at least one for each of four operations of a datasource.
ROWS_OF_SERVER = 40

#: What is measured with PoWA 4; with PoWA 5 it has another name.
SUBJECTS = {
    "bulk_vs_loop": Subject(
        "seconds",
        "one `servers` task that registers 1,000 servers with 10 datasources each, against `postgresql_query` in a loop"
        " (measured for 50 servers, 10 in each run, and scaled by count): at least 100 times faster is at most 0.01",
        0.01,
    ),
    "bulk_nochange_vs_ping": Subject(
        "seconds", "the same task when there is nothing to change, against one `ansible.builtin.ping`", 2.5
    ),
    "statements_1000_vs_10": Subject(
        "statements",
        "SQL statements that `servers` sends to register the servers, and again with nothing to change:"
        " 1,000 servers against 10",
        1,
    ),
    "statements_declaring": Subject(
        "statements",
        "SQL statements that `datasources` sends for one more datasource, and again with nothing to change,"
        " on a repository with 1,000 servers against one with 10",
        1,
    ),
    "bulk_peak_mib": Subject(
        "MiB", "peak memory of the module that registers 1,000 servers with 10 datasources each", is_amount=True
    ),
}
SUFFIXES = {"4": "", "5": "_powa5"}
NAMES = {
    name + suffix: replace(subject, what="{0} (PoWA {1})".format(subject.what, powa))
    for powa, suffix in SUFFIXES.items()
    for name, subject in SUBJECTS.items()
}

# All that a server has, but for its number.
REGISTERED = """
    SELECT (to_jsonb(s) - 'id')::text FROM powa_servers AS s WHERE s.hostname = ANY (%(hostnames)s)
    UNION ALL
    SELECT jsonb_build_array(s.hostname, to_jsonb(r) - 'srvid')::text
    FROM {0} AS r JOIN powa_servers AS s ON s.id = r.srvid WHERE s.hostname = ANY (%(hostnames)s)
    ORDER BY 1
"""
REGISTRY = {"4": "powa_functions", "5": "powa_extension_config"}
ROWS = "SELECT count(*) FROM powa_functions AS f WHERE f.srvid > 0 AND f.function_name LIKE 'powa\\_bulk\\_%'"

# The process says what it needed at most; the system's count of a child's memory begins with that of its parent.
PEAK = """
import atexit, runpy, sys

def tell():
    with open("/proc/self/status") as status:
        print(*(line for line in status if line.startswith("VmHWM:")), file=sys.stderr)

atexit.register(tell)
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


def measure(names: Collection[str]) -> Iterator[Measure]:
    """Measure what is named of C(NAMES)."""
    for powa, suffix in SUFFIXES.items():
        wanted = [name for name in SUBJECTS if name + suffix in names]
        if wanted:
            with running_server(powa, "-bulk") as server:
                for name, values in _measure(server, wanted).items():
                    full = name + suffix
                    if SUBJECTS[name].is_amount:
                        yield Amount(full, NAMES[full], values)
                    else:
                        ours, theirs = zip(*values)
                        yield Ratio(full, NAMES[full], ours, theirs)


def _measure(server: Server, names: Collection[str]) -> Dict[str, List[Any]]:
    server.sql("postgres", "CREATE DATABASE bulk TEMPLATE powa_template")
    Database(server, "bulk").ok("datasources", **declared_datasources(DATASOURCES))
    values: Dict[str, List[Any]] = {name: [] for name in names}
    for _run in range(RUNS):
        run: Dict[str, Any] = {}
        if {"bulk_vs_loop", "bulk_nochange_vs_ping"} & set(names):
            run.update(_times(server, with_loop="bulk_vs_loop" in names))
        if {"statements_1000_vs_10", "statements_declaring", "bulk_peak_mib"} & set(names):
            run.update(_modules(server))
        for name in names:
            values[name].append(run[name])
    return values


def declared_datasources(number: int) -> Dict[str, Any]:
    """Return the options of a task for a repository."""
    return {
        "server_kind": ["repository"],
        "collector_role": "powa_collector",
        "datasources": [
            {
                "name": "bulk_{0}".format(datasource),
                "query": "SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode",
                "keys": [{"name": "mode", "type": "text"}],
                "metrics": [{"name": "held", "type": "bigint", "kind": "gauge"}],
            }
            for datasource in range(number)
        ],
    }


def declared_servers(number: int) -> List[Dict[str, Any]]:
    """Return the servers of a task."""
    return [
        {
            "hostname": "db{0}.example.com".format(server),
            "port": 5432,
            "alias": "db{0}".format(server),
            "frequency": 60,
            "retention": "7 days",
        }
        for server in range(number)
    ]


@contextmanager
def repository(server: Server, name: str) -> Iterator[Database]:
    """A database where the datasources are declared and no server is registered."""
    server.sql("postgres", 'CREATE DATABASE "{0}" TEMPLATE bulk'.format(name))
    try:
        yield Database(server, name)
    finally:
        server.sql("postgres", 'DROP DATABASE "{0}" WITH (FORCE)'.format(name))


def _registered(database: Database, servers: int) -> List[Tuple[Any, ...]]:
    """Return all that is written about so many servers."""
    hostnames = [spec["hostname"] for spec in declared_servers(servers)]
    return database.sql(REGISTERED.format(REGISTRY[database.powa]), {"hostnames": hostnames})


def _times(server: Server, with_loop: bool) -> Dict[str, Tuple[float, float]]:
    """Return seconds of both sides."""
    times = {}
    with repository(server, "bulk_ours") as ours:
        variables = {"login": ours.login, "servers": declared_servers(SERVERS)}
        first = play(BENCH / "bulk_servers.yml", "localhost,", variables)
        assert first.changed == 1
        rows = ours.value(ROWS)
        assert rows >= SERVERS * ROWS_OF_SERVER, "only {0} rows".format(rows)
        # What autovacuum does soon.
        ours.sql("VACUUM (ANALYZE)")
        second = play(BENCH / "bulk_nochange.yml", "localhost,", variables)
        assert second.changed == 0
        times["bulk_nochange_vs_ping"] = (second.tasks["Servers"], second.tasks["Ping"])
        if with_loop:
            with repository(server, "bulk_theirs") as theirs:
                names = [definition["name"] for definition in declared_datasources(DATASOURCES)["datasources"]]
                variables = {
                    "login": theirs.login,
                    "powa": theirs.powa,
                    "servers": [dict(spec, datasources=names) for spec in declared_servers(LOOPED)],
                }
                loop = play(BENCH / "bulk_loop.yml", "localhost,", variables).tasks
                assert _registered(ours, LOOPED) == _registered(theirs, LOOPED)
            took = loop["Register each server"] + loop["Activate each datasource on each server"]
            times["bulk_vs_loop"] = (first.tasks["Servers"], took * SERVERS / LOOPED)
    return times


def _modules(server: Server) -> Dict[str, Any]:
    """Return statements of both sides, and the memory of ours."""
    ours, theirs = (_module(server, number) for number in (SERVERS, FEW))
    return {
        "statements_1000_vs_10": (ours[0], theirs[0]),
        "statements_declaring": (ours[1], theirs[1]),
        "bulk_peak_mib": ours[2],
    }


def _module(server: Server, number: int) -> Tuple[int, int, float]:
    """Return the statements of C(servers) and of C(datasources), and the memory of the former in MiB."""
    with repository(server, "bulk_{0}".format(number)) as database:
        servers, peak = _statements(database, "servers", {"servers": declared_servers(number)})
        datasources, _peak = _statements(database, "datasources", declared_datasources(DATASOURCES + 1))
        return servers, datasources, peak


def _statements(database: Database, module: str, params: Dict[str, Any]) -> Tuple[int, float]:
    """Run a module twice, and return how many statements both sent, and the most memory that one needed, in MiB."""
    peaks = []

    def run() -> None:
        for changed in (True, False):
            result, peak = run_module(database, module, params)
            assert not result.failed and result.changed is changed, str(result.result)[:2000]
            peaks.append(peak)

    return count_statements(database, run), max(peaks)


def run_module(database: Database, module: str, params: Dict[str, Any]) -> Tuple[ModuleResult, float]:
    """Run a module as a process of its own, and return its result and the most memory that it needed, in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, "ansible_collections.pgfleet.powa.plugins.modules." + module],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": dict(database.login, **params)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=dict(os.environ, PYTHONPATH=str(ROOT / ".collections")),
    )
    found = re.search(r"VmHWM:\s+(\d+) kB", done.stderr)
    assert found and "Traceback" not in done.stderr, done.stderr
    return ModuleResult(json.loads(done.stdout)), int(found.group(1)) / 1024
