# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The times of a graph, as words and as ticks."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._axis import between, since_when, ticks

#: What Python's times do not reach.
ANCIENT = "1975-12-01T12:00:00Z BC"


@pytest.mark.parametrize(
    ("since", "until", "labels"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:04Z", ["12:00:01", "12:00:02", "12:00:03"]),
        ("2026-03-01T12:00:03Z", "2026-03-01T12:00:33Z", ["12:00:10", "12:00:20", "12:00:30"]),
        ("2026-03-01T12:03:07Z", "2026-03-01T12:14:09Z", ["12:05", "12:10"]),
        ("2026-03-01T22:30:00Z", "2026-03-02T01:30:00Z", ["23:00", "2 Mar", "01:00"]),
        ("2026-02-28T12:36:00Z", "2026-03-01T12:36:00Z", ["18:00", "1 Mar", "06:00"]),
        ("2026-02-27T12:00:00Z", "2026-03-06T12:00:00Z", ["1 Mar", "3 Mar", "5 Mar"]),
        # Mondays.
        ("2026-03-01T00:00:00Z", "2026-03-29T00:00:00Z", ["9 Mar", "16 Mar", "23 Mar"]),
        ("2025-11-15T00:00:00Z", "2026-03-15T00:00:00Z", ["Dec 2025", "Jan 2026", "Feb 2026", "Mar 2026"]),
        ("2023-06-15T00:00:00Z", "2026-03-15T00:00:00Z", ["2024", "2025"]),
        # Nothing to tell apart.
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z", []),
        (ANCIENT, "2026-03-01T12:00:00Z", []),
    ],
)
def test_ticks_are_at_round_times(since, until, labels):
    found = ticks(since, until)
    assert [tick["label"] for tick in found if tick["label"]] == labels
    places = [tick["x"] for tick in found]
    assert places == sorted(places) and all(0 <= place <= 100 for place in places)
    # At the edge there is no room for a label.
    assert all(bool(tick["label"]) == (9 <= tick["x"] <= 91) for tick in found)


def test_a_tick_is_at_its_place():
    assert ticks("2026-03-01T12:00:00Z", "2026-03-01T12:00:04Z") == [
        {"x": 0.0, "label": ""},
        {"x": 25.0, "label": "12:00:01"},
        {"x": 50.0, "label": "12:00:02"},
        {"x": 75.0, "label": "12:00:03"},
        {"x": 100.0, "label": ""},
    ]


@pytest.mark.parametrize("seconds", [1, 7, 59, 61, 3599, 5000, 40000, 86400, 200000, 10**6, 10**7, 10**8, 10**10])
def test_every_range_has_a_few_ticks(seconds):
    begin = datetime(1900, 5, 17, 3, 4, 5)
    texts = ["{0:%Y-%m-%dT%H:%M:%SZ}".format(time) for time in (begin, begin + timedelta(seconds=seconds))]
    assert 1 <= len(ticks(*texts)) <= 5


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        ("2026-03-01T12:00:07Z", "2026-03-01T12:14:09Z", "2026-03-01 12:00 to 12:14 UTC"),
        ("2026-03-01T12:00:07Z", "2026-03-01T12:01:09Z", "2026-03-01 12:00:07 to 12:01:09 UTC"),
        ("2026-03-01T12:00:07Z", "2026-03-02T12:00:07Z", "2026-03-01 12:00 to 2026-03-02 12:00 UTC"),
        (ANCIENT, "2026-03-02T12:00:07Z", "1975-12-01 12:00:00 BC to 2026-03-02 12:00:07 UTC"),
    ],
)
def test_a_range_in_words(since, until, words):
    assert between(since, until) == words


def test_a_time_in_words():
    assert since_when("2026-03-01T12:00:07Z", "2026-03-01T13:00:00Z") == "12:00 UTC"
    assert since_when("2026-03-01T12:00:07Z", "2026-03-02T12:00:00Z") == "2026-03-01 12:00 UTC"
    assert since_when(ANCIENT, "2026-03-02T12:00:00Z") == "1975-12-01 12:00:00 BC UTC"
