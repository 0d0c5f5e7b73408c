# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fleet of 300 servers with 50 datasources costs.

The remotes are estimated: their role is measured on 10, 20 and 40 servers of this host, and what 20 take grows along
the line that fits all three best. The repository is measured, since a repository with 300 servers is one database.
"""

from __future__ import annotations

from functools import partial
from statistics import mean
from typing import Any, Collection, Dict, Iterator, List, Mapping, Tuple

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
#: What ends the name of each measure: of the first run, and of the one after it.
FIRST, NOCHANGE = "_first", "_nochange"

#: What ends with C(FIRST): the unit, and what is measured. The same is measured with nothing to change.
_FIRST = {
    "fleet300": ("minutes", "the first run for 300 servers with 50 datasources: all `fleet300_*` below together"),
    "fleet300_remotes": (
        "minutes",
        "the role `remote` on 300 servers with 50 datasources: what 20 take, and the slope between 10, 20 and 40 for"
        " the others",
    ),
    "fleet300_datasources": (
        "minutes",
        "module `datasources` on a repository (PoWA 5) with 50 datasources, and what 300 remotes have returned",
    ),
    "fleet300_servers": ("minutes", "module `servers` on it, for 300 servers"),
    "remotes20": ("minutes", "the role `remote` on 20 servers with 50 datasources, as measured"),
    "remotes_one_more": ("s", "each server more, by the slope between 10, 20 and 40"),
}
PARTS = ("fleet300_remotes", "fleet300_datasources", "fleet300_servers")
NAMES = {
    **{name + FIRST: Subject(unit, what, is_amount=True) for name, (unit, what) in _FIRST.items()},
    **{
        name + NOCHANGE: Subject(unit, "`{0}` with nothing to change".format(name + FIRST), is_amount=True)
        for name, (unit, _what) in _FIRST.items()
    },
}


def measure(names: Collection[str]) -> Iterator[Measure]:
    """Measure what is named of C(NAMES), of which everything is needed for the sums."""
    runs = {**_runs_of_remotes(), **_runs_of_repository()}
    for kind in (FIRST, NOCHANGE):
        runs["fleet300" + kind] = [sum(parts) for parts in zip(*(runs[part + kind] for part in PARTS))]
    for name, subject in NAMES.items():
        if name in names:
            yield Amount(name, subject, [took / 60 if subject.unit == "minutes" else took for took in runs[name]])


def slope(took: Mapping[int, float]) -> float:
    """Return what each host more takes, by the line that fits best.

    :param took: seconds by the number of hosts
    """
    middle, average = mean(took), mean(took.values())
    return sum((number - middle) * (value - average) for number, value in took.items()) / sum(
        (number - middle) ** 2 for number in took
    )


def _runs_of_remotes() -> Dict[str, List[float]]:
    """Return seconds of each run."""
    runs: Dict[str, List[Dict[int, float]]] = {kind: [{} for _run in range(RUNS)] for kind in (FIRST, NOCHANGE)}
    for hosts in MEASURED:
        with running_fleet(hosts, declared_datasources(DATASOURCES)["datasources"]) as inventory:
            for run in range(RUNS):
                clusters("reset", hosts)
                for kind in (FIRST, NOCHANGE):
                    played = play(BENCH / OURS, inventory)
                    assert bool(played.changed) is (kind == FIRST)
                    runs[kind][run][hosts] = played.seconds
    found: Dict[str, List[float]] = {}
    for kind, measured in runs.items():
        found["remotes20" + kind] = [took[BASE] for took in measured]
        found["remotes_one_more" + kind] = [slope(took) for took in measured]
        found["fleet300_remotes" + kind] = [took[BASE] + slope(took) * (HOSTS - BASE) for took in measured]
    return found


def _runs_of_repository() -> Dict[str, List[float]]:
    """Return seconds of each run."""
    tasks = _tasks()
    runs: Dict[str, List[float]] = {
        "fleet300_{0}{1}".format(module, kind): [] for module, _params in tasks for kind in (FIRST, NOCHANGE)
    }
    with running_server("5", "-large") as server:
        for run in range(RUNS):
            name = "large_{0}".format(run)
            server.sql("postgres", "CREATE DATABASE {0} TEMPLATE powa_template".format(name))
            database = Database(server, name)
            for kind in (FIRST, NOCHANGE):
                for module, params in tasks:
                    took = seconds(partial(_run, database, module, params, kind))
                    runs["fleet300_{0}{1}".format(module, kind)].append(took)
    return runs


def _tasks() -> List[Tuple[str, Dict[str, Any]]]:
    """Return the modules of a repository with their options, in the order of the role."""
    declared, servers = declared_datasources(DATASOURCES), declared_servers(HOSTS)
    answers = [
        {
            "name": datasource["name"],
            "key_columns": [{"name": "mode", "type": "text"}],
            "metric_columns": [{"name": "held", "type": "bigint"}],
            "rows": 8.0,
        }
        for datasource in declared["datasources"]
    ]
    aliases = [server["alias"] for server in servers]
    declared["remote_results"] = [{"server": alias, "datasources": answers} for alias in aliases]
    declared["ready_servers"] = aliases
    return [("servers", {"servers": servers, "register_datasources": False}), ("datasources", declared)]


def _run(database: Database, module: str, params: Dict[str, Any], kind: str) -> None:
    result, _peak = run_module(database, module, params)
    assert not result.failed and result.changed is (kind == FIRST), str(result.result)[:2000]
