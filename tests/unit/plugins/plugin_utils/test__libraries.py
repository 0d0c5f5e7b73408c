# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The libraries that a host's PostgreSQL has to preload."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._libraries import libraries_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

STATS = ["pg_qualstats", "hypopg", "pg_stat_kcache", "pg_qualstats"]


@pytest.mark.parametrize(
    ("group", "mode", "stats", "libraries"),
    [
        ("powa_remotes", "remote", STATS, ["pg_stat_statements", "pg_qualstats", "pg_stat_kcache"]),
        ("powa_remotes", "remote", [], ["pg_stat_statements"]),
        ("powa_repositories", "remote", STATS, []),
        ("powa_repositories", "local", ["pg_wait_sampling"], ["pg_stat_statements", "pg_wait_sampling", "powa"]),
    ],
)
def test_what_a_host_preloads(group, mode, stats, libraries):
    variables = {"powa_mode": mode, "powa_stats_extensions": stats}
    run = Run({"hosts": {"db": {"groups": [group], "variables": variables}}}, {})
    assert libraries_of(run, "db") == libraries
