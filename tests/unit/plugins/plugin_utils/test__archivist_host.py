# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host as the plan of the role archivist looks at it."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._archivist_host import ArchivistHost
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._settings import NOTHING
from ansible_collections.pgfleet.powa.plugins.plugin_utils._systems import NO_SYSTEM

LOADED = "pg_stat_statements,pg_stat_kcache"
SERVER = {
    "version_num": 170002,
    "config_file": "/etc/postgresql/17/main/postgresql.conf",
    "settings": {"shared_preload_libraries": {"value": LOADED, "source": "configuration file"}},
    "standby": False,
    "file_settings": [],
    "unread": True,
    "database": True,
}
SEEN = {"server": SERVER, "driver": True, "packages": {}, "extensions": {}}
VARIABLES = {
    "powa_install_method": "package",
    "powa_mode": "remote",
    "powa_stats_extensions": ["pg_stat_kcache"],
    "powa_extensions": [],
}


def host_of(seen=None, check_mode=False, **variables):
    fleet = {"hosts": {"db": {"groups": ["powa_remotes"], "variables": {**VARIABLES, **variables}}}}
    return ArchivistHost(Run(fleet, {}, (), check_mode), "db", {**SEEN, **(seen or {})}, NO_SYSTEM)


def test_where_nobody_may_change_the_host_nothing_is_configured_or_installed():
    host = host_of(powa_manage_host=False, powa_install_method="source")
    assert not host.managing and not host.configures and not host.builds and not host.unread
    assert host.packages == [] and host.settings == NOTHING and not host.may_restart


def test_what_the_server_hides_is_no_server_to_write_for():
    hiding = {"server": {**SERVER, "unknown": {"settings": "permission denied"}}}
    assert host_of(hiding).server is None and host_of(hiding).conf == "" and host_of(hiding).loaded == []
    assert host_of(hiding, powa_manage_host=False).server == hiding["server"]


@pytest.mark.parametrize(("check_mode", "driver", "database"), [(False, False, False), (True, True, True)])
def test_by_now_the_run_has_brought_what_check_mode_has_to_see(check_mode, driver, database):
    host = host_of({"driver": driver, "server": {**SERVER, "database": database}}, check_mode)
    assert host.have_server and host.have_database


def test_in_check_mode_what_was_not_seen_is_not_there():
    assert not host_of({"driver": False}, check_mode=True).have_server
    without = host_of({"server": {**SERVER, "database": False}}, check_mode=True)
    assert without.have_server and not without.have_database and without.database_differs


def test_an_extension_that_needs_its_library_waits_for_it():
    names = ["pg_stat_statements", "btree_gist", "powa"]
    assert [one["name"] for one in host_of().creatable] == [*names, "pg_stat_kcache"]
    idle = {"server": {**SERVER, "settings": {"shared_preload_libraries": {"value": "", "source": "default"}}}}
    assert [one["name"] for one in host_of(idle).creatable] == names
