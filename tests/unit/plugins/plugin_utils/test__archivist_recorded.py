# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role archivist and the marker extensions do to real hosts, whose results of host_info are in hosts/."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._archivist import plan_archivist
from ansible_collections.pgfleet.powa.plugins.plugin_utils._markers import plan_markers
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

VARIABLES = {
    "powa_mode": "remote",
    "powa_install_method": "package",
    "powa_source": "",
    "powa_extensions": [],
    "powa_stats_extensions": ["pg_qualstats"],
    "powa_extension_packages": {},
    "powa_listen_addresses": "",
    "powa_database": "powa",
}
#: The major version of PostgreSQL of the hosts on which all is set up, in conf.d/tests.conf.
DONE = {"bullseye": "13", "bookworm": "15", "trixie": "17", "forky": "18"}


def seen(name):
    return json.loads((Path(__file__).parent / "hosts" / (name + ".json")).read_text(encoding="utf-8"))


def plan(name, check_mode=False, **variables):
    fleet = {"hosts": {"db": {"groups": ["powa_remotes"], "variables": {**VARIABLES, **variables}}}, "remotes": {}}
    return plan_archivist(Run(fleet, {"db": {"__common_seen": seen(name)}}, (), check_mode), "db")


@pytest.mark.parametrize(("name", "version"), DONE.items())
@pytest.mark.parametrize("check_mode", [False, True])
def test_nothing_is_to_do_where_all_is_set_up(name, version, check_mode):
    planned = plan(name, check_mode)
    assert not planned.todo and planned.have_server and planned.have_database
    assert planned.unit == "postgresql@{0}-main".format(version)
    assert planned.conf == "/etc/postgresql/{0}/main/conf.d/powa.conf".format(version)
    assert "postgresql-{0}-powa".format(version) in planned.packages


@pytest.mark.parametrize("name", DONE)
def test_a_missing_extension_is_created_without_a_restart(name):
    planned = plan(name, powa_stats_extensions=["pg_qualstats", "pg_stat_kcache"])
    assert planned.todo and planned.restart == [] and not planned.settings.write
    assert {"name": "pg_stat_kcache"} in planned.creatable


@pytest.mark.parametrize("name", DONE)
def test_a_later_file_keeps_powa_conf_from_deciding(name):
    planned = plan(name, powa_listen_addresses="localhost")
    (problem,) = planned.problems
    assert problem.startswith(
        "listen_addresses is set in /etc/postgresql/{0}/main/conf.d/tests.conf, ".format(DONE[name])
    )
    assert planned.todo and not planned.settings.write


def test_a_standby_of_one_of_several_clusters():
    planned = plan("standby")
    assert planned.standby and not planned.todo
    assert (planned.unit, planned.conf) == ("postgresql@17-standby", "/etc/postgresql/17/standby/conf.d/powa.conf")
    assert not plan("standby", powa_stats_extensions=["pg_stat_kcache"]).todo


def test_the_second_cluster_of_a_host_of_the_rhel_family():
    """The lab of tests/containers/rhel."""
    for check_mode in (False, True):
        planned = plan("rhel", check_mode)
        assert not planned.todo and planned.problems == [] and planned.install
        assert planned.unit == "postgresql-17-orders" and planned.conf == "/var/lib/pgsql/17/orders/conf.d/powa.conf"
        assert planned.packages[:4] == [
            "postgresql17-server",
            "postgresql17-contrib",
            "python3-psycopg2",
            "powa-archivist_17",
        ]
    changed = plan("rhel", powa_listen_addresses="localhost")
    assert changed.settings.elsewhere == {"listen_addresses": "localhost"} and not changed.settings.write


@pytest.mark.parametrize("name", ["bare", "stopped", "unprivileged"])
def test_a_host_without_a_server_to_log_in_to(name):
    for check_mode in (False, True):
        planned = plan(name, check_mode)
        assert planned.todo and planned.install
        assert planned.have_server != check_mode and planned.have_database != check_mode
        assert planned.conf == "" and planned.problems == [] and planned.restart == []


def test_the_package_lists_of_a_bare_host():
    assert plan("bare").refresh and plan("bare").candidate
    assert not plan("bare", check_mode=True).refresh
    assert not plan("trixie").refresh


@pytest.mark.parametrize("name", [*DONE, "standby", "stopped"])
def test_a_marker_extension_is_written_where_root_can(name):
    planned = plan_markers([{"name": "locks"}, {"name": "hstore"}], seen(name), "present", {})
    assert [extension["name"] for extension in planned.extensions] == ["locks"]
    assert len(planned.write) == 2 and planned.missing == []


@pytest.mark.parametrize("name", ["bare", "unprivileged"])
def test_a_marker_extension_is_reported_where_it_cannot_be_written(name):
    assert plan_markers([{"name": "locks"}], seen(name), "present", {}).missing == ["locks"]
