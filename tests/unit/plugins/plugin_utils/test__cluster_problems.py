# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why the roles cannot work on a host's cluster, or create one."""

from __future__ import annotations

from typing import Any, Dict

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._cluster_problems import cluster_problems

CLUSTER = {
    "version": "17",
    "name": "main",
    "port": 5432,
    "data_directory": "/var/lib/pgsql/17/data",
    "unit": "postgresql-17",
}
VARIABLES: Dict[str, Any] = {
    "powa_port": 5432,
    "powa_postgresql_version": "17",
    "powa_install_postgresql": True,
    "powa_restart_command": "",
    "powa_login_host": "",
    "powa_login_port": 5432,
    "powa_login_user": "postgres",
    "powa_become": True,
    "powa_become_user": "postgres",
}
BARE: Dict[str, Any] = {
    "os": {"family": "Debian"},
    "installed": [],
    "clusters": [],
    "unread_clusters": [],
    "cluster": None,
    "version": "17",
    "server": None,
    "server_error": None,
}
THERE = {**BARE, "installed": ["17"], "clusters": [CLUSTER], "cluster": CLUSTER, "server": {"user": "postgres"}}
RED_HAT = {"os": {"family": "RedHat"}}
OWN = {"powa_install_postgresql": False}
MANAGED = {"powa_managed": True, "powa_login_host": "10.0.0.1"}


def problems(seen: Dict[str, Any], variables: Dict[str, Any], check_mode: bool = False) -> str:
    return "; ".join(cluster_problems({**VARIABLES, **variables}, seen, check_mode))


@pytest.mark.parametrize(
    ("seen", "variables"),
    [
        (BARE, {}),
        (THERE, {}),
        ({**THERE, **RED_HAT}, {}),
        ({**THERE, "server": {"user": "mon", "unknown": {"settings": "denied"}}}, {"powa_manage_host": False}),
    ],
)
def test_nothing_is_wrong(seen: Dict[str, Any], variables: Dict[str, Any]) -> None:
    assert problems(seen, variables) == ""


@pytest.mark.parametrize(
    ("seen", "variables", "problem"),
    [
        (
            {**BARE, "unread_clusters": ["17/x: no port"]},
            {},
            "no cluster of version 17 uses port 5432 (found: none), and",
        ),
        ({**THERE, "server": None}, {}, "cannot log in to it on port 5432: it is not running"),
        ({**THERE, "server": {"user": "mon", "unknown": {"settings": "denied"}}}, {}, "(settings: denied)"),
        ({**THERE, **RED_HAT, "installed": ["16"]}, {}, "but /usr/pgsql-17/bin is not there"),
        ({**THERE, **RED_HAT, "cluster": {**CLUSTER, "unit": ""}}, {}, "no unit of systemd that runs only the cluster"),
        (BARE, MANAGED, "cannot log in to 10.0.0.1, port 5432: it does not answer"),
        ({**BARE, "installed": ["17"]}, OWN, "PostgreSQL 17 is installed, but no cluster of version 17 uses port 5432"),
        (BARE, OWN, "PostgreSQL is not installed: install it, or set powa_install_postgresql to true"),
        (BARE, {"powa_manage_host": False}, "PostgreSQL is not installed, and powa_manage_host is false: install it"),
        ({**BARE, "clusters": [CLUSTER]}, {"powa_port": 5433}, "the roles do not create a second cluster"),
        ({**BARE, **RED_HAT}, {"powa_postgresql_version": ""}, "powa_postgresql_version is empty"),
        ({**BARE, **RED_HAT, "installed": ["17"]}, {}, "but no cluster is found in the data directories of its units"),
        (BARE, {"powa_port": 5433}, "powa_port is 5433, but a new PostgreSQL cluster listens on port 5432"),
    ],
)
def test_every_problem(seen: Dict[str, Any], variables: Dict[str, Any], problem: str) -> None:
    assert problem in problems(seen, variables)


def test_check_mode_does_not_ask_for_what_an_earlier_play_may_install() -> None:
    assert problems(BARE, OWN, check_mode=True) == ""
