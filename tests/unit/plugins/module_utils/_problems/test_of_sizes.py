# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Samples with too many rows for their keys, for the time, or for the disk."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_collection import snapshot_problems
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_sizes import (
    disk_problems,
    duplicate_key_problems,
    duration_text,
    slow_collection_problems,
)

from .samples import datasource, found, identities, of_server, server

GIB = 2**30


def recent(**changes):
    return {"snapshots": 5, "rows": 8, "duplicates": 0, "databases": None, "interval": 300.0, **changes}


def cost(at_retention):
    return {"rows": 8, "bytes_per_row": 20.0, "bytes_per_day": at_retention // 7, "bytes_at_retention": at_retention}


def slow(**changes):
    return found(
        servers=[server(frequency=10)],
        datasources=[datasource("sizes", servers=[of_server(recent=recent(databases=153, interval=270.0, **changes))])],
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (10, "10 seconds"),
        (119, "119 seconds"),
        (270, "4.5 minutes"),
        (7200, "2.0 hours"),
        (200000, "2.3 days"),
    ],
)
def test_a_duration_for_people(seconds, text):
    assert duration_text(seconds) == text


def test_databases_that_take_longer_than_the_frequency():
    (problem,) = slow_collection_problems(slow())
    assert identities([problem]) == [("collection_slow", "one", None, None)]
    assert problem.problem == "its snapshots are 270 seconds apart, expected one every 10 seconds"
    assert problem.cause.startswith("153 databases take 4.5 minutes at a frequency of 10 s")
    assert "sizes" in problem.cure and "restart" not in problem.cure


@pytest.mark.parametrize(
    "changes",
    [
        {"interval": 14.0},
        {"snapshots": 2},
        {"snapshots": 1, "interval": None},
        # Only some rows were read.
        {"interval": None},
        {"databases": None},
        {"databases": 1},
    ],
)
def test_what_is_not_slow_or_cannot_be_told(changes):
    entry = of_server(recent=recent(**{"databases": 153, "interval": 270.0, **changes}))
    fine = found(servers=[server(frequency=10)], datasources=[datasource(servers=[entry])])
    assert list(slow_collection_problems(fine)) == []


def test_a_server_or_datasource_that_is_not_enabled_is_not_slow():
    entry = of_server(recent=recent(databases=153, interval=270.0))
    for changes in (
        {"servers": [server(frequency=10, enabled=False)], "datasources": [datasource(servers=[entry])]},
        {"servers": [server(frequency=10)], "datasources": [datasource(servers=[dict(entry, enabled=False)])]},
    ):
        assert list(slow_collection_problems(found(**changes))) == []


def test_a_datasource_that_has_no_rows_each_time_is_not_slow():
    rarely = datasource("sizes", servers=[of_server(recent=recent(databases=153, interval=270.0))])
    often = datasource("locks", servers=[of_server(recent=recent(interval=11.0))])
    server_of_both = found(servers=[server(frequency=10)], datasources=[rarely, often])
    assert list(slow_collection_problems(server_of_both)) == []


def test_a_late_snapshot_of_many_databases_is_not_cured_by_a_restart():
    late = slow()
    late["servers"][0]["snapshots"]["age"] = 100
    (problem,) = snapshot_problems(late)
    assert problem.cause == "153 databases take 4.5 minutes at a frequency of 10 s"
    assert "restart" not in problem.cure


def test_rows_with_the_same_keys_are_one_problem_of_all_servers():
    entries = [of_server(name=name, recent=recent(duplicates=2)) for name in ("one", "two")]
    entries.append(of_server(name="three", recent=recent()))
    (problem,) = duplicate_key_problems(found(datasources=[datasource(servers=entries)]))
    assert identities([problem]) == [("duplicate_keys", None, "locks", None)]
    assert problem.problem == "rows of one sample have the same keys, on one, two"


def test_without_samples_or_costs_nothing_is_said():
    assert list(duplicate_key_problems(found())) == [] == list(disk_problems(found(disk_free=0)))


def large(*sizes, disk_free, there=0):
    """Return a repository with datasources of two servers that have equal parts in them."""
    halves = [{"srvid": 1, "name": "one"}, {"srvid": 2, "name": "two"}]
    return found(
        disk_free=disk_free,
        servers=[server(), server(2, "two")],
        datasources=[
            datasource(
                "d{0}".format(position),
                cost=cost(size),
                bytes={"transient": 0, "current": 0, "history": there},
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
