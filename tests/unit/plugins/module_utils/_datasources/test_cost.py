# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What history takes: arithmetic."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import (
    USUAL_DENSITY,
    Cost,
    Load,
    Stored,
    add_costs,
    bytes_per_row,
    cost,
    density,
    sample_width,
    size_text,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Column, Kind
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import find_type


def metrics(*types):
    return [Column("m", find_type(name), Kind.GAUGE, True) for name in types]


@pytest.mark.parametrize(
    ("types", "width"),
    [
        ([], 32),
        (["bigint"], 40),
        (["integer", "bigint"], 48),
        (["integer", "integer"], 40),
        (["boolean"], 40),
        (["boolean", "smallint", "integer", "bigint"], 48),
        (["text"], 48),
        (["numeric", "double precision"], 56),
    ],
)
def test_the_width_of_a_sample(types, width):
    assert sample_width(metrics(*types)) == width


def test_the_density_is_that_of_all_that_is_large_enough():
    small, large, larger = Stored(40, 9_999, 10**9), Stored(40, 10_000, 200_000), Stored(80, 20_000, 400_000)
    assert density([], 40) == density([small], 40) == USUAL_DENSITY
    assert density([small, large], 40) == density([large, large, larger], 40) == 0.5
    assert density([larger, large, larger], 40) == 0.25


def test_only_samples_that_are_about_as_wide_tell_the_density():
    text, counters = Stored(10_000, 20_000, 4_000_000), [Stored(40, 10_000, 200_000), Stored(48, 10_000, 240_000)]
    assert density([text, *counters], 40) == density([text, *counters], 80) == 0.5
    assert density([text, *counters], 10_000) == density([text, *counters], 20_000) == 0.02
    # Where none is, the one in the middle decides.
    assert density([text, *counters], 500) == 0.5 and density([text], 40) == 0.02


def test_a_row_takes_what_it_takes_or_what_similar_rows_do():
    others = [Stored(40, 10_000, 200_000)]
    assert bytes_per_row(40, Stored(40, 10_000, 150_000), others) == 15
    assert bytes_per_row(40, Stored(40, 10, 24_576), others) == bytes_per_row(40, None, others) == 20


def test_samples_tell_how_wide_they_are():
    text, counters = Stored(10_000, 500, 8192), Stored(40, 10_000, 200_000)
    assert bytes_per_row(48, text, [text, counters]) == 5_000
    # Those of a young datasource do not depend on others' texts.
    assert bytes_per_row(40, None, [text._replace(samples=20_000), counters]) == 20


def test_the_cost_of_servers():
    assert cost([Load(100, 300, 7 * 86400)], 20) == Cost(100, 20, 576_000, 4_032_000)
    both = cost([Load(100, 300, 7 * 86400), Load(0.5, 60, 86400)], 20)
    assert both == Cost(101, 20, 576_000 + 14_400, 4_032_000 + 14_400)
    assert cost([], 20) == Cost(0, 20, 0, 0)


def test_a_cost_in_a_diff():
    line = "expected: 16 rows in a sample of all servers, 144.0 KiB a day, 1008.0 KiB at its retention"
    assert Cost(16, 32.0, 147_456, 1_032_192).describe() == line


def test_costs_of_servers_together():
    assert add_costs([Cost(1, 20, 3, 4), Cost(5, 20, 7, 8)]) == Cost(6, 20, 10, 12)


def test_a_cost_as_it_is_returned():
    assert Cost(1, 20.123, 3, 4).as_dict() == {
        "rows": 1,
        "bytes_per_row": 20.1,
        "bytes_per_day": 3,
        "bytes_at_retention": 4,
    }


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (3 * 2**30, "3.0 GiB"), (2**52, "4096.0 TiB")],
)
def test_a_size_for_people(size, text):
    assert size_text(size) == text
