# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What datasources will cost, from the rows that remotes expect."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import USUAL_DENSITY, Stored
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.expected_costs import (
    expected_rows,
    find_expected_costs,
    read_expected_costs,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import ALPHA, BETA, definition, state
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder


def collected(server, **values):
    every = {"frequency": 300, "retention_seconds": 86400}
    return replace(server, values=dict(server.values, **every, **values))


SERVERS = (collected(ALPHA), collected(BETA))
ROW = 40 * USUAL_DENSITY


def answer(server, rows, name="locks"):
    return {"server": server, "datasources": [{"name": name, "rows": rows}]}


def find_all(rows, servers=SERVERS, own=(), stored=(), **changes):
    return find_expected_costs([definition(**changes)], state(servers=servers), rows, dict(own), dict(stored))


def find(rows, *args, **changes):
    return find_all(rows, *args, **changes)["locks"]


def test_rows_of_registered_servers():
    results = [answer(ALPHA.name, 8), answer(BETA.name, None), answer("nobody", 9), answer(BETA.name, "many", "waits")]
    assert expected_rows(SERVERS, results) == {"locks": {ALPHA.srvid: 8}}


def test_a_server_that_expects_nothing_counts_as_the_others():
    found = find({"locks": {ALPHA.srvid: 8}})
    assert (found.rows, found.bytes_per_row, found.bytes_per_day) == (16, ROW, 16 * 288 * ROW)
    assert found.bytes_at_retention == found.bytes_per_day


def test_only_servers_that_it_is_for_and_that_are_collected_from():
    disabled = (SERVERS[0], replace(BETA, values=dict(SERVERS[1].values, frequency=-1)))
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
    endless = (SERVERS[0], replace(BETA, values=dict(SERVERS[1].values, retention_seconds="Infinity")))
    assert find({"locks": {ALPHA.srvid: 8}}, endless).rows == 8
    assert find({"locks": {ALPHA.srvid: 8}}, own={"locks": 60}).rows == 16
    assert find_all({"locks": {ALPHA.srvid: 8}}, own={"locks": float("inf")}) == {}


def test_nothing_is_read_where_no_rows_are_expected():
    cursor = Recorder()
    assert read_expected_costs(cursor, [definition()], state(servers=SERVERS), {"waits": {1: 8}}) == {}
    assert cursor.statements == []
