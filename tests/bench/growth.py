# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task takes for many servers or datasources, against what it takes for few.

The modules run as processes of their own, without Ansible, whose time would hide how theirs grows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Collection, Dict, Iterator, List, Mapping, Tuple

from bulk import DATASOURCES, FEW, SERVERS, SUFFIXES, declared_datasources, declared_servers, repository, run_module
from measured import RUNS, Measure, Ratio, Subject, seconds
from servers import Database, Server, running_server
from statements import count_statements

MANY = 10_000
#: Datasources of C(server_info), and those whose queries are described.
READ = 100
DESCRIBED = 50
ROLE = "powa"

#: What is measured with PoWA 4; with PoWA 5 it has another name.
SUBJECTS = {
    "bulk_10000_vs_1000": Subject(
        "seconds", "module `servers` that registers 10,000 servers with 10 datasources each, against 1,000", 12
    ),
    "bulk_nochange_10000_vs_1000": Subject(
        "seconds", "the same module when there is nothing to change, for 10,000 servers against 1,000", 12
    ),
    "info_1000_servers_vs_10": Subject(
        "statements",
        "SQL statements that `server_info` sends to a repository with 1,000 servers, against 10",
        1,
    ),
    "info_100_jit": Subject(
        "seconds",
        "`server_info` of a repository with 100 datasources, on a server with `jit = on` against `jit = off`",
        1.2,
    ),
    "describe_50_vs_1": Subject(
        "statements",
        "SQL statements that `datasources` sends in check mode to have a remote describe 50 queries that are new to it,"
        " against 1",
        1,
    ),
}
NAMES = {
    name + suffix: replace(subject, what="{0} (PoWA {1})".format(subject.what, powa))
    for powa, suffix in SUFFIXES.items()
    for name, subject in SUBJECTS.items()
}

#: What both sides took, run by run.
Values = List[Tuple[float, float]]


def measure(names: Collection[str]) -> Iterator[Measure]:
    """Measure what is named of C(NAMES)."""
    for powa, suffix in SUFFIXES.items():
        wanted = [name for name in SUBJECTS if name + suffix in names]
        if wanted:
            with running_server(powa, "-growth") as server:
                for name, values in _measure(server, wanted):
                    ours, theirs = zip(*values)
                    yield Ratio(name + suffix, NAMES[name + suffix], ours, theirs)


def _measure(server: Server, names: Collection[str]) -> Iterator[Tuple[str, Values]]:
    server.sql("postgres", "CREATE DATABASE bulk TEMPLATE powa_template")
    Database(server, "bulk").ok("datasources", **declared_datasources(DATASOURCES))
    bulk = ("bulk_10000_vs_1000", "bulk_nochange_10000_vs_1000")
    if set(bulk) & set(names):
        runs = [tuple(_bulk(server, number) for number in (MANY, SERVERS)) for _run in range(RUNS)]
        for position, name in enumerate(bulk):
            if name in names:
                yield name, [(many[position], few[position]) for many, few in runs]
    measures: Mapping[str, Callable[[Server], Values]] = {
        "info_1000_servers_vs_10": _info_of_servers,
        "info_100_jit": _info_with_jit,
        "describe_50_vs_1": _describe,
    }
    for name, values in measures.items():
        if name in names:
            yield name, values(server)


def _seconds(database: Database, module: str, params: Dict[str, Any], changed: bool) -> float:
    results: List[Any] = []
    took = seconds(lambda: results.append(run_module(database, module, params)[0]))
    assert not results[0].failed and results[0].changed is changed, str(results[0].result)[:2000]
    return took


def _bulk(server: Server, number: int) -> Tuple[float, float]:
    """Return what registering so many servers takes, and the same task again."""
    params = {"servers": declared_servers(number)}
    with repository(server, "bulk_{0}".format(number)) as database:
        first = _seconds(database, "servers", params, True)
        # What autovacuum does soon.
        database.sql("VACUUM (ANALYZE)")
        return first, _seconds(database, "servers", params, False)


def _info_of_servers(server: Server) -> Values:
    counts = []
    for number in (SERVERS, FEW):
        with repository(server, "info_{0}".format(number)) as database:
            database.ok("servers", servers=declared_servers(number))
            counts.append([count_statements(database, lambda: _read(database)) for _run in range(RUNS)])
    return list(zip(*counts))


def _read(database: Database) -> float:
    return _seconds(database, "server_info", {"collector_timeout": 0}, False)


def _info_with_jit(server: Server) -> Values:
    with repository(server, "info_jit") as database:
        database.ok("datasources", **declared_datasources(READ))
        database.ok("servers", servers=declared_servers(FEW))
        # What autovacuum does soon.
        database.sql("VACUUM (ANALYZE)")
        values = []
        for run in range(RUNS):
            # Another one first in each run.
            order = (True, False) if run % 2 else (False, True)
            took = {jit: _read_with(database, jit) for jit in order}
            values.append((took[True], took[False]))
    return values


def _read_with(database: Database, jit: bool) -> float:
    database.sql("ALTER DATABASE {0} SET jit = {1}".format(database.name, "on" if jit else "off"))
    return _read(database)


def _describe(server: Server) -> Values:
    server.sql("postgres", "CREATE DATABASE described TEMPLATE powa_template")
    database = Database(server, "described")

    def count(number: int) -> int:
        params = {**declared_datasources(number), "server_kind": ["remote"], "monitoring_role": ROLE}
        return count_statements(database, lambda: database.ok("datasources", check=True, **params))

    return [(count(DESCRIBED), count(1)) for _run in range(RUNS)]
