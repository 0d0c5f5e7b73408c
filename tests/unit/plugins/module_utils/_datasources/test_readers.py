# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functions that read history back: as it is, and per second."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.objects import SERVER_AND_RANGE
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.types import NUMBERS
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    POWA_5,
    catalog_of,
    definition,
    wanted,
)


def reader(suffix, **changes):
    entry = wanted(definition(**changes))
    (found,) = [made for made in entry.objects if made.name == "powa_locks_" + suffix]
    return found


def rate(**metric):
    return " ".join(reader("rate", metrics=[dict({"name": "m"}, **metric)]).body.split())


@pytest.mark.parametrize("suffix", ["get", "rate"])
def test_the_planner_can_look_into_a_reader(suffix):
    found = reader(suffix)
    assert (found.language, found.search_path, found.volatility) == ("sql", None, "STABLE")
    assert (found.parameters, found.returns) == (SERVER_AND_RANGE, "SETOF record")


def test_everybody_may_read_on_powa_4_and_powas_roles_on_powa_5():
    assert reader("get").execute == ("",)
    (get,) = [made for made in wanted(definition(), archivist=POWA_5).objects if made.name == "powa_locks_get"]
    assert get.execute == ("snap",)


def test_the_columns_are_keys_time_and_metrics():
    assert [column.name for column in reader("get").columns] == ["mode", "ts", "held"]
    assert [column.type for column in reader("rate").columns][-1] == "double precision"


def test_history_and_what_is_not_aggregated_yet():
    body = " ".join(reader("get").body.split())
    assert 'SELECT h."mode", r.ts, "r"."held" FROM "public"."powa_locks_history" AS h' in body
    assert 'UNION ALL SELECT c."mode", (c.record).ts, (c.record)."held"' in body


def test_a_rate_is_that_of_the_same_keys():
    assert 'WINDOW w AS (PARTITION BY "g"."mode" ORDER BY g.ts)' in " ".join(reader("rate").body.split())
    assert "WINDOW w AS (ORDER BY g.ts)" in " ".join(reader("rate", keys=[]).body.split())


def test_a_counter_that_has_been_reset_begins_again():
    assert rate(type="bigint").startswith(
        'SELECT g."mode", g.ts, ((CASE WHEN "g"."m" < pg_catalog.lag("g"."m") OVER w THEN "g"."m"::numeric'
        ' ELSE "g"."m"::numeric - (pg_catalog.lag("g"."m") OVER w)::numeric END)'
    )


@pytest.mark.parametrize("column_type", [entry for entry in NUMBERS if entry.has_rate], ids=lambda entry: entry.name)
def test_every_counter_that_is_a_number_has_a_rate(column_type):
    assert column_type.number.format(value='"g"."m"') in rate(type=column_type.name)


@pytest.mark.parametrize("metric", [{"type": "bigint", "kind": "gauge"}, {"type": "text"}, {"type": "boolean"}])
def test_what_does_not_count_is_as_it_was(metric):
    assert 'SELECT g."mode", g.ts, "g"."m" FROM' in rate(**metric)


def test_a_metric_that_is_a_key_now_is_read_as_a_key():
    was_metric = wanted(definition(metrics=[{"name": "a", "type": "text"}, {"name": "held", "type": "bigint"}]))
    now_key = definition(keys=[{"name": "a", "type": "text"}])
    found = wanted(now_key, catalog=catalog_of(was_metric))
    (get,) = [made for made in found.objects if made.name == "powa_locks_get"]
    assert [column.name for column in get.columns] == ["mode", "a", "ts", "held"]
