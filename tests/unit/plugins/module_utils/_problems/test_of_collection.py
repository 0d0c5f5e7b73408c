# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collector, snapshots, versions, extensions and passwords of the servers of a repository."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_collection import (
    collector_problems,
    extension_problems,
    password_problems,
    qualstats_problems,
    snapshot_problems,
    version_problem,
    version_problems,
)

from .samples import collecting, collector, found, identities, server

SILENT = {"answers": False, "message": "no powa-collector answered", "workers": [], "restart_required": False}
REFUSED = 'FATAL:  password authentication failed for user "m"'


def test_snapshots_that_are_not_visible_are_not_late():
    never = [server(snapshots={"age": None, "last": None})]
    assert [problem.kind.value for problem in snapshot_problems(found(servers=never))] == ["never_snapshotted"]
    hidden = [{"part": "servers[].snapshots", "lacks": ["a right"]}]
    assert not list(snapshot_problems(found(servers=never, not_visible=hidden)))


@pytest.mark.parametrize("asked", [None, collector((1, "one", "running"))], ids=["not asked", "runs"])
def test_a_collector_that_does_its_work(asked):
    assert not list(collector_problems(found(collector=asked)))


@pytest.mark.parametrize(
    ("servers", "down"),
    [
        ([server()], True),
        ([server(enabled=False)], False),
        ([server(srvid=0, name="local")], False),
        ([], False),
    ],
    ids=["enabled", "disabled", "local", "none"],
)
def test_a_silent_collector_matters_if_it_has_work(servers, down):
    problems = list(collector_problems(found(collector=SILENT, servers=servers)))
    assert identities(problems) == ([("collector_down", None, None, None)] if down else [])
    assert all(problem.cause == "no powa-collector answered" for problem in problems)


@pytest.mark.parametrize(("restart", "part"), [(False, "state: reloaded"), (True, "systemctl restart")])
def test_a_server_that_the_collector_does_not_know(restart, part):
    servers = [server(), server(2, "two"), server(3, "three", enabled=False), server(0, "local")]
    asked = collector((1, "one", "running"), restart_required=restart)
    problems = list(collector_problems(found(servers=servers, collector=asked)))
    assert identities(problems) == [("collector_unaware", "two", None, None)]
    assert part in problems[0].cure


@pytest.mark.parametrize(
    ("status", "errors", "cause"),
    [
        ("stopped", [], 'it says "stopped", so it has ended'),
        ("not connected", [], 'it says "not connected"'),
        ("not connected", ["division by zero"], 'it says "not connected"'),
        # The error is a problem of its own.
        ("not connected", [REFUSED], None),
    ],
)
def test_a_worker_that_does_not_run(status, errors, cause):
    seen = found(servers=[server(errors=errors)], collector=collector((1, "one", status)))
    problems = list(collector_problems(seen))
    assert identities(problems) == ([("collector_not_connected", "one", None, None)] if cause else [])
    assert [problem.cause for problem in problems] == ([cause] if cause else [])


def test_each_worker_without_a_server_is_a_problem():
    workers = [(1, "one", "running"), (2, "removed", "running"), (3, "removed", "running")]
    problems = list(collector_problems(found(servers=[server(enabled=False)], collector=collector(*workers))))
    assert identities(problems) == [
        ("collector_needless_worker", "one", None, "worker 1"),
        ("collector_needless_worker", "removed", None, "worker 2"),
        ("collector_needless_worker", "removed", None, "worker 3"),
    ]
    assert ["disabled" in problem.problem for problem in problems] == [True, False, False]


@pytest.mark.parametrize(
    ("age", "enabled", "kind"),
    [
        (1200, True, None),
        (1201, True, "snapshot_late"),
        (None, True, "never_snapshotted"),
        (1201, False, None),
        (None, False, None),
    ],
)
def test_a_snapshot_is_late_after_four_times_its_frequency(age, enabled, kind):
    problems = list(snapshot_problems(found(servers=[server(enabled=enabled, snapshots={"age": age})])))
    assert identities(problems) == ([(kind, "one", None, None)] if kind else [])
    if kind == "snapshot_late":
        assert problems[0].problem == "the last snapshot is 1201 seconds old, expected one every 300 seconds"


@pytest.mark.parametrize(
    ("changes", "asked", "cause", "cure"),
    [
        ({"srvid": 0}, None, "background worker", "powa.frequency"),
        ({"errors": ["first\nDETAIL: x", "last\nLINE 1: x"]}, None, "last", "cure that error"),
        ({}, None, "the collector was not asked", "check that powa-collector runs"),
        ({}, SILENT, "no powa-collector answers", "systemctl restart"),
        ({}, collector(), "does not know the server", "state: reloaded"),
        ({}, collector(restart_required=True), "does not know the server", "systemctl restart"),
        ({}, collector((1, "one", "stopping")), 'it says "stopping", so it has ended', "journalctl"),
        ({}, collector((1, "one", "running")), "takes none", "wait for its frequency"),
    ],
)
def test_why_there_is_no_snapshot(changes, asked, cause, cure):
    late = server(**dict({"snapshots": {"age": None}}, **changes))
    (problem,) = snapshot_problems(found(servers=[late], collector=asked))
    assert cause in problem.cause and cure in problem.cure


def test_a_setting_of_the_role_that_stores_no_snapshot():
    settings = {"default_transaction_read_only": "on", "transaction_timeout": "20ms", "statement_timeout": "1h"}
    late = server(snapshots={"age": None})
    (problem,) = snapshot_problems(found(servers=[late], roles=collecting(**settings)))
    assert problem.cause == (
        'role "collector" has default_transaction_read_only = on in database "powa", so it cannot store a snapshot'
    )
    assert problem.cure == 'ALTER ROLE "collector" IN DATABASE "powa" SET default_transaction_read_only = off'
    stopped = collector((1, "one", "no connection to remote server"))
    (worker,) = collector_problems(found(servers=[late], roles=collecting(**settings), collector=stopped))
    assert (worker.cause, worker.cure) == (problem.cause, problem.cure)
    # Snapshots that are taken prove the contrary.
    assert list(snapshot_problems(found(roles=collecting(**settings)))) == []
    seen = found(servers=[late, server(2, "two")], roles=collecting(**settings), collector=stopped)
    status = 'it says "no connection to remote server"'
    assert [problem.cause for problem in [*collector_problems(seen), *snapshot_problems(seen)]][::2] == [status, status]


@pytest.mark.parametrize(
    ("asked", "cause"),
    [
        (None, "the collector was not asked; role"),
        (SILENT, None),
        (collector(), None),
        (collector((1, "one", "stopped")), 'it says "stopped", so it has ended; role'),
        (collector((1, "one", "running")), "since the collector has started; role"),
    ],
)
def test_a_timeout_that_may_be_too_short(asked, cause):
    late = server(snapshots={"age": None})
    seen = found(servers=[late], roles=collecting(transaction_timeout="20ms"), collector=asked)
    (problem,) = snapshot_problems(seen)
    assert ("may be too short for a snapshot" in problem.cause) == (cause is not None)
    assert (cause or "") in problem.cause and ("SET transaction_timeout = 0" in problem.cure) == (cause is not None)


@pytest.mark.parametrize(("version", "expected"), [("5.0.9", False), ("5.1.0", True), ("4.1.2", True), (None, False)])
def test_the_collector_compares_releases(version, expected):
    problems = list(version_problems(found(servers=[server(powa_version=version)])))
    assert identities(problems) == ([("powa_version", "one", None, None)] if expected else [])
    assert problems == ([version_problem(version, "5.0.2", "one")] if expected else [])
    assert all("than 5.0 of" in problem.problem and version in problem.cause for problem in problems)


def test_an_extension_that_the_repository_lacks():
    servers = [
        server(extensions={"pg_track_settings": None, "pg_qualstats": "2.1.1"}),
        server(0, "local", extensions={"pg_qualstats": None, "pg_stat_statements": None}),
    ]
    problems = list(extension_problems(found(servers=servers)))
    assert identities(problems) == [
        ("extension_missing", "one", None, "pg_track_settings on the repository"),
        ("extension_missing", "local", None, "pg_qualstats on the repository"),
    ]


@pytest.mark.parametrize(
    ("version", "extensions", "expected"),
    [
        ("5.1.2", {"pg_qualstats": None}, True),
        ("5.1.2", {}, False),
        ("5.0.2", {"pg_qualstats": None}, False),
        (None, {"pg_qualstats": None}, False),
    ],
)
def test_the_purge_of_pg_qualstats(version, extensions, expected):
    problems = list(qualstats_problems(found(powa_version=version, servers=[server(extensions=extensions)])))
    assert identities(problems) == ([("qualstats_purge", "one", None, "pg_qualstats")] if expected else [])


def test_a_stored_password():
    problems = list(password_problems(found(servers=[server(password_stored=True), server(2, "two")])))
    assert identities(problems) == [("password_stored", "one", None, None)]
    assert "powa_store_passwords: false" in problems[0].cure
