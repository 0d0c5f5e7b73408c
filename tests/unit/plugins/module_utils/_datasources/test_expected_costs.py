# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What datasources will cost, from the rows that remotes expect."""

from __future__ import annotations

import psycopg2
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import USUAL_DENSITY, Stored
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.expected_costs import (
    Collected,
    Sampled,
    expected_rows,
    find_expected_costs,
    read_expected_costs,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    ALPHA,
    BETA,
    LOCAL,
    POWA_5,
    REPOSITORY,
    catalog_of,
    definition,
    state,
    wanted,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals


def collected(server, **values):
    every = {"frequency": 300, "retention_seconds": 86400}
    return server._replace(values=dict(server.values, **every, **values))


SERVERS = (collected(ALPHA), collected(BETA))
ROW = 40 * USUAL_DENSITY


def answer(server, rows, name="locks"):
    return {"server": server, "datasources": [{"name": name, "rows": rows}]}


def find_all(rows, servers=SERVERS, own=(), stored=(), side=REPOSITORY, local=None, **changes):
    found = state(servers=servers)
    return find_expected_costs([definition(**changes)], side, found, rows, dict(own), dict(stored), local)


def find(rows, *args, **changes):
    return find_all(rows, *args, **changes)["locks"]


def test_rows_of_registered_servers():
    results = [answer(ALPHA.name, 8), answer(BETA.name, None), answer("nobody", 9), answer(BETA.name, "many", "waits")]
    assert expected_rows(SERVERS, results, {}) == {"locks": {ALPHA.srvid: 8}}
    here = {"locks": 5, "waits": 6}
    assert expected_rows(SERVERS, results, here) == {"locks": {0: 5, ALPHA.srvid: 8}, "waits": {0: 6}}


def test_a_server_that_expects_nothing_counts_as_the_others():
    found = find({"locks": {ALPHA.srvid: 8}})
    assert (found.rows, found.bytes_per_row, found.bytes_per_day) == (16, ROW, 16 * 288 * ROW)
    assert found.bytes_at_retention == found.bytes_per_day


def test_a_repository_that_is_a_remote_of_its_own_tells_for_all():
    assert find({"locks": {0: 8}}).rows == 16


def test_what_a_repository_says_of_itself_as_a_remote_counts_once():
    assert find({"locks": {0: 50, ALPHA.srvid: 8}}).rows == 16
    day = Collected(0, 60, 86400)
    both = LOCAL._replace(server_kind=("local", "repository"))
    assert find({"locks": {0: 50, ALPHA.srvid: 8}}, side=both, local=day).rows == 50 + 8 + 29


def test_what_is_registered_without_being_enabled_costs_nothing():
    rows = {"locks": {0: 8}}
    assert find_all(rows, enabled=False) == find_all(rows, local=Collected(0, 60, 86400), enabled=False) == {}
    assert find_all(rows, enabled=True) == find_all(rows, enabled=None) != {}


def test_only_servers_that_it_is_for_and_that_are_collected_from():
    disabled = (SERVERS[0], BETA._replace(values=dict(SERVERS[1].values, frequency=-1)))
    assert find({"locks": {ALPHA.srvid: 8}}, disabled).rows == 8
    assert find({"locks": {ALPHA.srvid: 8, BETA.srvid: 2}}, servers=SERVERS).rows == 10


def test_its_own_retention_and_history_come_first():
    found = find({"locks": {ALPHA.srvid: 8}}, own={"locks": 172800}, stored={"locks": Stored(40, 10_000, 150_000)})
    assert found.bytes_per_row == 15 and found.bytes_at_retention == 2 * found.bytes_per_day


def test_the_planner_has_seen_one_database():
    rows = {"locks": {ALPHA.srvid: 8}}
    assert find(rows, scope="database", databases=["a", "b", "c"]).rows == 3 * find(rows).rows
    assert find_all(rows, scope="database") == find_all(rows, scope="database", databases=[]) == {}


def test_history_for_ever_costs_nothing_that_can_be_told():
    endless = (SERVERS[0], BETA._replace(values=dict(SERVERS[1].values, retention_seconds="Infinity")))
    assert find({"locks": {ALPHA.srvid: 8}}, endless).rows == 8
    assert find({"locks": {ALPHA.srvid: 8}}, own={"locks": 60}).rows == 16
    assert find_all({"locks": {ALPHA.srvid: 8}}, own={"locks": float("inf")}) == {}


def test_nothing_is_read_where_no_rows_are_expected():
    cursor = Recorder()
    assert read_expected_costs(cursor, [definition()], REPOSITORY, state(servers=SERVERS), {"waits": {1: 8}}) == {}
    assert cursor.statements == []


def test_in_local_mode_the_server_itself_is_collected_from():
    day = Collected(0, 60, 7 * 86400)
    found = find({"locks": {0: 5}}, side=LOCAL, local=day)
    assert (found.rows, found.bytes_per_day, found.bytes_at_retention) == (5, 5 * 1440 * ROW, 7 * 5 * 1440 * ROW)
    both = LOCAL._replace(server_kind=("local", "repository"))
    assert find({"locks": {0: 5, ALPHA.srvid: 8, BETA.srvid: 1}}, side=both, local=day).rows == 14
    assert find_all({"locks": {0: 5}}, side=LOCAL) == {}


def read_local(answer, local_mode=True):
    cursor = Recorder({"powa.frequency": answer})
    found = state(local_mode=local_mode)
    return read_expected_costs(cursor, [definition()], LOCAL, found, {"locks": {0: 5}})


def test_the_settings_of_local_mode_are_read():
    assert read_local([(300.0, 86400.0)])["locks"].bytes_per_day == 5 * 288 * ROW
    # The worker takes no snapshots, it works in another database, or it is not loaded.
    assert read_local([(-1.0, 86400.0)]) == read_local([]) == read_local([(300.0, 86400.0)], False) == {}


def test_no_task_fails_for_an_estimate():
    cursor = Recorder({"reltuples": psycopg2.ProgrammingError("canceling statement due to lock timeout")})
    found = state(POWA_5, catalog_of(wanted(definition(), archivist=POWA_5)), SERVERS)
    costs = read_expected_costs(cursor, [definition()], REPOSITORY, found, {"locks": {ALPHA.srvid: 8}})
    assert costs["locks"].bytes_per_row == ROW and "ROLLBACK TO SAVEPOINT casts" in cursor.statements


def test_no_task_waits_for_an_estimate():
    cursor = Recorder({"reltuples": [("locks", 20_000.0, 40.0, 300_000)]})
    found = state(catalog=catalog_of(wanted(definition())), servers=SERVERS)
    read_expected_costs(cursor, [definition()], REPOSITORY, found, {"locks": {ALPHA.srvid: 8}})
    assert [statement.split("(")[0].strip() for statement in cursor.statements] == [
        "SAVEPOINT casts",
        "SELECT pg_catalog.set_config",
        "SELECT 'locks', greatest",
        "ROLLBACK TO SAVEPOINT casts",
    ]
    assert literals(cursor.composed[1]) == ["100ms"]


def test_history_that_is_there_tells_what_a_row_takes():
    cursor = Recorder({"reltuples": [("locks", 20_000.0, 40.0, 300_000)]})
    found = state(catalog=catalog_of(wanted(definition())), servers=SERVERS)
    costs = read_expected_costs(cursor, [definition()], REPOSITORY, found, {"locks": {ALPHA.srvid: 8}})
    assert costs["locks"].bytes_per_row == 15


def find_with_samples(rows, samples, **changes):
    declared, found = definition(**changes), state(servers=SERVERS)
    return find_expected_costs([declared], REPOSITORY, found, rows, {}, {}, samples={"locks": samples}).get("locks")


def test_a_server_that_expects_nothing_has_the_rows_of_its_samples():
    assert find_with_samples({}, {ALPHA.srvid: Sampled(8, None)}).rows == 16
    both = {ALPHA.srvid: Sampled(8, 300.0), BETA.srvid: Sampled(100, 290.0)}
    assert find_with_samples({}, both) == find({"locks": {ALPHA.srvid: 8, BETA.srvid: 100}})
    # What remotes say is about the query as it will be.
    assert find_with_samples({"locks": {BETA.srvid: 2}}, both).rows == 10


def test_samples_count_as_often_as_they_come():
    rarely = {ALPHA.srvid: Sampled(8, 3000.0), BETA.srvid: Sampled(8, 3000.0)}
    often = find_with_samples({}, {ALPHA.srvid: Sampled(8, None)})
    assert find_with_samples({}, rarely).bytes_per_day * 10 - often.bytes_per_day in range(10)
    # That of new rows is not known.
    assert find_with_samples({"locks": {ALPHA.srvid: 8, BETA.srvid: 8}}, rarely) == often


def test_samples_are_of_all_databases():
    samples = {ALPHA.srvid: Sampled(8, None)}
    assert find_with_samples({}, samples, scope="database", databases=["a", "b"]).rows == 16
    assert find_with_samples({"locks": {BETA.srvid: 5}}, samples, scope="database").rows == 16
    assert find_with_samples({"locks": {BETA.srvid: 5}}, samples, scope="database", databases=["a", "b"]).rows == 18


def test_histories_that_were_read_before_are_not_read_again():
    cursor, found = Recorder(), state(catalog=catalog_of(wanted(definition())), servers=SERVERS)
    samples, stored = {"locks": {ALPHA.srvid: Sampled(8, None)}}, {"locks": Stored(40, 10_000, 150_000)}
    costs = read_expected_costs(cursor, [definition()], REPOSITORY, found, {}, samples, stored)
    assert (costs["locks"].rows, costs["locks"].bytes_per_row) == (16, 15) and cursor.statements == []
