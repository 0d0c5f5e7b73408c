# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The password files of a host: which it has, what is in them, and what becomes of a password that is wrong."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.pgfleet.powa.plugins.filter import fleet as fleet_filter
from ansible_collections.pgfleet.powa.plugins.filter import password_files as password_files_filter
from ansible_collections.pgfleet.powa.plugins.plugin_utils._password_files import password_files
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

GROUPS = {
    "powa_repositories": ["hub"],
    "powa_remotes": ["db1", "db2"],
    "powa_collectors": ["hub", "box"],
    "powa_web": ["box"],
}
HOSTS = {host: {} for host in ("hub", "db1", "db2", "box")}
FLEET = fleet_filter.FilterModule().filters()["fleet"]({}, HOSTS, GROUPS, scope={})
PASSWORDS = {
    "hub": {"powa_collector_password": "c:1"},
    "db1": {"powa_monitoring_password": "m1"},
    "db2": {},
    "box": {},
}
OF_COLLECTOR = "# Managed\n{0}:5432:powa:powa_collector:c\\:1\ndb1:5432:*:powa_monitor:m1\n"
OF_WEB = "# Managed\ndb1:5432:*:powa_monitor:m1\n"


@pytest.mark.parametrize(
    ("host", "files"),
    [
        ("db1", {}),
        ("hub", {"/etc/powa-collector.pgpass": OF_COLLECTOR.format("localhost")}),
        ("box", {"/etc/powa-collector.pgpass": OF_COLLECTOR.format("hub"), "/etc/powa-web/pgpass": OF_WEB}),
    ],
)
def test_a_host_has_the_files_of_its_groups(host, files):
    assert password_files(Run(FLEET, PASSWORDS), host, "Managed") == files
    assert password_files_filter.password_files(host, FLEET, PASSWORDS, "Managed") == files


def test_a_password_that_fits_no_line_is_refused_or_left_out():
    passwords = {**PASSWORDS, "hub": {"powa_collector_password": "two\nlines"}}
    with pytest.raises(AnsibleFilterError, match="found a line break"):
        password_files_filter.password_files("box", FLEET, passwords, "Managed")
    found = password_files_filter.password_files("box", FLEET, passwords, "Managed", known_only=True)
    assert found == {"/etc/powa-web/pgpass": OF_WEB}
