# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of what modules support that only read."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of modules that change nothing; they go before those of all modules."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
  diff_mode:
    description: Changes nothing, so there is no diff to show.
    support: none
"""
