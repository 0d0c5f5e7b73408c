# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots that take longer than the frequency of their server, and what is blamed for it."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_collection import snapshot_problems
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_slow_snapshots import (
    duration_text,
    slow_collection_problems,
)

from .samples import collecting, collector, datasource, found, identities, of_server, recent, server

FEWER = "name fewer databases (field databases) in sizes"
FASTER = "have faster queries in locks"
EXTENSIONS = "powa_stats_extensions"


def sizes(**changes):
    """A datasource that is collected from each of 153 databases."""
    latest = None if changes.get("recent", ...) is None else recent(**{"databases": 153, "interval": 270.0, **changes})
    return datasource("sizes", definition={"scope": "database"}, servers=[of_server(recent=latest)])


def locks(**changes):
    return datasource("locks", definition={"scope": "cluster"}, servers=[of_server(**changes)])


def slow(*others, running=(None, None, None), age=7, extensions=(), **changes):
    """A server with a frequency of 10 s, that datasource, and others.

    :param running: whether a snapshot runs, since when, and whether it has come to the databases
    :param age: seconds since the last snapshot
    :param extensions: stats extensions that are active
    """
    names = ("running", "running_age", "running_databases")
    snapshots = {"age": age, **dict(zip(names, running))}
    one = server(frequency=10, snapshots=snapshots, extensions=dict.fromkeys(extensions))
    return found(servers=[one], datasources=[sizes(**changes), *others])


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
    assert problem.cause == (
        "153 databases take 4.5 minutes at a frequency of 10 s, since the collector asks one after the other"
    )
    assert FEWER in problem.cure and "restart" not in problem.cure


@pytest.mark.parametrize(
    "changes",
    [
        {"interval": 14.0},
        {"snapshots": 2},
        {"snapshots": 1, "interval": None},
        # Too few rows were read.
        {"interval": None},
        {"databases": None},
        {"databases": 1},
        {"recent": None},
        # The next snapshot would have begun at once.
        {"running": (False, None, None)},
    ],
)
def test_what_is_not_slow_or_cannot_be_told(changes):
    assert list(slow_collection_problems(slow(**changes))) == []


def test_a_server_or_datasource_that_is_not_enabled_is_not_slow():
    off, inactive = slow(), slow()
    off["servers"][0]["enabled"] = False
    inactive["datasources"][0]["servers"][0]["enabled"] = False
    assert list(slow_collection_problems(off)) == [] == list(slow_collection_problems(inactive))


def test_a_datasource_that_has_no_rows_each_time_is_not_slow():
    assert list(slow_collection_problems(slow(locks(recent=recent(interval=11.0))))) == []


@pytest.mark.parametrize(
    ("changes", "others", "running", "cause", "cures"),
    [
        # Nothing else is declared, so it is the databases, however long each takes.
        ({"databases": 2, "interval": 60.0}, [], None, "2 databases take 60 seconds at", [FEWER]),
        # Extensions are collected before the databases.
        (
            {"databases": 2, "interval": 60.0, "extensions": ["pg_qualstats"]},
            [],
            None,
            "a snapshot of this server, with 2 databases, takes 60 seconds at a frequency of 10 s",
            [FEWER, EXTENSIONS],
        ),
        ({"extensions": ["pg_qualstats"]}, [], None, "153 databases take 4.5 minutes", [FEWER, EXTENSIONS]),
        (
            {"databases": 2, "interval": 60.0, "extensions": ["pg_qualstats"]},
            [],
            (True, 5, True),
            "2 databases take 60 seconds",
            [FEWER],
        ),
        # A query of the whole server may be what takes so long.
        (
            {"databases": 2, "interval": 60.0},
            [locks()],
            None,
            "a snapshot of this server, with 2 databases, takes 60 seconds at a frequency of 10 s",
            [FEWER, FASTER],
        ),
        (
            {"databases": 2, "interval": 60.0, "extensions": ["pg_qualstats"]},
            [locks()],
            None,
            "a snapshot of this server, with 2 databases, takes 60 seconds at a frequency of 10 s",
            [FEWER, FASTER, EXTENSIONS],
        ),
        # Each database takes as long as databases usually do.
        ({}, [locks()], None, "153 databases take 4.5 minutes at a frequency of 10 s", [FEWER, FASTER]),
        ({"sampled": True}, [locks()], None, "at least 153 databases take 4.5 minutes", [FEWER, FASTER]),
        # What runs has not come to the databases.
        (
            {"databases": 2, "interval": 60.0},
            [locks()],
            (True, 40, False),
            "what is collected from the whole server, before its databases, takes more than 40 seconds at",
            [FASTER],
        ),
        ({}, [], (True, 40, False), "what is collected from the whole server, before its databases,", [EXTENSIONS]),
        # It may yet come to them in time.
        ({}, [locks()], (True, 14, False), "153 databases take 4.5 minutes", [FEWER, FASTER]),
        # It came to them early.
        ({"databases": 2, "interval": 60.0}, [locks()], (True, 5, True), "2 databases take 60 seconds", [FEWER]),
        # It may have come to them late.
        (
            {"databases": 2, "interval": 60.0},
            [locks()],
            (True, 55, True),
            "a snapshot of this server, with 2 databases, takes 60 seconds",
            [FEWER, FASTER],
        ),
        # Another server has it.
        (
            {"databases": 2, "interval": 60.0},
            [locks(srvid=2), locks(enabled=False)],
            None,
            "2 databases take 60 seconds",
            [FEWER],
        ),
    ],
)
def test_what_is_blamed(changes, others, running, cause, cures):
    (problem,) = slow_collection_problems(slow(*others, running=running or (None, None, None), **changes))
    assert problem.cause.startswith(cause) and "frequency above that" in problem.cure
    assert [cure for cure in (FEWER, FASTER, EXTENSIONS) if cure in problem.cure] == cures


def test_extensions_that_are_not_visible_may_be_what_takes_so_long():
    seen = slow(databases=2, interval=60.0)
    seen["not_visible"] = [{"part": "servers[].extensions", "lacks": ["a right"]}]
    (problem,) = slow_collection_problems(seen)
    assert problem.cause.startswith("a snapshot of this server, with 2 databases,") and EXTENSIONS in problem.cure


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({}, "153 databases take 4.5 minutes at a frequency of 10 s"),
        # It is late for as long as a few snapshots take.
        ({"age": 1080}, "153 databases take 4.5 minutes at a frequency of 10 s"),
        (
            {"age": 1081, "running": (True, 200, True)},
            "a snapshot of this server, with 153 databases, has run for 3.3 minutes at a frequency of 10 s, and the"
            " collector asks one database after the other",
        ),
        (
            {"age": 1081, "running": (True, 200, None)},
            "a snapshot of this server, with 153 databases, has run for 3.3 minutes at a frequency of 10 s, and PoWA"
            " now takes what was collected into its history",
        ),
        # That a snapshot is late is proof enough.
        ({"snapshots": 2}, "153 databases take 4.5 minutes at a frequency of 10 s"),
        (
            {"snapshots": 1, "interval": None, "running": (True, 200, True)},
            "a snapshot of this server, with 153 databases, has run for 3.3 minutes at a frequency of 10 s, and the"
            " collector asks one database after the other",
        ),
        # The first one has no samples yet.
        (
            {"recent": None, "age": None, "running": (True, 900, True)},
            "a snapshot of this server has run for 15.0 minutes at a frequency of 10 s, and the collector asks one"
            " database after the other",
        ),
        (
            {"recent": None, "running": (True, 900, False)},
            "a snapshot runs, and what is collected from the whole server, before its databases, takes more than 15.0"
            " minutes at a frequency of 10 s",
        ),
        (
            {"recent": None, "running": (True, 5, False)},
            "a snapshot of this server has run for 5 seconds at a frequency of 10 s",
        ),
    ],
)
def test_a_late_snapshot_that_runs_or_is_slow_is_not_cured_by_a_restart(changes, cause):
    (problem,) = snapshot_problems(slow(**{"age": 100, **changes}))
    assert problem.cause == cause
    assert "restart" not in problem.cure and "frequency above that" in problem.cure
    assert problem.kind.value == ("never_snapshotted" if changes.get("age", 100) is None else "snapshot_late")


@pytest.mark.parametrize("changes", [{}, {"recent": None}])
def test_where_no_snapshot_runs_a_restart_may_be_the_cure(changes):
    (problem,) = snapshot_problems(slow(age=100, running=(False, None, None), **changes))
    assert problem.cause.endswith("the frequency was changed since the collector has started")
    assert problem.cure.endswith("restart powa-collector (systemctl restart powa-collector)")


@pytest.mark.parametrize(
    "changes",
    [
        {"recent": None},
        {"recent": None, "age": None},
        {"interval": 11.0, "age": 86400},
        # Even slow snapshots do not take so long.
        {"age": 1081},
        {"age": 86400},
    ],
)
def test_a_snapshot_that_nobody_sees_may_run_and_a_restart_may_be_the_cure(changes):
    (problem,) = snapshot_problems(slow(**{"age": 100, **changes}))
    assert problem.cause == (
        "the collector's worker runs and takes none: it was registered just now, or the frequency was changed since the"
        " collector has started; or a snapshot that cannot be seen still runs, since the collector asks one database"
        " after the other"
    )
    assert problem.cure == (
        "wait for its frequency, or restart powa-collector (systemctl restart powa-collector); if a snapshot may still"
        " run, wait longer before the restart"
    )


def test_nothing_is_asked_of_databases_that_no_datasource_is_for():
    late = found(servers=[server(snapshots={"age": 10000})], datasources=[locks()])
    (problem,) = snapshot_problems(late)
    assert "takes none" in problem.cause
    late["servers"][0]["snapshots"].update(running=True, running_age=9000, running_databases=False)
    (problem,) = snapshot_problems(late)
    assert problem.cause == (
        "a snapshot runs, and what is collected from the whole server takes more than 2.5 hours at a frequency of 300 s"
    )
    assert FASTER in problem.cure


def test_what_the_collector_was_not_asked_a_running_snapshot_tells():
    for running, known in (((True, 90, True), True), ((None, None, None), False)):
        late = slow(age=100, running=running)
        late["collector"] = None
        (problem,) = snapshot_problems(late)
        assert ("153 databases" in problem.cause) is known and ("was not asked" in problem.cause) is not known


def test_a_worker_that_has_ended_takes_no_snapshot_though_its_session_is_there():
    late = slow(age=100, running=(True, 9000, True))
    late["collector"] = collector((1, "one", "stopped"))
    (problem,) = snapshot_problems(late)
    assert 'it says "stopped"' in problem.cause


def test_timeouts_of_the_role_may_end_a_long_snapshot():
    late = slow(age=100, running=(True, 20, True))
    late["roles"] = collecting(statement_timeout="20s")
    (problem,) = snapshot_problems(late)
    assert problem.cause.startswith("153 databases take 4.5 minutes") and "statement_timeout" in problem.cause
