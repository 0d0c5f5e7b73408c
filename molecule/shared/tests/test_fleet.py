# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every scenario must have come to; `molecule verify` runs it."""

import os
from pathlib import Path

import collected

INVENTORY = Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent


def test_every_datasource_of_every_server_is_aggregated_without_errors():
    rows, complete = collected.wait(INVENTORY)
    assert complete, "\n" + collected.table(rows)
