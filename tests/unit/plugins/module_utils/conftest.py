# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of all tests that need no server."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import render
from psycopg2 import sql


@pytest.fixture
def offline_driver(monkeypatch):
    """Have the driver turn composed SQL into text without a connection."""
    for part in (sql.Composed, sql.Identifier, sql.Literal):
        monkeypatch.setattr(part, "as_string", lambda self, _context: render(self))
