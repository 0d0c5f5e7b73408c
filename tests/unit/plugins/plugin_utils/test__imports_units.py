# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Units from the names of metrics."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.units import unit_of


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("size_bytes", "bytes"),
        ("bytes", "bytes"),
        ("read_bytes_total", "bytes"),
        ("size_b", "bytes"),
        ("age_seconds", "s"),
        ("last_reset_s", "s"),
        ("longest_tx_seconds", "s"),
        ("write_time_ms", "ms"),
        ("Free_Percent", "%"),
        ("hit_ratio", "ratio"),
        ("start_time_seconds", ""),
        ("oldest_timestamp_seconds", ""),
        ("b", ""),
        ("s", ""),
        ("total", ""),
        ("_total", ""),
        ("job", ""),
        ("read_bytes_mb", ""),
        ("checkpoint_write_time", ""),
        ("", ""),
    ],
)
def test_units(name: str, unit: str) -> None:
    assert unit_of(name) == unit
