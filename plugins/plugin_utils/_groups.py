# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles that PoWA's roles are members of by the time that they log in. A line of pg_hba.conf may name one."""

from __future__ import annotations

from typing import Dict, List

from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import is_standby, powa_major_version
from ansible_collections.pgfleet.powa.plugins.plugin_utils._left_alone import is_superuser, roles_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rights import (
    MONITOR,
    READ_METRICS,
    READ_STATISTICS,
    SNAPSHOT,
    reads_data,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def groups_of(run: Run, host: str) -> Dict[str, List[str]]:
    """Return role -> what it is a member of: what it is now, and what the run makes it before anybody logs in."""
    seen, variables = run.seen(host), run.variables(host)
    groups = {name: list(role["member_of"]) for name, role in roles_of(seen).items()}
    if not seen or is_standby(seen):
        return groups
    granted: Dict[str, List[str]] = {}
    if host in run.fleet["remotes"]:
        granted[variables["powa_monitoring_role"]] = [READ_STATISTICS]
    if host in run.fleet["repositories"]:
        # One role may be both.
        for variable, wanted in _of_repository(run, host).items():
            granted[variables[variable]] = granted.get(variables[variable], []) + wanted
    for role, wanted in granted.items():
        if not is_superuser(seen, role):
            groups[role] = list(dict.fromkeys([*groups.get(role, []), *wanted]))
    return groups


def _of_repository(run: Run, host: str) -> Dict[str, List[str]]:
    """Return the variable of a role -> its groups. Newer PoWAs have groups of their own, which may have other names."""
    repository, variables = run.seen(host).get("repository") or {}, run.variables(host)
    found: Dict[str, List[str]] = {
        "powa_collector_role": [],
        "powa_web_role": [READ_STATISTICS],
        "powa_reader_role": [MONITOR],
    }
    if powa_major_version(run, host).has_roles:
        names = repository.get("powa_roles") or {}
        found["powa_collector_role"].append(names.get(SNAPSHOT) or SNAPSHOT)
        if variables["powa_web_rights_exact"] or not names or not reads_data(repository, variables["powa_web_role"]):
            found["powa_web_role"].append(names.get(READ_METRICS) or READ_METRICS)
        found["powa_reader_role"].append(names.get(READ_METRICS) or READ_METRICS)
    return found
