# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers, sizes and lengths of time as text."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._quantities import duration, number, size


@pytest.mark.parametrize(
    "arguments, text",
    [
        ((None,), "-"),
        ((0,), "0"),
        ((3.14159,), "3.14"),
        ((0.0004,), "0.0004"),
        ((6.664e-06, "%"), "0.00000666 %"),
        ((999.6,), "1,000"),
        ((1234, "locks"), "1,234 locks"),
        ((9999.4,), "9,999"),
        ((9999.6,), "10k"),
        ((999600,), "1M"),
        ((12345, "locks"), "12.3k locks"),
        ((-12345,), "-12.3k"),
        ((2.5e6, None, True), "2.5M/s"),
        ((1e20,), "100E"),
        ((1e22,), "10,000E"),
        ((33.333, "%"), "33.3 %"),
        ((5, "percent", True), "5 %/s"),
        ((2048, "bytes"), "2 kB"),
        ((1, "MiB"), "1 MB"),
        ((0.5, "bytes", True), "0.5 bytes/s"),
        ((8, "kB", True), "8 kB/s"),
        ((1500, "ms"), "1.5 s"),
        ((150, "s"), "2.5 min"),
        ((250, "us"), "250 µs"),
        ((5, "ms", True), "0.5 %"),
        ((0.25, "s", True), "25 %"),
        ((150, "seconds", True), "15k %"),
        ((3, "days"), "3 days"),
        ((0.995, "ratio"), "99.5 %"),
    ],
)
def test_a_number_has_three_digits_and_its_unit(arguments, text):
    assert number(*arguments) == text


@pytest.mark.parametrize(
    "value, text",
    [(None, "-"), (0, "0 bytes"), (1023, "1,023 bytes"), (1023.6, "1 kB"), (1536, "1.5 kB"), (3 << 40, "3 TB")],
)
def test_a_size_is_as_postgresql_counts(value, text):
    assert size(value) == text


LENGTHS = {
    None: "-",
    0: "0 s",
    2e-9: "0.002 µs",
    0.00025: "250 µs",
    0.25: "250 ms",
    0.9996: "1 s",
    59: "59 s",
    119: "119 s",
    120: "2 min",
    9000: "2.5 h",
    172800: "2 days",
    -172800: "-2 days",
    86400 * 4000: "4,000 days",
}


@pytest.mark.parametrize("seconds, text", LENGTHS.items())
def test_a_length_of_time_is_in_its_unit(seconds, text):
    assert duration(seconds) == text
