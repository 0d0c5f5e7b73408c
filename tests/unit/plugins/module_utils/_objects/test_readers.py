# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functions that read history back: as it is, and per second."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import NUMBERS
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import SERVER_AND_RANGE
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
    assert 'WINDOW w AS (PARTITION BY "n"."k0" ORDER BY n.ts)' in " ".join(reader("rate").body.split())
    assert "WINDOW w AS (ORDER BY n.ts)" in " ".join(reader("rate", keys=[]).body.split())


def test_a_counter_that_has_been_reset_begins_again():
    text = rate(type="bigint")
    assert text.startswith(
        """SELECT "r"."k0", "r"."ts", CASE WHEN r.seconds OPERATOR(pg_catalog.>) '0'::double precision"""
        ' THEN CASE WHEN "r"."m0" OPERATOR(pg_catalog.<) "r"."b0" THEN "r"."m0"'
        ' ELSE "r"."m0" OPERATOR(pg_catalog.-) "r"."b0" END OPERATOR(pg_catalog./) r.seconds END FROM'
    )
    assert 'SELECT "n"."k0", "n"."ts", "n"."m0", pg_catalog.lag("n"."m0") OVER w AS "b0", (extract(epoch' in text
    assert 'SELECT "g"."mode" AS "k0", g.ts, "g"."m"::numeric AS "m0" FROM' in text


@pytest.mark.parametrize("column_type", [entry for entry in NUMBERS if entry.has_rate], ids=lambda entry: entry.name)
def test_every_counter_that_is_a_number_has_a_rate(column_type):
    number = column_type.number.format(value='"g"."m"')
    assert " ".join(number.split()) in rate(type=column_type.name)


@pytest.mark.parametrize("metric", [{"type": "bigint", "kind": "gauge"}, {"type": "text"}, {"type": "boolean"}])
def test_what_does_not_count_is_as_it_was(metric):
    text = rate(**metric)
    assert text.startswith('SELECT "r"."k0", "r"."ts", "r"."m0" FROM') and '"g"."m" AS "m0"' in text


def test_a_metric_that_is_a_key_now_is_read_as_a_key():
    was_metric = wanted(definition(metrics=[{"name": "a", "type": "text"}, {"name": "held", "type": "bigint"}]))
    now_key = definition(keys=[{"name": "a", "type": "text"}])
    found = wanted(now_key, catalog=catalog_of(was_metric))
    (get,) = [made for made in found.objects if made.name == "powa_locks_get"]
    assert [column.name for column in get.columns] == ["mode", "a", "ts", "held"]
