# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the marker extensions of datasources are there."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Mapping, Sequence

_PACKAGE = "ansible_collections.pgfleet.powa.plugins.plugin_utils"


def markers_todo(marked: Sequence[Mapping[str, Any]], seen: Mapping[str, Any]) -> bool:
    """Return whether tasks/markers.yml of the role common has anything to create, or to report."""
    return bool(import_module(_PACKAGE + "._markers").plan_markers(marked, seen, "present").todo)
