# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers of a repository as module server_info returns them."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._readers import info_servers
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import Active
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_5, server

NONE = Active([])


@pytest.mark.parametrize(
    ("setting", "seconds"),
    [
        (None, -1),
        ("", -1),
        ("-1", -1),
        ("5min", 300),
        ("1h", 3600),
        ("2d", 172800),
        ("30s", 30),
        ("1500ms", 2),
        ("5000", 5),
        ("1ms", 1),
    ],
)
def test_a_setting_in_seconds(setting, seconds):
    assert info_servers._seconds(setting) == seconds


def remote(**values):
    entry = server(3, "alpha", **{"password_stored": None, **values})
    extensions = Active([("pg_qualstats", True, [3]), ("pg_wait_sampling", False, [3])])
    return info_servers._remote_server(3, entry.name, entry.values, {"powa": "5.0.2"}, extensions)


def test_a_remote():
    found = remote(password_stored=True)
    assert (found["name"], found["enabled"], found["password_stored"]) == ("alpha:5432", True, True)
    assert (found["postgresql_version"], found["powa_version"]) == ("17.2", "5.0.2")
    assert found["extensions"] == {"pg_qualstats": None}


@pytest.mark.parametrize(("retention", "seconds"), [(86400.0, 86400), ("Infinity", None), (float("inf"), None)])
def test_history_may_be_kept_for_ever(retention, seconds):
    assert remote(retention_seconds=retention)["retention_seconds"] == seconds


@pytest.mark.parametrize("version", [None, ""])
def test_a_remote_that_nobody_has_seen(version):
    found = remote(frequency=-1, version=version)
    assert (found["enabled"], found["postgresql_version"], found["password_stored"]) == (False, None, None)


def local(database="powa", **settings):
    settings = dict({"powa.frequency": "5min", "powa.coalesce": "100", "powa.database": "powa"}, **settings)
    found = {
        "settings": settings,
        "extensions": [{"name": "pg_qualstats", "version": "2.1"}],
        "database": database,
        "postgresql_version": "17.2 (Debian)",
    }
    return info_servers._local_server(POWA_5, found, Active([("pg_qualstats", True, [0])]))


def test_the_local_server_is_described_by_settings():
    found = local()
    assert (found["srvid"], found["name"], found["frequency"], found["coalesce"]) == (0, "local", 300, 100)
    assert (found["enabled"], found["postgresql_version"]) == (True, "17.2")
    assert found["extensions"] == {"pg_qualstats": "2.1"}


@pytest.mark.parametrize(("database", "settings"), [("other", {}), ("powa", {"powa.frequency": "-1"})])
def test_the_background_worker_works_in_one_database(database, settings):
    assert local(database, **settings)["enabled"] is False
