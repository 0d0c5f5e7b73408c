# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All problems of a server together."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._problems.find import find_problems

from .samples import datasource, found, role, server

NOT_ON_REPOSITORY = "Extension pg_track_settings is not installed on the the repository server"


def test_a_well_server_has_none():
    assert find_problems(found()) == []


def test_they_are_returned_as_plain_texts():
    (problem,) = find_problems(found(servers=[server(password_stored=True)]))
    assert list(problem) == ["kind", "problem", "cause", "cure", "server", "datasource", "subject"]
    assert problem["kind"].__class__ is str and problem["kind"] == "password_stored"
    assert (problem["server"], problem["datasource"], problem["subject"]) == ("one", None, None)


def test_what_two_looks_find_is_one_problem_and_a_comparison_says_more_than_an_error():
    behind = server(extensions={"pg_track_settings": None}, errors=[NOT_ON_REPOSITORY])
    (problem,) = find_problems(found(servers=[behind]))
    assert problem["kind"] == "extension_missing"
    assert problem["subject"] == "pg_track_settings on the repository"
    assert 'database "powa" does not have it' in problem["cause"]
    older = server(
        powa_version="4.1.2", errors=["Incompatible PoWA version between the repository server (5.0.X) and (4.1.X)"]
    )
    (problem,) = find_problems(found(servers=[older]))
    assert problem["kind"] == "powa_version" and "the server has PoWA 4.1.2" in problem["cause"]


def test_those_of_one_kind_are_told_apart_by_what_they_are_about():
    problems = find_problems(
        found(
            libraries={"loaded": [], "configured": []},
            extensions=[{"name": "powa"}, {"name": "pg_qualstats"}, {"name": "pg_stat_kcache"}],
            datasources=[datasource("a", damaged="broken"), datasource("b", damaged="broken")],
            servers=[],
            collector=None,
        )
    )
    assert [(problem["kind"], problem["datasource"], problem["subject"]) for problem in problems] == [
        ("library_not_preloaded", None, "pg_qualstats"),
        ("library_not_preloaded", None, "pg_stat_kcache"),
        ("definition_damaged", "a", None),
        ("definition_damaged", "b", None),
    ]


def test_a_database_without_powa():
    nothing = {"servers": [], "datasources": [], "transient_rows": [], "collector": None, "server_kind": []}
    bare = found(powa_version=None, powa_schema=None, roles=[role(present=False)], **nothing)
    assert [problem["kind"] for problem in find_problems(bare)] == ["powa_absent"]
