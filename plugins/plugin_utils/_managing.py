# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether Ansible may change a host itself: its packages, files and services."""

from __future__ import annotations

from typing import Any, Mapping

#: What says so.
MANAGING = ("powa_manage_host", "powa_managed")


def manages(variables: Mapping[str, Any]) -> bool:
    """Return whether the run may change the host, and not only what is in its PostgreSQL."""
    return bool(variables.get("powa_manage_host", True)) and not is_managed(variables)


def is_managed(variables: Mapping[str, Any]) -> bool:
    """Return whether nobody logs in to the host, so that the controller does all work over PostgreSQL's own login."""
    return bool(variables.get("powa_managed"))


def why_not(variables: Mapping[str, Any]) -> str:
    """Return what in the inventory says that it may not."""
    return "powa_managed is true" if is_managed(variables) else "powa_manage_host is false"
