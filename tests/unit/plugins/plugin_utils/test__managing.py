# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether Ansible may change a host itself."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import MANAGING, is_managed, manages, why_not


@pytest.mark.parametrize(
    ("variables", "may_change", "why"),
    [
        ({}, True, None),
        ({"powa_manage_host": True, "powa_managed": False}, True, None),
        ({"powa_manage_host": False}, False, "powa_manage_host is false"),
        ({"powa_managed": True}, False, "powa_managed is true"),
        ({"powa_managed": True, "powa_manage_host": False}, False, "powa_managed is true"),
    ],
)
def test_what_the_variables_say(variables, may_change, why):
    assert manages(variables) is may_change and is_managed(variables) is bool(variables.get("powa_managed"))
    if why:
        assert why_not(variables) == why and why.split()[0] in MANAGING
