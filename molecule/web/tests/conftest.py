# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet, as molecule has made it."""

import collected
import hosts
import pytest


@pytest.fixture(scope="session")
def fleet():
    return hosts.read_fleet()


@pytest.fixture(scope="session")
def collected_fleet(fleet):
    """The fleet, once every datasource has history."""
    rows, complete = collected.wait(hosts.INVENTORY)
    assert complete, "\n" + collected.table(rows)
    return fleet
