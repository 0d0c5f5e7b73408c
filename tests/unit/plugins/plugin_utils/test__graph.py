# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of history as paths of an SVG."""

from __future__ import annotations

import re

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._graph import graph


def drawn(*values, keys=None, width=30, height=10):
    """Return the only path of a graph."""
    (path,) = graph([{"key": keys or {}, "points": list(values)}], width, height)["paths"]
    return path


def test_a_line_goes_from_the_left_to_the_right_and_the_top_is_its_greatest_value():
    assert drawn(0, 5, 10, 0)["d"] == "M0 10L10 5L20 0L30 10"


def test_a_gap_interrupts_it_and_a_lonely_value_is_a_dot():
    assert drawn(10, 10, None, None, None, 10, width=50)["d"] == "M0 0L10 0M50 0h0"
    assert drawn(10, 10, None, None, 10, width=40)["d"] == "M0 0L10 0L40 0"
    assert drawn(None, 10)["d"] == "M30 0h0"
    assert drawn(None, None)["d"] == ""


def test_steps_may_be_shorter_than_the_time_between_two_snapshots():
    assert drawn(10, None, None, None, 10, None, None, None, 10, width=80)["d"] == "M0 0L40 0L80 0"
    points = [[10, None, 10, None, 10], [10, None, None, None, 10]]
    found = graph([{"key": {}, "points": line} for line in points], 40, 10)
    assert [path["d"] for path in found["paths"]] == ["M0 0L20 0L40 0", "M0 0L40 0"]


def test_negative_values_lower_the_bottom():
    found = graph([{"key": None, "points": [-5, 5]}], 10, 10)
    assert (found["bottom"], found["top"]) == (-5, 5)
    assert found["paths"][0]["d"] == "M0 10L10 0"


def test_values_that_are_all_zero_lie_on_the_bottom():
    assert drawn(0, 0)["d"] == "M0 10L30 10"


def test_without_lines_there_is_nothing_to_draw():
    assert graph([], 10, 10) == {"paths": [], "bottom": 0.0, "top": 0.0}


@pytest.mark.parametrize(
    "keys, label",
    [
        (None, None),
        ({}, ""),
        ({"mode": "a"}, "a"),
        ({"mode": ""}, "(empty)"),
        ({"mode": None}, "(none)"),
        ({"datname": "shop", "state": "idle"}, "shop, idle"),
        ({"datname": "", "state": "idle"}, "idle"),
        ({"datname": None, "state": ""}, "(none)"),
    ],
)
def test_a_line_is_called_by_the_values_of_its_keys(keys, label):
    (path,) = graph([{"key": keys, "points": [1, None]}], 10, 10)["paths"]
    assert (path["label"], path["last"]) == (label, 1)


def test_no_point_is_outside():
    values = [1e15, -3, 0.001, None, 7, 1e-9]
    (path,) = graph([{"key": {}, "points": values}], 240, 60)["paths"]
    for x, y in re.findall(r"[ML]([0-9.e-]+) ([0-9.e-]+)", path["d"]):
        assert 0 <= float(x) <= 240 and 0 <= float(y) <= 60
