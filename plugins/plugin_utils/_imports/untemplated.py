# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of other tools, which Ansible is not to take for templates."""

from __future__ import annotations

from typing import Any

from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import LEAVES_TEMPLATES


def untemplated(value: Any) -> Any:
    """Return what a filter returns such that braces in its texts mean nothing. Since 2.19, Ansible does that itself."""
    return wrap_var(value) if LEAVES_TEMPLATES else value
