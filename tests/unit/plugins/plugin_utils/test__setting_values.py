# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the values of settings mean."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._setting_values import (
    for_alter_system,
    meaning,
    retention_minutes,
)


def test_values_that_mean_the_same():
    assert meaning("powa.frequency", "5min") == meaning("powa.frequency", "300000")
    assert meaning("shared_preload_libraries", '"$libdir/a", b') == meaning("shared_preload_libraries", "b,a")
    assert meaning("shared_preload_libraries", "a,,") == "a,,"
    assert meaning("listen_addresses", "a, b") == meaning("listen_addresses", "b,a")
    assert meaning("powa.database", "Powa") != meaning("powa.database", "powa")


def test_a_value_for_alter_system():
    assert for_alter_system("powa.frequency", "300s", 130021) == "300000"
    assert for_alter_system("listen_addresses", "*", 130021) == "'*'"
    assert for_alter_system("listen_addresses", "a,b", 130021) == "a,b"
    assert for_alter_system("powa.database", "it's", 150006) == "it''s"


@pytest.mark.parametrize(
    ("interval", "minutes"),
    [
        ("7 days", 10080),
        ("1 week 2 days", 12960),
        ("1d2h", 1560),
        ("1 mon", 43200),
        ("1 YEAR", 525960),
        ("90 minutes", 90),
        ("1.5 hours", 90),
        ("1 day 04:05:06", 1685),
        (" 02:00 ", 120),
        ("3600", 60),
        ("3600 seconds", 60),
        ("", None),
        ("7", None),
        ("30 seconds", None),
        ("banana", None),
        ("7 bananas", None),
        ("7 days ago", None),
        ("-7 days", None),
        ("7 04:05", None),
        ("04:5", None),
    ],
)
def test_the_minutes_of_an_interval(interval, minutes):
    assert retention_minutes(interval) == minutes
