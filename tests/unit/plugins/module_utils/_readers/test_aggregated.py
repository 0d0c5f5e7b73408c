# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which servers are looked at once all of their samples of a datasource are aggregated."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._readers.aggregated import Aggregated, read_aggregated
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_5, definition
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals

DECLARED = [definition(), definition(name="sizes", scope="database"), definition(name="waits")]


def read(seen, last, answer=()):
    cursor = Recorder({"coalesce_range": answer})
    return read_aggregated(cursor, POWA_5, DECLARED, seen, last), cursor


def test_nothing_is_read_where_samples_were_seen_or_there_are_none():
    last = {("locks", 1): ("t", 5), ("gone", 1): ("t", 5), ("waits", 1): (None, None)}
    for seen, known in ((last, last), ([("locks", 1)], last), ([], {})):
        found, cursor = read(seen, known)
        assert found == {} and cursor.composed == []


def test_that_of_all_datasources_in_one_statement():
    last = {("locks", 1): ("t", 5), ("waits", 2): ("t", 7)}
    found, cursor = read([], last, [("locks", 1, 8.0, 300.0), ("waits", 2, 1.0, None)])
    assert found == {("locks", 1): Aggregated(8.0, 300.0), ("waits", 2): Aggregated(1.0, None)}
    assert len(cursor.composed) == 1


def test_servers_without_a_sample_that_waits_tell_beside_others_with_one():
    last = {("locks", srvid): ("t", srvid) for srvid in (1, 2, 3)}
    _found, cursor = read([("locks", 2), ("waits", 1)], last)
    _name, srvids, ages, *_limits = literals(cursor.composed[0])
    assert (srvids, ages) == ([1, 3], [1, 3])


def test_a_sample_with_too_many_rows_tells_nothing():
    _found, cursor = read([], {("locks", 1): ("t", 5), ("sizes", 1): ("t", 5)})
    assert [value for value in literals(cursor.composed[0]) if isinstance(value, int)] == 2 * [10_000] + 2 * [100_000]
    assert "HAVING pg_catalog.count(*) < 10000" in cursor.statements[0]


def test_a_few_servers_with_the_newest_samples_tell():
    last = {("locks", srvid): ("t", 100 - srvid) for srvid in range(50)}
    _found, cursor = read([], last)
    _name, srvids, ages, *_limits = literals(cursor.composed[0])
    assert srvids == list(range(49, 39, -1)) and ages == list(range(51, 61))
