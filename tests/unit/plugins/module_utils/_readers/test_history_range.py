# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which range of time history is read for."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.history_range import (
    Moment,
    Range,
    Sampled,
    trimmed,
)


def moment(seconds):
    return Moment("at {0}".format(seconds), "At {0}".format(seconds), float(seconds))


def sampled(first, last):
    return Sampled(moment(first), moment(last))


ASKED = Range(moment(0), moment(1000), 10)


@pytest.mark.parametrize(
    ("samples", "since", "until"),
    [
        # Nothing was collected.
        ([], 0, 1000),
        # It goes from end to end, or nearly so.
        ([(0, 1000)], 0, 1000),
        ([(45, 955)], 0, 1000),
        # It begins late, ends early, or both; what others have counts as well.
        ([(48, 1000)], 48, 1000),
        ([(0, 952)], 0, 952),
        ([(800, 900)], 800, 900),
        ([(980, 990)], 980, 990),
        ([(800, 900), (700, 710)], 700, 900),
        ([(800, 900), (20, 30)], 0, 900),
        # Samples of one moment: a range has a length.
        ([(300, 300)], 300, 1000),
        ([(980, 980)], 980, 1000),
        ([(1000, 1000)], 0, 1000),
        ([(0, 0)], 0, 1000),
    ],
)
def test_ends_without_samples_are_left_out(samples, since, until):
    found = trimmed(ASKED, {("locks", srvid): sampled(*each) for srvid, each in enumerate(samples)}).within
    assert found == Range(moment(since), moment(until), 10)
    assert found.as_dict() == {
        "since": "At {0}".format(since),
        "until": "At {0}".format(until),
        "step": (until - since) / 10,
    }


@pytest.mark.parametrize(
    ("first", "last", "own"),
    [
        (751, 1000, True),
        (990, 995, True),
        (750, 1000, False),
        # It ended long ago, or has a single sample.
        (100, 110, False),
        (990, 990, False),
    ],
)
def test_a_new_server_has_a_range_of_its_own(first, last, own):
    ranges = trimmed(ASKED, {("locks", 1): sampled(0, 1000), ("locks", 2): sampled(first, last)})
    assert ranges.within == ASKED
    assert ranges.own("locks") == ({2: Range(moment(first), moment(1000), 10)} if own else {})
    assert ranges.own("waits") == {}


def test_so_has_a_new_datasource_on_all_servers():
    old = {("locks", srvid): sampled(0, 1000) for srvid in (1, 2)}
    new = {("waits", 1): sampled(800, 1000), ("waits", 2): sampled(820, 990)}
    ranges = trimmed(ASKED, {**old, **new})
    own = Range(moment(800), moment(1000), 10)
    assert (ranges.own("locks"), ranges.own("waits")) == ({}, {1: own, 2: own})


def test_a_datasource_that_seldom_has_rows_has_not():
    ranges = trimmed(
        ASKED,
        {
            ("locks", 1): sampled(0, 1000),
            ("locks", 2): sampled(0, 1000),
            ("locks", 3): sampled(850, 1000),
            ("blocked", 1): sampled(100, 110),
            ("blocked", 2): sampled(950, 960),
            ("blocked", 3): sampled(950, 960),
        },
    )
    # Server 3 is new: all its graphs begin when it did.
    assert {key: each.since for key, each in ranges.late.items()} == {
        ("locks", 3): moment(850),
        ("blocked", 3): moment(850),
    }
