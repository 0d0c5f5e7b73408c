# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of what every module supports."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of all modules."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return what would change without changing it.
    support: full
    details: The server itself enforces it, because the session is read-only.
  diff_mode:
    description: Returns what changed, or what would change in check mode.
    support: full
  platform:
    description: Where the module runs.
    platforms: posix
    support: full
  action_group:
    description: Use C(group/pgfleet.powa.powa) in C(module_defaults) to set the login options once.
    support: full
    membership:
      - pgfleet.powa.powa
"""
