# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions of PoWA."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.versions import (
    purges_qualstats,
    release,
    version_number,
)


def test_versions_compare_as_numbers():
    assert version_number("5.0.10") == (5, 0, 10) > version_number("5.0.9")
    assert version_number("4.1.2.dev") == (4, 1, 2)


@pytest.mark.parametrize(("version", "expected"), [("5.0.2", "5.0"), ("4.1", "4.1"), ("5.10.1", "5.10")])
def test_a_release_is_major_and_minor(version, expected):
    assert release(version) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [("4.2.2", True), ("5.1.1", True), ("5.1.2", False), ("5.2.0", False), ("5.3.0", False), ("5.3.1", True)],
)
def test_some_versions_cannot_purge_pg_qualstats(version, expected):
    assert purges_qualstats(version) is expected
