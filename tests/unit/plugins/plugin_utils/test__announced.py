# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What check mode says that a run would bring."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._announced import announced
from ansible_collections.pgfleet.powa.plugins.plugin_utils._preflight import check_host
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.test__preflight import (
    BARE,
    CONF,
    LIBRARIES,
    SEEN,
    SERVER,
    run,
)

#: Has PostgreSQL and a database, and nothing else.
PLAIN: Dict[str, Any] = dict(
    SEEN,
    driver=False,
    extensions={},
    packages={"postgresql-15": {"installed": "15.6", "candidate": None}},
    server=dict(
        SERVER,
        settings={},
        file_settings=[],
        includes=[
            {
                "file": SERVER["config_file"],
                "line": 790,
                "kind": "include_dir",
                "path": "/etc/postgresql/15/main/conf.d",
                "commented": False,
            }
        ],
        database=False,
    ),
)
PACKAGES = (
    "site.yml would install the packages python3-psycopg2, postgresql-15-powa, postgresql-15-pg-qualstats,"
    " postgresql-15-pg-stat-kcache, postgresql-15-pg-wait-sampling"
)
CREATED = [
    "site.yml would create database powa",
    "site.yml would create in database powa the extensions pg_stat_statements, btree_gist, powa, pg_qualstats,"
    " pg_wait_sampling",
]


def says(seen: Dict[str, Any], host: str = "db", check_mode: bool = True, **options: Any) -> List[str]:
    return announced(run(seen, host=host, check_mode=check_mode, **options), host)


def test_a_host_with_postgresql_and_no_driver() -> None:
    written = "site.yml would write {0} with shared_preload_libraries = '{1}'".format(CONF, LIBRARIES)
    role = "site.yml would create the roles powa_monitor, which can log in"
    assert says(PLAIN) == [PACKAGES, written, *CREATED, role]
    restarted = says(PLAIN, variables={"powa_restart_postgresql": True})
    assert restarted[2] == "site.yml would restart PostgreSQL for shared_preload_libraries"
    check = check_host(run(PLAIN, check_mode=True), "db")
    assert check["announced"] == says(PLAIN) and check["said"] == check["announced"] + check["skipped"]
    assert check["problems"] == []


def test_a_repository_has_roles_of_its_own() -> None:
    assert says(PLAIN, host="pg")[-1] == "site.yml would create the roles powa_collector, which can log in"
    seen = dict(PLAIN, server=dict(PLAIN["server"], roles={"powa_monitor": {"login": True}}, database=True))
    assert not any("roles" in sentence or sentence[-13:] == "database powa" for sentence in says(seen))


def test_alter_system() -> None:
    line = {
        "name": "shared_preload_libraries",
        "value": "a",
        "file": "/x/postgresql.auto.conf",
        "line": 3,
        "error": None,
    }
    seen = dict(PLAIN, server=dict(PLAIN["server"], file_settings=[line]))
    assert says(seen)[1] == "site.yml would set with ALTER SYSTEM shared_preload_libraries = 'a,{0}'".format(LIBRARIES)


def test_what_the_tasks_of_check_mode_show_is_not_said_again() -> None:
    with_driver = dict(PLAIN, driver=True)
    assert says(with_driver) == CREATED[1:]
    assert says(dict(with_driver, server=dict(PLAIN["server"], database=True))) == []
    assert says(SEEN) == []


@pytest.mark.parametrize(("seen", "host"), [({}, "db"), (PLAIN, "w")])
def test_of_some_hosts_nothing_is_said(seen: Dict[str, Any], host: str) -> None:
    assert says(seen, host=host) == []
    assert says(PLAIN, check_mode=False) == []


def test_a_bare_host() -> None:
    found = says(BARE)
    assert found[0].startswith("site.yml would install the packages postgresql-15, python3-psycopg2, ")
    assert found[1:3] == CREATED and len(found) == 4
    assert says(dict(BARE, version=""))[0] == CREATED[0]


def test_a_standby_gets_all_else_from_its_primary() -> None:
    assert len(says(dict(PLAIN, server=dict(PLAIN["server"], standby=True)))) == 2
