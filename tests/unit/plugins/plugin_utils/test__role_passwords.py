# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The passwords that the roles of a host should have."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.filter import fleet as fleet_filter
from ansible_collections.pgfleet.powa.plugins.filter.role_passwords import role_passwords
from ansible_collections.pgfleet.powa.plugins.plugin_utils import _role_passwords
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import Unevaluated

GROUPS = {"powa_repositories": ["hub"], "powa_remotes": ["hub", "db1"], "powa_collectors": ["hub"], "powa_web": ["hub"]}
FLEET = fleet_filter.FilterModule().filters()["fleet"]({}, {"hub": {}, "db1": {}}, GROUPS, scope={})
PASSWORDS = {
    "hub": {"powa_monitoring_password": 1, "powa_collector_password": "c", "powa_web_password": "w"},
    "db1": {"powa_monitoring_password": "", "powa_collector_password": "unused"},
}


@pytest.mark.parametrize(
    ("host", "passwords"),
    [("hub", {"powa_monitor": "1", "powa_collector": "c", "powa_web": "w"}), ("db1", {})],
)
def test_a_host_has_the_roles_of_its_groups(host, passwords):
    assert role_passwords(host, FLEET, PASSWORDS) == passwords


def test_a_password_that_cannot_be_evaluated_is_left_to_the_task_that_sets_it(monkeypatch):
    def fail(_run, _host):
        raise Unevaluated("undefined")

    monkeypatch.setattr(_role_passwords, "_ROLES", (fail, _role_passwords.remote_roles))
    assert role_passwords("hub", FLEET, PASSWORDS) == {"powa_monitor": "1"}
