# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of pgfleet.powa.servers that runs on the controller."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.plugin_utils._exact import ExactAction


class ActionModule(ExactAction):
    """Refuses state "exact" in a run that does not cover the whole fleet."""
