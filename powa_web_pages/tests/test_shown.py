# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages take the same types for numbers as the collection, which they cannot import where they run."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.types import NUMBERS, TYPE_NAMES, find_type
from powa_web_pages.definitions import Metric

from powa_web_pages import shown


def test_the_same_types_are_numbers():
    assert sorted(shown.NUMBERS) == sorted(column_type.name for column_type in NUMBERS)


def test_history_keeps_the_extremes_of_the_same_types():
    assert sorted(shown.RANGED) == sorted(column_type.name for column_type in NUMBERS if column_type.minmax)


@pytest.mark.parametrize("name", TYPE_NAMES)
def test_the_same_counters_have_a_rate(name):
    assert shown.shown(Metric("m", name, True, "M")).rate == find_type(name).has_rate
    assert not shown.shown(Metric("m", name, False, "M")).rate


@pytest.mark.parametrize("column_type", NUMBERS, ids=lambda column_type: column_type.name)
def test_the_same_unit_is_shown(column_type):
    formats = {None: "number", "s": "duration", "bytes": "size"}
    assert shown.shown(Metric("m", column_type.name, False, "M")).type == formats[column_type.unit]
