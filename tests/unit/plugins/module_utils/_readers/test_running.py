# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The snapshots that a collector takes right now."""

from __future__ import annotations

import re

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import STATISTICS
from ansible_collections.pgfleet.powa.plugins.module_utils._readers import running
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.running import UNKNOWN, Running, read_running
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    ALPHA,
    BETA,
    POWA_4,
    POWA_5,
    server,
    visible,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder

MAIN = (True, "PoWA collector - main thread (5)", None, False, None)
NONE = Running(False)


def worker(name, age=260, databases=True):
    """The session of a worker as PostgreSQL shows it."""
    return (True, "PoWA collector - repo_conn for worker {0}".format(name)[:63], age, databases, None)


def read(*sessions, servers=(ALPHA, BETA), seen=None):
    rows = list(sessions) or [(True, None, None, False, None)]
    return read_running(Recorder({"pg_stat_activity": rows}), POWA_5, servers, seen or visible())


@pytest.mark.parametrize("name", ["alpha:5432", "first"], ids=["address", "alias"])
def test_a_server_is_known_by_its_address_or_its_alias(name):
    assert read(MAIN, worker(name)) == {1: Running(True, 260, True), 2: NONE}


def test_a_session_without_a_transaction_takes_no_snapshot():
    assert read(MAIN, worker("beta:5432", age=None, databases=False)) == {1: NONE, 2: NONE}


def test_where_no_collector_has_a_session_nothing_is_known():
    assert read() == {} == read(worker("beta:5432"))


def test_who_may_not_see_sessions_is_told_so():
    seen = visible()
    assert read((False, MAIN[1], None, False, None), seen=seen) == {}
    assert seen.returned() == [{"part": "servers[].snapshots.running", "lacks": [STATISTICS]}]


def test_names_that_postgresql_cuts_to_the_same_text_tell_of_no_server():
    twins = [server(3, "postgres-production-eu-1.example"), server(4, "postgres-production-eu-1.test")]
    both = read(MAIN, worker("postgres-production-eu-1.test:5432"), servers=[*twins, BETA])
    assert both == {3: UNKNOWN, 4: UNKNOWN, 2: NONE}
    # Where none has a session, none of them has.
    assert read(MAIN, servers=twins) == {3: NONE, 4: NONE}


def test_other_characters_than_ascii_are_written_in_another_way():
    assert read(MAIN, servers=[server(3, "gamma", alias="größte")]) == {3: UNKNOWN}


def test_without_remotes_nothing_is_asked():
    cursor = Recorder()
    assert read_running(cursor, POWA_5, [], visible()) == {} and cursor.statements == []


def test_what_is_read_when_a_collector_comes_to_the_databases():
    cursor = Recorder({"pg_stat_activity": [MAIN]})
    read_running(cursor, POWA_5, [ALPHA], visible())
    assert '"PoWA".powa_db_module_config' in cursor.statements[0]


def test_no_locks_are_read_where_powa_has_no_datasources_of_databases():
    cursor = Recorder({"pg_stat_activity": [MAIN, worker("alpha:5432", databases=False)]})
    assert read_running(cursor, POWA_4, [ALPHA], visible()) == {1: Running(True, 260, False)}
    assert "pg_locks" not in cursor.statements[0] and "false, pg_catalog.substring(" in cursor.statements[0]


def test_a_snapshot_that_powa_takes_is_known_by_its_call():
    taking = (True, "PoWA - powa_catalog_generic_snapshot(2, pg_proc)", 300, True, "2")
    assert read(MAIN, taking) == {1: NONE, 2: Running(True, 300, None)}
    # As nobody registers so many servers, that is another's text.
    assert read(MAIN, (*taking[:4], "9" * 40)) == {1: NONE, 2: NONE}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT public.powa_take_snapshot(12)", "12"),
        ('SELECT "My PoWA".powa_take_snapshot(12)', "12"),
        ("SELECT powa_take_snapshot(12)", "12"),
        ("SELECT 1 -- powa_take_snapshot(12)", None),
    ],
)
def test_how_the_collector_calls_it(query, expected):
    found = re.search(running._TAKING, query)
    assert (found and found.group(1)) == expected
