# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users of the operating system that the roles know."""

from __future__ import annotations

import pwd
from typing import List

NAMES = ("powa", "powa-web", "postgres")


def read_users() -> List[str]:
    """Return those of the users that exist."""
    return [name for name in NAMES if user_exists(name)]


def user_exists(name: str) -> bool:
    """Return whether the host has a user of this name."""
    try:
        pwd.getpwnam(name)
    except (KeyError, ValueError):
        return False
    return True
