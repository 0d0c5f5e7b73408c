# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role repository does on a host, or on a repository outside --limit to which a host delegates the work."""

from __future__ import annotations

from typing import Any, List, Mapping, TypedDict

from ansible_collections.pgfleet.powa.plugins.plugin_utils._access import (
    Definition,
    Login,
    hba_todo,
    missing_logins,
    roles_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import changed_since_read, existing, unit_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._hba import (
    Rule,
    collector_addresses,
    rules,
    web_addresses,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._markers import plan_markers
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_datasources import (
    pausable,
    repository_datasources,
    still_paused,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_servers import (
    collectors_of,
    inventory_of,
    moved_from,
    remotes_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rights import (
    collector_rights,
    unique,
    web_left,
    web_rights,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


class RepositoryPlan(TypedDict):
    """What the tasks of the role repository go by. The servers with their passwords are a list of their own."""

    #: The repository to work on.
    host: str
    have_powa: bool
    #: Whether tasks/access.yml has anything to do.
    lacks_access: bool
    #: Those roles of the collector and of powa-web that are needed, and cannot log in with the declared password.
    missing_logins: List[Login]
    #: The statements that grant the two roles the rights that they lack.
    rights: List[str]
    #: powa-web's role, if it has one that exists by now: without PoWA's own roles it is granted each datasource.
    web_role: str
    #: The lines of pg_hba.conf, and whether one of them is missing or not loaded.
    hba: List[Rule]
    hba_todo: bool
    #: The unit of the host's PostgreSQL.
    unit: str
    #: The remotes that the run registers, by their names in the inventory.
    remotes: List[str]
    #: The hosts of the repository's collectors.
    collectors: List[str]
    #: Whether there are servers to register or to disable.
    registers: bool
    #: Whether to disable servers that were declared before and are no longer in the inventory.
    servers_exact: bool
    #: The sides of the datasources that the host has.
    kinds: List[str]
    #: The datasources of the repository, and whether it creates its side of them.
    datasources: List[Definition]
    makes_datasources: bool
    #: The datasources to pause before the first remote changes.
    pausable: List[Definition]
    #: The datasources that stay paused after this run, as sentences.
    paused: List[str]
    #: The datasources that have a marker extension.
    marked: List[Definition]
    #: Whether one of these is missing.
    markers_todo: bool
    #: What check mode leaves out, as sentences.
    skipped: List[str]


def plan_repository(run: Run, host: str) -> RepositoryPlan:
    """Return what the role repository does on a host."""
    variables, seen, exists = run.variables(host), run.seen(host), existing(run, host)
    logins = repository_roles(run, host) if exists.server else []
    lines = _rules(run, host)
    datasources, kinds = repository_datasources(run, host), _kinds(run, host)
    exact = _is_exact(run, host)
    makes = exists.powa and bool(kinds and datasources)
    marked = datasources if makes and variables["powa_marker_extensions"] else []
    plan: RepositoryPlan = {
        "host": host,
        "have_powa": exists.powa,
        "lacks_access": False,
        "missing_logins": missing_logins(logins, run, host),
        "rights": _rights(run, host),
        "web_role": _web_role(run, host),
        "hba": lines,
        "hba_todo": exists.server and hba_todo(lines, seen),
        "unit": unit_of(seen),
        "remotes": list(remotes_of(run, host)),
        "collectors": collectors_of(run, host),
        "registers": exists.powa and bool(remotes_of(run, host) or moved_from(run, host) or exact),
        "servers_exact": exact,
        "kinds": kinds,
        "datasources": datasources,
        "makes_datasources": makes,
        "pausable": pausable(datasources, _stored(seen)) if exists.powa and "repository" in kinds else [],
        "paused": still_paused(run, host),
        "marked": marked,
        "markers_todo": exists.server and plan_markers(marked, seen, "present").todo,
        "skipped": _skipped(run, host) if exists.powa else [],
    }
    plan["lacks_access"] = exists.server and bool(
        plan["missing_logins"]
        or plan["rights"]
        or plan["hba_todo"]
        or changed_since_read(run, host)
        or plan["markers_todo"]
    )
    return plan


def _stored(seen: Mapping[str, Any]) -> Mapping[str, str]:
    return (seen.get("repository") or {}).get("datasources") or {}


def _is_exact(run: Run, host: str) -> bool:
    """Return whether the registry is to have the servers of the inventory only.

    Once the run has lost a host, this would disable servers that the run merely has not seen.
    """
    return bool(run.variables(host)["powa_servers_exact"]) and host not in run.fleet["outside"] and not run.lost


def _kinds(run: Run, host: str) -> List[str]:
    """Return the sides of the datasources that a host has. A remote that is a repository has both in one database."""
    kinds = ["repository"] if inventory_of(run, host) else []
    if run.variables(host)["powa_mode"] == "local":
        kinds.append("local")
    if host in run.fleet["remotes"]:
        kinds.append("remote")
    return kinds


def _has_web_login(run: Run, host: str) -> bool:
    """Return whether powa-web has a login of its own. Without a password, people log in with roles of their own."""
    shown = any(host in web["repositories"] for web in run.fleet["web"].values())
    return shown and bool(run.password(host, "powa_web_password"))


def _web_role(run: Run, host: str) -> str:
    role = str(run.variables(host)["powa_web_role"])
    exists = not run.check_mode or role in roles_of(run.seen(host))
    return role if exists and _has_web_login(run, host) else ""


def web_role_left(run: Run, host: str) -> List[str]:
    """Return what powa-web's role has or lacks that this run leaves so, one sentence each."""
    variables, seen = run.variables(host), run.seen(host)
    role = variables["powa_web_role"]
    if not seen.get("repository") or role not in roles_of(seen) or not _has_web_login(run, host):
        return []
    return web_left(seen, role, variables["powa_web_rights_exact"])


def repository_roles(run: Run, host: str) -> List[Login]:
    """Return the roles that log in to a repository."""
    variables = run.variables(host)
    logins: List[Login] = []
    if inventory_of(run, host):
        logins.append({"name": variables["powa_collector_role"], "variable": "powa_collector_password"})
    if _has_web_login(run, host):
        logins.append({"name": variables["powa_web_role"], "variable": "powa_web_password"})
    return logins


def _rules(run: Run, host: str) -> List[Rule]:
    variables = run.variables(host)
    database, method = variables["powa_database"], variables["powa_hba_method"]
    lines: List[Rule] = []
    if inventory_of(run, host):
        lines += rules(database, variables["powa_collector_role"], collector_addresses(run, host, host), method)
    if _has_web_login(run, host):
        addresses = web_addresses(run, host, host, to_remotes=False)
        lines += rules(database, variables["powa_web_role"], addresses, method)
    return lines


def _rights(run: Run, host: str) -> List[str]:
    """Return what the roles lack. Before a role and PoWA exist, that is nothing: the host is read again then."""
    variables, seen = run.variables(host), run.seen(host)
    roles = roles_of(seen)
    statements: List[str] = []
    if not seen.get("repository"):
        return statements
    if inventory_of(run, host) and variables["powa_collector_role"] in roles:
        statements += collector_rights(seen, variables["powa_collector_role"])
    if _has_web_login(run, host) and variables["powa_web_role"] in roles:
        statements += web_rights(
            seen, variables["powa_web_role"], variables["powa_database"], variables["powa_web_rights_exact"]
        )
    return unique(statements)


def _skipped(run: Run, host: str) -> List[str]:
    """Return what check mode leaves out, because a role does not exist yet."""
    if not run.check_mode:
        return []
    roles = roles_of(run.seen(host))
    return [_SKIPPED.format(host, login["name"]) for login in repository_roles(run, host) if login["name"] not in roles]


_SKIPPED = "{0}: role {1} does not exist yet, so check mode skips its rights."
