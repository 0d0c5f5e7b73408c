# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of a result by the names of their columns."""

from __future__ import annotations

from typing import Any, Dict, List


def dicts(cursor: Any) -> List[Dict[str, Any]]:
    """Return the rows of the last statement."""
    columns = [column.name for column in cursor.description]
    return [dict(zip(columns, row)) for row in cursor.fetchall()]
