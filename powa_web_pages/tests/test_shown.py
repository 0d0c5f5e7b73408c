# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages take the same types for numbers as the collection, which they cannot import where they run."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import NUMBERS, TYPE_NAMES, find_type
from powa_web_pages.definitions import Metric

from powa_web_pages import shown


def test_the_same_types_are_the_same_numbers():
    assert {column_type.name: column_type.number for column_type in NUMBERS} == shown.NUMBERS


def test_history_keeps_the_extremes_of_the_same_types():
    assert sorted(shown.RANGED) == sorted(column_type.name for column_type in NUMBERS if column_type.minmax)


@pytest.mark.parametrize("name", TYPE_NAMES)
def test_the_same_counters_have_a_rate(name):
    assert shown.shown(Metric("m", name, True, "M")).rate == find_type(name).has_rate
    assert not shown.shown(Metric("m", name, False, "M")).rate


@pytest.mark.parametrize("column_type", NUMBERS, ids=lambda column_type: column_type.name)
def test_the_same_unit_is_shown(column_type):
    forms = {None: ("number", "M"), "s": ("number", "M (s)"), "bytes": ("size", "M")}
    form = shown.shown(Metric("m", column_type.name, False, "M")).drawn
    assert (form.type, form.title) == forms[column_type.unit]


@pytest.mark.parametrize(
    "type_name, counter, unit, expected",
    [
        ("bigint", True, "", ("number", "M (per second)", 1)),
        ("bigint", True, "rows", ("number", "M (rows per second)", 1)),
        ("bigint", False, "XIDs", ("number", "M (XIDs)", 1)),
        ("bigint", True, "kB", ("sizerate", "M per second", 1024)),
        ("bigint", False, "GB", ("size", "M", 1024**3)),
        ("numeric", False, "%", ("percent", "M (%)", 1)),
        ("numeric", False, "ratio", ("percent", "M (%)", 100)),
        ("numeric", True, "ratio", ("number", "M (% per second)", 100)),
        ("real", False, "hours", ("number", "M (s)", 3600)),
        # Half a second of each second is half of the time.
        ("bigint", True, "ms", ("percent", "M (% of the time)", 0.1)),
        ("interval", True, "", ("percent", "M (% of the time)", 100)),
        ("boolean", True, "", ("number", "M", 1)),
        ("text", True, "", ("string", "M", 1)),
    ],
)
def test_units(type_name, counter, unit, expected):
    form = shown.shown(Metric("m", type_name, counter, "M", unit)).drawn
    assert (form.type, form.title, pytest.approx(form.factor)) == expected


@pytest.mark.parametrize(
    "unit, greatest, title, number",
    [
        ("s", None, "M (s)", 1),
        ("s", 0, "M (s)", 1),
        ("s", float("nan"), "M (s)", 1),
        ("s", 0.25, "M (ms)", 1000),
        ("us", 30, "M (ms)", 0.001),
        ("ms", 119_000, "M (s)", 0.001),
        ("s", 120, "M (min)", 1 / 60),
        ("min", 180, "M (h)", 1 / 60),
        ("s", -86400 * 9, "M (days)", 1 / 86400),
        ("d", 4000, "M (days)", 1),
    ],
)
def test_a_length_of_time_has_the_unit_that_people_would_use(unit, greatest, title, number):
    metric = Metric("m", "double precision", False, "M", unit)
    form = shown.shown(metric, shown.length_for(metric, greatest)).value
    assert shown.is_length(metric) and (form.title, form.factor) == (title, pytest.approx(number))
    assert not shown.is_length(Metric("m", "double precision", True, "M", unit))
