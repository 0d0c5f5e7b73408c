# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a legend says of a line."""

from __future__ import annotations

import pytest
from powa_web_pages.definitions import Datasource
from powa_web_pages.repository import label

QUERY = "SELECT *\n\tFROM t WHERE a = " + "x" * 8000


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["app"], "app"),
        ([None], "(none)"),
        ([""], "(empty)"),
        ([None, "", "app", "1"], "app, 1"),
        ([None, ""], "(none)"),
        (["app", QUERY], "app, SELECT * FROM t WHERE a = " + "x" * 13 + "…"),
        ([QUERY], "SELECT * FROM t WHERE a = " + "x" * 13 + "…"),
    ],
)
def test_labels(names, text):
    found = label(Datasource("public", "a", "A", "", (), ()), names)
    assert found == text
