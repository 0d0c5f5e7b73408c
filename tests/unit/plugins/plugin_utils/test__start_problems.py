# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why PostgreSQL would not start, or not with what a restart is for."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.plugin_utils._start_problems import (
    lost_libraries,
    merged_libraries,
    missing_libraries,
    refused_start,
    start_problems,
    unreadable,
    without_effect,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.test__settings import CONF, MAIN, line, server

NAME = "shared_preload_libraries"


def test_libraries_are_added_to_those_that_are_there():
    found = server(line(NAME, "$libdir/powa, a", MAIN), line(NAME, '"b c", a'))
    assert merged_libraries(found, CONF, ["powa", "d"]) == "$libdir/powa,a,b c,d"
    assert merged_libraries(server(), CONF, []) == ""


def test_a_library_that_somebody_else_names_and_nobody_has():
    facts = {"libraries": {"lost": None, "$libdir/lost": None, "powa": None, "there": "/there.so"}}
    text = '$libdir/lost, there, powa, "lost,there"'
    found = server(line(NAME, "lost", MAIN), line(NAME, text, MAIN, 9), facts={**facts, "library_folder": "/lib"})
    assert lost_libraries(found, ["powa"]) == [
        'shared_preload_libraries names "$libdir/lost" in {0}, line 9, but PostgreSQL finds no such file (its own'
        " folder is /lib), and would not start: install the package of that library, or remove its name there".format(
            MAIN
        )
    ]
    assert lost_libraries(found, ["lost"]) == lost_libraries(found, [])
    assert lost_libraries(server(), []) == [] and lost_libraries(server(line(NAME, "a,,")), []) == []


def test_a_library_that_is_loaded_and_has_lost_its_file():
    facts = {"libraries": {"powa": None}, "library_folder": "/lib"}
    assert lost_libraries(server(line(NAME, "powa", MAIN), facts=facts), ["powa"]) == []
    loaded = server(line(NAME, "powa", MAIN), facts=facts, shared_preload_libraries="powa")
    (problem,) = lost_libraries(loaded, ["powa"])
    assert problem.startswith('shared_preload_libraries names "powa" in {0}'.format(MAIN))
    assert start_problems(loaded, CONF, ["powa"]) == [problem]


def test_a_library_of_ours_that_is_not_there():
    facts = {"libraries": {"powa": None, "pg_qualstats": None}, "library_folder": "/lib"}
    found = server(shared_preload_libraries="pg_qualstats", facts=facts)
    (problem,) = missing_libraries(found, ["powa", "pg_qualstats", "a"])
    assert problem.startswith("powa is to be preloaded, but /lib has no powa.so, and PostgreSQL would not start")


def test_lines_that_postgresql_cannot_read():
    errors = [line(None, None, MAIN, 12, "syntax error"), line("port", "1", MAIN, 13, "setting could not be applied")]
    assert unreadable(server(*errors)) == [
        "PostgreSQL cannot read {0}, line 12 (syntax error): correct it there".format(MAIN)
    ]


def test_what_postgresql_itself_refuses():
    errors = [line("work_mem", None, MAIN, 12, "setting could not be applied"), line("port", None, MAIN, 13, "x")]
    start = {"settings": {}, "error": 'invalid value for parameter "work_mem": "much"; x contains errors'}
    assert refused_start(server(*errors, facts={"next_start": start})) == [
        'PostgreSQL would not start with its files as they are (invalid value for parameter "work_mem": "much"; x'
        " contains errors): correct {0}, line 12".format(MAIN)
    ]
    assert refused_start(server(*errors)) == []


def test_what_a_restart_would_bring():
    def problems(wanted, **settings):
        facts = {"next_start": {"settings": settings, "error": ""}}
        return without_effect(server(facts=facts), wanted, ["powa"])

    assert without_effect(server(), {"port": "1"}, []) == []
    assert problems({"listen_addresses": "a, b"}, listen_addresses="b,a") == []
    assert problems({"powa.database": "x"}, listen_addresses="b,a") == []
    (problem,) = problems({"listen_addresses": "*"}, listen_addresses="b")
    assert problem.startswith('PostgreSQL would start with listen_addresses = "b", so a restart would not bring "*": ')
    assert problems({NAME: "powa"}, shared_preload_libraries="a,,") and not problems(
        {NAME: "powa"}, shared_preload_libraries="a, powa"
    )
