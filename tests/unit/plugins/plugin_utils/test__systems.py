# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of packages, programs and units."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._systems import system_of


def seen(family, version="17", cluster=None):
    return {"os": {"family": family}, "version": version, "cluster": cluster}


def test_debian():
    system = system_of(seen("Debian"))
    assert (system.server, system.powa, system.unit) == ("postgresql-17", "postgresql-17-powa", "postgresql@17-main")
    assert system.pg_config == "/usr/lib/postgresql/17/bin/pg_config"
    assert system.extensions["pg_stat_kcache"] == "postgresql-17-pg-stat-kcache"
    assert "postgresql-server-dev-17" in system.build and system.contrib == []


def test_the_red_hat_family_with_packages_of_postgresql():
    system = system_of(seen("RedHat"))
    assert (system.server, system.powa, system.unit) == ("postgresql17-server", "powa-archivist_17", "postgresql-17")
    assert system.pg_config == "/usr/pgsql-17/bin/pg_config"
    assert system.extensions["pg_stat_kcache"] == "pg_stat_kcache_17"
    assert "postgresql17-devel" in system.build and system.contrib == ["postgresql17-contrib"]


@pytest.mark.parametrize("family", ["Debian", "RedHat"])
def test_the_unit_is_that_of_the_cluster(family):
    assert system_of(seen(family, cluster={"unit": "postgresql@17-orders"})).unit == "postgresql@17-orders"


def test_another_distribution():
    assert system_of(seen("")) is None
