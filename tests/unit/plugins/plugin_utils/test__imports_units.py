# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Units from the names of metrics."""

from __future__ import annotations

from typing import List

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.units import stated_unit, unit_in, unit_of


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
        ("process_start_time_seconds_total", ""),
        ("latest_end_time_s", ""),
        ("stats_reset_time_s", ""),
        ("last_msg_send_time_s", ""),
        ("first_time_seconds", ""),
        ("checkpoint_time_seconds", ""),
        ("autovacuum_time_s", ""),
        ("created_epoch_s", ""),
        ("total_autovacuum_time_seconds", "s"),
        ("total_analyze_time_s", "s"),
        ("checkpoint_write_time_seconds", "s"),
        ("blk_read_time_s", "s"),
        ("wait_time_seconds", "s"),
        ("cpu_time_seconds", "s"),
        ("cpu_time_seconds_total", "s"),
        ("time_s", "s"),
        ("replication_lag_time_seconds", "s"),
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


@pytest.mark.parametrize(
    ("description", "unit"),
    [
        ("Time spent, in milliseconds", "ms"),
        ("Size of the\nWAL In  Bytes.", "bytes"),
        ("Age (in seconds) of the oldest transaction", "s"),
        ("Time in seconds since the last vacuum", "s"),
        ("Share of hits in percent", "%"),
        ("Time in seconds. Zero in seconds without work", "s"),
        ("Lag in bytes, or in seconds", ""),
        ("Written in bytes per second", ""),
        ("Written in bytes/s", ""),
        ("Rate in bytes / second", ""),
        ("Size in kilobytes", ""),
        ("Size in 8 kB blocks", ""),
        ("Time in microseconds", ""),
        ("Bytes in use", ""),
        ("Last vacuum, in seconds since the epoch", ""),
        ("Unix timestamp of the start, in seconds", ""),
        ("Start time in seconds", ""),
        ("The time when it began in seconds", ""),
        ("Last successful backup: its time in seconds", ""),
        ("Number of files that were synced in seconds", ""),
        ("Total number of requests in bytes", ""),
        ("Total bytes", ""),
        ("Within seconds", ""),
        ("", ""),
    ],
)
def test_units_of_descriptions(description: str, unit: str) -> None:
    assert unit_in(description) == unit


@pytest.mark.parametrize(
    ("names", "described", "unit"),
    [
        (["size", "wal_bytes"], "", "bytes"),
        (["size"], "bytes", "bytes"),
        (["size_bytes", "wal_b"], "bytes", "bytes"),
        (["size_bytes", "age_seconds"], "", ""),
        (["age_seconds"], "ms", ""),
        (["age", "start_time_seconds"], "s", ""),
        (["age", "start_time_seconds_total"], "s", ""),
        (["replay", "replication_lag_time_seconds"], "", "s"),
        (["age"], "", ""),
        ([], "s", "s"),
    ],
)
def test_a_unit_is_what_all_agree_on(names: List[str], described: str, unit: str) -> None:
    assert stated_unit(names, described) == unit
