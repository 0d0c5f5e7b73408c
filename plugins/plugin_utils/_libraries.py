# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The libraries that a host's PostgreSQL has to preload."""

from __future__ import annotations

from typing import List

from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

#: Stats extensions whose library works only if PostgreSQL has loaded it when it started.
ALWAYS_COLLECTED = "pg_stat_statements"
_PRELOADED = ("pg_qualstats", "pg_stat_kcache", "pg_wait_sampling")


def libraries_of(run: Run, host: str) -> List[str]:
    """Return the libraries that a host's PostgreSQL has to preload. One that is only a repository needs none."""
    variables = run.variables(host)
    local = variables["powa_mode"] == "local"
    if not local and "powa_remotes" not in run.groups(host):
        return []
    stats = [name for name in variables["powa_stats_extensions"] if name in _PRELOADED]
    return [ALWAYS_COLLECTED, *dict.fromkeys(stats)] + (["powa"] if local else [])
