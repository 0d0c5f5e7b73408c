# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option of the modules that plan and write."""

from __future__ import annotations


class ModuleDocFragment:
    """How long a task waits for another one."""

    DOCUMENTATION = r"""
options:
  lock_wait:
    description:
      - Seconds to wait for another task of this collection that writes to the same database.
      - Only one task writes at a time. A waiting task holds no locks, and reads everything again when its turn comes.
    type: int
    default: 60
    version_added: 0.2.0
"""
