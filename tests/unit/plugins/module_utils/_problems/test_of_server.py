# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PoWA, libraries and the monitoring role of a server."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_server import (
    library_problems,
    powa_problems,
    role_problems,
    schema_problems,
)

from .samples import found, identities, role


def test_who_may_create_in_the_schema():
    assert not list(schema_problems(found()))
    creators = [{"role": "", "cure": "REVOKE"}, {"role": "app", "cure": "ALTER SCHEMA"}]
    everybody, app = schema_problems(found(schema_creators=creators))
    assert everybody.problem == 'PUBLIC may create objects in PoWA\'s schema "public"'
    assert everybody.cause.endswith("(PostgreSQL 13 and 14 give this right to PUBLIC in schema public)")
    assert app.problem == 'role "app" may create objects in PoWA\'s schema "public"'
    assert (everybody.cure, app.cure) == ("REVOKE", "ALTER SCHEMA") and app.cause.endswith("may run those objects, too")
    assert identities([everybody, app]) == [
        ("schema_open", None, None, "public"),
        ("schema_open", None, None, "app"),
    ]


def libraries(loaded, configured, *extensions, **changes):
    return found(
        libraries={"loaded": list(loaded), "configured": list(configured)},
        extensions=[{"name": name} for name in extensions],
        **changes,
    )


HIDDEN = [{"part": "libraries.configured", "lacks": ["a right"]}]


@pytest.mark.parametrize(
    ("hidden", "pending", "kinds"),
    [
        ([], [], ["library_not_preloaded"]),
        (HIDDEN, [], ["library_not_preloaded"]),
        # It may wait for the restart.
        (HIDDEN, ["shared_preload_libraries"], ["restart_pending"]),
        ([*HIDDEN, {"part": "libraries.loaded", "lacks": ["a right"]}], [], []),
    ],
)
def test_libraries_that_are_not_visible_are_no_problem(hidden, pending, kinds):
    seen = libraries(["powa"], ["powa"], "pg_qualstats", pending_restart=pending, not_visible=hidden)
    assert [problem.kind.value for problem in library_problems(seen)] == kinds


def test_powa_is_there_or_not():
    assert not list(powa_problems(found()))
    (problem,) = powa_problems(found(powa_version=None))
    assert problem.problem == 'database "powa" has no extension powa'
    assert identities([problem]) == [("powa_absent", None, None, "powa")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"server_kind": ["remote"]}, ["pg_qualstats"]),
        ({"server_kind": ["local", "repository"]}, ["pg_qualstats"]),
        ({"server_kind": [], "powa_version": None}, ["pg_qualstats"]),
        ({"server_kind": ["repository"]}, []),
    ],
    ids=["remote", "local", "without PoWA", "a mere repository"],
)
def test_an_extension_without_its_library(changes, expected):
    seen = libraries(["powa"], ["powa"], "powa", "pg_qualstats", "btree_gist", **changes)
    problems = list(library_problems(seen))
    assert identities(problems) == [("library_not_preloaded", None, None, name) for name in expected]
    assert all(problem.cause == "shared_preload_libraries is 'powa'" for problem in problems)


@pytest.mark.parametrize(
    ("loaded", "pending", "expected", "by_playbook"),
    [
        (["powa", "auto_explain"], [], None, False),
        (["powa"], ["shared_preload_libraries"], "library auto_explain", True),
        (["powa"], ["max_connections"], "library auto_explain, max_connections", True),
        (["powa", "auto_explain"], ["max_connections", "jit"], "max_connections, jit", False),
        # Its order was changed.
        (["powa", "auto_explain"], ["shared_preload_libraries"], "shared_preload_libraries", False),
    ],
)
def test_what_waits_for_a_restart_is_one_problem(loaded, pending, expected, by_playbook):
    problems = list(library_problems(libraries(loaded, ["powa", "auto_explain"], "powa", pending_restart=pending)))
    if expected is None:
        assert not problems
        return
    (problem,) = problems
    assert identities([problem]) == [("restart_pending", None, None, None)]
    assert problem.problem == "a restart of PostgreSQL is pending for {0}".format(expected)
    assert ("powa_restart_postgresql: true" in problem.cure) is by_playbook


@pytest.mark.parametrize(
    ("changes", "kinds", "part"),
    [
        ({}, [], None),
        ({"present": False, "login": False}, ["monitoring_role_absent"], "makes powa_monitoring_role"),
        ({"superuser": True}, ["monitoring_role_superuser"], 'ALTER ROLE "monitor" NOSUPERUSER'),
        ({"reads_statistics": False}, ["monitoring_role_rights"], 'GRANT pg_read_all_stats TO "monitor"'),
        ({"login": False}, ["monitoring_role_login"], 'ALTER ROLE "monitor" LOGIN'),
        ({"login": False, "reads_statistics": False}, ["monitoring_role_rights", "monitoring_role_login"], "GRANT"),
    ],
)
def test_the_monitoring_role(changes, kinds, part):
    problems = list(role_problems(found(roles=[role(**changes), role(name="collector", present=False)])))
    assert identities(problems) == [(kind, None, None, "monitor") for kind in kinds]
    assert not kinds or part in problems[0].cure
    assert all('"monitor"' in problem.problem for problem in problems)


def test_the_monitoring_role_of_a_mere_repository_is_not_looked_at():
    assert not list(role_problems(found(server_kind=["repository"], roles=[role(present=False)])))
