# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Samples with too many rows for their keys, for the time, or for the disk."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_sizes import (
    disk_problems,
    duplicate_key_problems,
)

from .samples import datasource, found, identities, of_server, recent, server

GIB = 2**30


def cost(at_retention):
    return {"rows": 8, "bytes_per_row": 20.0, "bytes_per_day": at_retention // 7, "bytes_at_retention": at_retention}


@pytest.mark.parametrize(
    ("definition", "have"),
    [
        (
            {"keys": [{"name": "mode"}, {"name": "pid"}]},
            "have the same keys (mode, pid) as another row of their sample",
        ),
        ({"scope": "database", "keys": [{"name": "mode"}]}, "have the same keys (dbid, mode) as another row of"),
        ({"keys": []}, "stand beside another row of their sample, and there are no keys to tell them apart"),
        # The definition is damaged.
        (None, "stand beside another row"),
    ],
)
def test_rows_with_the_same_keys_are_one_problem_of_all_servers(definition, have):
    entries = [of_server(name=name, recent=recent(duplicates=2, read=40)) for name in ("one", "two")]
    entries.append(of_server(name="three", recent=recent()))
    (problem,) = duplicate_key_problems(found(datasources=[datasource(definition=definition, servers=entries)]))
    assert identities([problem]) == [("duplicate_keys", None, "locks", None)]
    assert problem.problem.startswith("of 80 rows, 4 " + have) and problem.problem.endswith(", on one, two")


def test_without_samples_or_costs_nothing_is_said():
    assert list(duplicate_key_problems(found())) == [] == list(disk_problems(found(disk_free=0)))


def large(*sizes, disk_free, there=0, waiting=0):
    """Return a repository with datasources of two servers that have equal parts in them.

    :param there: bytes of history that each has
    :param waiting: bytes of samples that no aggregation has taken yet
    """
    halves = [{"srvid": 1, "name": "one"}, {"srvid": 2, "name": "two"}]
    return found(
        disk_free=disk_free,
        servers=[server(), server(2, "two")],
        datasources=[
            datasource(
                "d{0}".format(position),
                cost=cost(size),
                bytes={"transient": 0, "current": waiting, "history": there},
                servers=[of_server(**half, cost=cost(size // 2)) for half in halves],
            )
            for position, size in enumerate(sizes)
        ],
    )


@pytest.mark.parametrize(
    ("sizes", "options", "problems"),
    [
        ((4 * GIB, 4 * GIB), {"disk_free": None}, []),
        ((4 * GIB, 4 * GIB), {"disk_free": 9 * GIB}, []),
        # What is there already needs no more space.
        ((4 * GIB, 4 * GIB), {"disk_free": 7 * GIB, "there": GIB}, []),
        # The samples that wait for aggregation will be as many later.
        ((4 * GIB, 4 * GIB), {"disk_free": 7 * GIB, "waiting": GIB}, [(None, None, "disk")]),
        ((4 * GIB, 4 * GIB), {"disk_free": 7 * GIB}, [(None, None, "disk")]),
        ((9 * GIB, GIB), {"disk_free": 7 * GIB}, [(None, "d0", None)]),
        ((4 * GIB, 4 * GIB, 4 * GIB), {"disk_free": 5 * GIB}, [("one", None, None), ("two", None, None)]),
    ],
)
def test_history_that_will_not_fit(sizes, options, problems):
    told = list(disk_problems(large(*sizes, **options)))
    assert identities(told) == [("history_too_large", *problem) for problem in problems]


def test_the_sizes_are_told():
    (problem,) = disk_problems(large(9 * GIB, GIB, disk_free=7 * GIB))
    assert problem.problem == "its history will take 9.0 GiB more, and 7.0 GiB are free"
    assert "1.3 GiB" in problem.cause
    (problem,) = disk_problems(large(4 * GIB, 5 * GIB, disk_free=7 * GIB))
    assert problem.cause == "the largest will be d1 (5.0 GiB), d0 (4.0 GiB)"


def test_a_server_is_told_what_it_takes_itself():
    fleet = large(4 * GIB, 6 * GIB, disk_free=7 * GIB)
    # Server one has nearly all of the first datasource, and nothing is known of the second.
    fleet["datasources"][0]["servers"][0]["cost"] = cost(8 * GIB)
    fleet["datasources"][0]["cost"] = cost(9 * GIB)
    fleet["datasources"][0]["bytes"]["history"] = GIB
    fleet["datasources"][1]["servers"][0]["cost"] = None
    fleet["disk_free"] = 7 * GIB
    of_one = [problem for problem in disk_problems(fleet) if problem.server]
    assert [problem.server for problem in of_one] == ["one"]
    assert of_one[0].cause == "of this server, the largest will be d0 (8.0 GiB)"
