# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The costs of declared datasources as module server_info returns them."""

from __future__ import annotations

import psycopg2
import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import USUAL_DENSITY, Cost, Stored
from ansible_collections.pgfleet.powa.plugins.module_utils._readers import costs
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.costs import Held
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.recent import Recent
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    POWA_4,
    POWA_5,
    catalog_of,
    definition,
    state,
    wanted,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder

DAY = 86400
ONE = {"srvid": 1, "enabled": True, "frequency": 300, "retention_seconds": DAY, "datasources": {"locks": True}}
TWO, OFF, INACTIVE = (
    dict(ONE, srvid=2),
    dict(ONE, srvid=3, enabled=False, frequency=-1),
    dict(ONE, srvid=4, datasources={"locks": False}),
)
EIGHT = Recent(3, 8, 0, None, 300.0)


LAST = {("locks", 1): ("2026-03-01T12:00:05Z", 12)}


def find(recent, own=(), stored=(), servers=(ONE, TWO, OFF, INACTIVE)):
    return costs.find_costs([definition()], servers, dict(own), recent, dict(stored))


def test_only_a_retention_that_powa_knows_counts():
    own = [definition(retention="7 days"), definition(name="waits")]
    cursor = Recorder({"interval": [("7 days", "7 days", 7 * DAY)]})
    assert costs.read_retentions(cursor, POWA_5, own) == ({"locks": 7 * DAY} if POWA_5.own_retention else {})
    assert costs.read_retentions(Recorder(), POWA_4, own) == {}


def test_a_server_without_samples_is_taken_to_have_as_many_rows_as_others():
    found = find({("locks", 1): EIGHT})["locks"]
    assert sorted(found) == [1, 2] and found[1] == found[2]
    assert found[1].bytes_per_row == 40 * USUAL_DENSITY and found[1].rows == 8
    assert found[1].bytes_at_retention == found[1].bytes_per_day == 8 * 288 * 40 * USUAL_DENSITY


def test_its_own_history_and_its_own_retention_come_first():
    found = find({("locks", 1): EIGHT}, {"locks": 2 * DAY}, {"locks": Stored(40, 10_000, 150_000)})["locks"]
    assert found[1].bytes_per_row == 15 and found[1].bytes_at_retention == 2 * found[1].bytes_per_day


def test_samples_count_as_often_as_they_come():
    rarely, often = (find({("locks", 1): EIGHT._replace(interval=apart)})["locks"][1] for apart in (3000.0, 290.0))
    assert often == find({("locks", 1): EIGHT})["locks"][1] and often.bytes_per_day // 10 == rarely.bytes_per_day - 1


def test_history_for_ever_costs_nothing_that_can_be_told():
    assert sorted(find({("locks", 1): EIGHT}, servers=(dict(ONE, retention_seconds=None), TWO))["locks"]) == [2]
    assert find({("locks", 1): EIGHT}, {"locks": float("inf")}) == {}


def test_without_any_sample_nothing_is_known():
    assert find({("waits", 1): EIGHT}) == {}


def test_what_is_returned():
    one, two = Cost(8, 20, 3, 4), Cost(8, 20, 5, 6)
    held = Held({("locks", 1): EIGHT}, {"locks": {1: one, 2: two}}, {}, {})
    assert held.of_server("locks", 1) == {"recent": EIGHT.as_dict(), "cost": one.as_dict()}
    assert held.of_server("waits", 1) == {"recent": None, "cost": None}
    assert held.cost("locks") == Cost(16, 20, 8, 10).as_dict() and held.cost("waits") is None


def test_everything_in_a_fixed_number_of_statements():
    cursor = Recorder({"lag(r.ts)": [("locks", 1, *EIGHT)], "reltuples": [("locks", 500.0, 40.0, 7)]})
    held = costs.read_held(cursor, POWA_4, kept(), [definition()], [ONE], LAST)
    assert held.recent == {("locks", 1): EIGHT} and held.costs["locks"][1].rows == 8
    assert len(cursor.statements) == 3


def test_no_history_is_read_before_the_first_sample():
    cursor = Recorder()
    assert costs.read_held(cursor, POWA_4, kept(), [definition()], [ONE], {}) == Held({}, {}, {}, {})
    assert len(cursor.statements) == 2


def test_the_newest_sample_tells_once_all_are_aggregated():
    cursor = Recorder({"coalesce_range": [("locks", 1, 8.0, 300.0)]})
    held = costs.read_held(cursor, POWA_4, kept(), [definition()], [ONE, TWO], LAST)
    assert held.recent == {} and held.costs == {"locks": find({("locks", 1): EIGHT})["locks"]}
    assert len(cursor.statements) == 4


def test_a_server_that_was_just_aggregated_costs_what_it_did():
    last = {**LAST, ("locks", 2): ("2026-03-01T12:00:01Z", 16)}
    waiting = [("locks", 1, *EIGHT), ("locks", 2, *EIGHT._replace(rows=800))]
    before = costs.read_held(Recorder({"lag(r.ts)": waiting}), POWA_4, kept(), [definition()], [ONE, TWO], last)
    cursor = Recorder({"lag(r.ts)": waiting[:1], "coalesce_range": [("locks", 2, 800.0, 300.0)]})
    after = costs.read_held(cursor, POWA_4, kept(), [definition()], [ONE, TWO], last)
    assert after.costs == before.costs and after.costs["locks"][2].rows == 800


def test_what_is_free_is_only_known_on_this_host(tmp_path):
    assert costs.free_bytes(str(tmp_path), True) > 0
    assert costs.free_bytes(str(tmp_path), False) is None and costs.free_bytes(None, True) is None
    assert costs.free_bytes(str(tmp_path / "gone"), True) is None


@pytest.mark.parametrize("code", ["42P01", "42703", "42883", "42804"])
def test_nothing_is_known_of_tables_that_change_meanwhile(code):
    cursor = Recorder({"(t.record).ts": refusal(code)})
    assert costs.read_held(cursor, POWA_5, kept(), [definition()], [ONE], LAST) == Held({}, {}, {}, {})
    assert cursor.statements[-1].startswith("ROLLBACK TO SAVEPOINT")


def test_other_errors_are_reported():
    with pytest.raises(psycopg2.Error):
        costs.read_held(Recorder({"(t.record).ts": refusal("42501")}), POWA_5, kept(), [definition()], [ONE], LAST)


def refusal(code):
    return type("Refusal", (psycopg2.ProgrammingError,), {"pgcode": code})()


def kept():
    """A server that has the tables of a datasource."""
    return state(catalog=catalog_of(wanted(definition())))
