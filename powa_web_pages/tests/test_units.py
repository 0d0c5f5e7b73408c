# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages know the same units as the collection's report, which they cannot import where they run."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.plugin_utils._quantities import BYTES, PERCENT, SECONDS

from powa_web_pages import shown


def test_the_report_knows_the_same_units():
    kinds = {"bytes": BYTES, "time": SECONDS, "percent": PERCENT}
    known = {unit: (kind, factor) for kind, units in kinds.items() for unit, factor in units.items()}
    assert known == shown._UNITS
