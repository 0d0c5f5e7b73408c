# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts and names of AWX's objects."""

from __future__ import annotations

from typing import Any


def is_text(value: Any) -> bool:
    """Return whether a value is a text that is not empty."""
    return isinstance(value, str) and value != ""


def is_ambiguous(name: str) -> bool:
    """Return whether the modules of awx.awx would take a name for an address or a number."""
    return "++" in name or name.isdigit()
