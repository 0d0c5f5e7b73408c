# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On which hosts a run fails that matches none of the fleet."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._unmatched import unmatched_hosts

GROUPS = {"all": ["a", "b", "w"], "powa_remotes": ["a", "b"]}
READ = {"__common_fleet": {}}


@pytest.mark.parametrize(
    ("groups", "hostvars", "hosts"),
    [
        (GROUPS, {"a": READ, "b": READ, "w": {}}, "all:!all"),
        # The limit leaves out the others.
        (GROUPS, {"a": {}, "b": READ, "w": {}}, "all:!all"),
        (GROUPS, {"a": {}, "b": {}, "w": {}}, "all"),
        ({"all": ["w"]}, {"w": {}}, "all"),
        ({"all": []}, {}, "localhost"),
        ({}, {}, "localhost"),
    ],
)
def test_a_run_fails_where_no_host_has_read_the_fleet(groups, hostvars, hosts):
    assert unmatched_hosts(groups, hostvars) == [hosts]
