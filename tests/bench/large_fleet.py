# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fleet of 300 servers with 50 datasources costs.

The remotes are estimated: their role is measured on 10, 20 and 40 servers of this host, and what 20 take grows along
the line that fits all three best. The repository is measured, since a repository with 300 servers is one database.
"""

from __future__ import annotations

from statistics import mean
from typing import Any, Collection, Dict, Iterator, List, Mapping

from bulk import declared_datasources, declared_servers, run_module
from fleet import OURS, clusters, running_fleet
from measured import Amount, Measure, Subject, seconds
from playing import BENCH, play
from servers import Database, running_server

HOSTS = 300
DATASOURCES = 50
#: How many servers are measured, and of which the estimate begins.
MEASURED = (10, 20, 40)
BASE = 20
#: Of each, since a run takes minutes and their values lie close together.
RUNS = 3

REMOTES = {
    "fleet300_remotes_first": Subject(
        "minutes",
        "the role `remote` on 300 servers with 50 datasources, the first time: what 20 take, and the slope between 10,"
        " 20 and 40 for the others",
        is_amount=True,
    ),
    "fleet300_remotes_nochange": Subject("minutes", "the same with nothing to change", is_amount=True),
}
REPOSITORY = {
    "fleet300_repository_first": Subject(
        "minutes",
        "modules `datasources` and `servers` on a repository (PoWA 5) for 300 servers with 50 datasources, the first"
        " time",
        is_amount=True,
    ),
    "fleet300_repository_nochange": Subject("minutes", "the same with nothing to change", is_amount=True),
}
NAMES = {**REMOTES, **REPOSITORY}


def measure(names: Collection[str]) -> Iterator[Measure]:
    """Measure what is named of C(NAMES)."""
    for subjects, runs_of in ((REMOTES, _runs_of_remotes), (REPOSITORY, _runs_of_repository)):
        wanted = [name for name in subjects if name in names]
        if wanted:
            runs = runs_of()
            for name in wanted:
                yield Amount(name, NAMES[name], [took / 60 for took in runs[name]])


def estimated(hosts: int, took: Mapping[int, float]) -> float:
    """Return what so many hosts take, from what C(BASE) and others do.

    :param took: seconds by the number of hosts
    """
    middle, average = mean(took), mean(took.values())
    slope = sum((number - middle) * (value - average) for number, value in took.items()) / sum(
        (number - middle) ** 2 for number in took
    )
    return took[BASE] + slope * (hosts - BASE)


def _runs_of_remotes() -> Dict[str, List[float]]:
    first: List[Dict[int, float]] = [{} for _run in range(RUNS)]
    again: List[Dict[int, float]] = [{} for _run in range(RUNS)]
    for hosts in MEASURED:
        with running_fleet(hosts, declared_datasources(DATASOURCES)["datasources"]) as inventory:
            for run in range(RUNS):
                clusters("reset", hosts)
                played = [play(BENCH / OURS, inventory) for _time in range(2)]
                assert played[0].changed and not played[1].changed
                first[run][hosts], again[run][hosts] = (each.seconds for each in played)
    return {name: [estimated(HOSTS, took) for took in runs] for name, runs in zip(REMOTES, (first, again))}


def _runs_of_repository() -> Dict[str, List[float]]:
    runs: Dict[str, List[float]] = {name: [] for name in REPOSITORY}
    with running_server("5", "-large") as server:
        for run in range(RUNS):
            name = "large_{0}".format(run)
            server.sql("postgres", "CREATE DATABASE {0} TEMPLATE powa_template".format(name))
            database = Database(server, name)
            for kind, changed in zip(REPOSITORY, (True, False)):
                runs[kind].append(seconds(lambda database=database, changed=changed: _declare(database, changed)))
    return runs


def _declare(database: Database, changed: bool) -> None:
    tasks: Dict[str, Dict[str, Any]] = {
        "datasources": declared_datasources(DATASOURCES),
        "servers": {"servers": declared_servers(HOSTS)},
    }
    for module, params in tasks.items():
        result, _peak = run_module(database, module, params)
        assert not result.failed and result.changed is changed, str(result.result)[:2000]
