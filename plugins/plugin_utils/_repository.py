# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role repository does on a host, or on a repository outside --limit to which a host delegates the work."""

from __future__ import annotations

from typing import Any, List, Mapping, TypedDict

from ansible_collections.pgfleet.powa.plugins.plugin_utils._access import (
    Definition,
    Login,
    missing_logins,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import changed_since_read, existing
from ansible_collections.pgfleet.powa.plugins.plugin_utils._groups import groups_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._hba import (
    Entry,
    collector_addresses,
    hba_todo,
    reader_addresses,
    wanted,
    web_addresses,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._kept_passwords import kept_remotes
from ansible_collections.pgfleet.powa.plugins.plugin_utils._left_alone import (
    is_superuser,
    roles_of,
    roles_to_demote,
    why_left_alone,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import manages
from ansible_collections.pgfleet.powa.plugins.plugin_utils._markers import plan_markers
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_datasources import (
    differing,
    needs_resuming,
    pausable,
    repository_datasources,
    still_paused,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_servers import (
    Server,
    collectors_of,
    deletions_wait,
    inventory_of,
    moved_from,
    remotes_of,
    server_addresses,
    servers_to_delete,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rights import (
    collector_rights,
    reader_rights,
    unique,
    web_left,
    web_rights,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._unlisted import unlisted


class RepositoryPlan(TypedDict):
    """What the tasks of the role repository go by. The servers with their passwords are a list of their own."""

    #: The repository to work on.
    host: str
    have_powa: bool
    #: Whether tasks/access.yml has anything to do.
    lacks_access: bool
    #: Those of the roles that are needed, and cannot log in with the declared password.
    missing_logins: List[Login]
    #: The statements that grant these roles the rights that they lack.
    rights: List[str]
    #: powa-web's role, if it has one that exists by now: without PoWA's own roles it is granted each datasource.
    web_role: str
    #: The reader's role, if it has one that exists by now: it is granted each datasource.
    reader_role: str
    #: The logins that pg_hba.conf has to let in, and whether it lacks one or is not loaded.
    hba: List[Entry]
    hba_todo: bool
    #: The remotes that the run registers, by their names in the inventory.
    remotes: List[str]
    #: Outside --limit, the remotes that may still have their former password, whose lines in password files stay.
    kept_passwords: List[str]
    #: The hosts of the repository's collectors.
    collectors: List[str]
    #: Those whose hosts the run may change.
    managed_collectors: List[str]
    #: Whether there are servers to register or to disable.
    registers: bool
    #: The disabled servers that go with their history, once no collector has a worker for them.
    deletes: List[Server]
    #: Why these stay until a later run, as sentences.
    deletes_later: List[str]
    #: Whether to disable servers that were declared before and are no longer in the inventory.
    servers_exact: bool
    #: Where the servers that the run registers or disables are registered.
    addresses: List[Server]
    #: The sides of the datasources that the host has.
    kinds: List[str]
    #: The datasources of the repository, and whether it creates its side of them.
    datasources: List[Definition]
    makes_datasources: bool
    #: Outside --limit, the names of those that it does not store as declared, or still has to remove.
    differing: List[str]
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
    admitted = repository_hba(run, host)
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
        "web_role": _role_of(run, host, "powa_web_role") if _has_web_login(run, host) else "",
        "reader_role": _role_of(run, host, "powa_reader_role") if _has_reader(run, host) else "",
        "hba": admitted,
        "hba_todo": exists.server and manages(variables) and hba_todo(admitted, seen, groups_of(run, host)),
        "remotes": list(remotes_of(run, host)),
        "kept_passwords": kept_remotes(run) if host in run.fleet["outside"] else [],
        "collectors": collectors_of(run, host),
        "managed_collectors": [name for name in collectors_of(run, host) if manages(run.variables(name))],
        "registers": exists.powa and bool(remotes_of(run, host) or moved_from(run, host) or exact),
        "deletes": servers_to_delete(run, host),
        "deletes_later": deletions_wait(run, host),
        "servers_exact": exact,
        "addresses": server_addresses(run, host),
        "kinds": kinds,
        "datasources": datasources,
        "makes_datasources": makes,
        "differing": differing(run, host) if makes and host in run.fleet["outside"] else [],
        "paused": still_paused(run, host),
        "marked": marked,
        "markers_todo": exists.server and plan_markers(marked, seen, "present", variables).to_do(manages(variables)),
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


def datasources_to_pause(run: Run, host: str) -> List[Definition]:
    """Return the datasources that a repository pauses before the first of its remotes changes."""
    return pausable(run, host) if existing(run, host).powa and inventory_of(run, host) else []


def resumes(run: Run, host: str) -> bool:
    """Return whether a repository can activate more datasources than when it made them in this run."""
    return not run.check_mode and needs_resuming(run, host)


def checks_exact(run: Run, host: str) -> bool:
    """Return whether a run has to find out, before it changes anything, how many servers a repository would disable."""
    seen = run.seen(host)
    has_registry = "powa" in seen.get("extensions", {}) and bool(seen["driver"])
    return has_registry and _is_exact(run, host) and unlisted(run, host) != set()


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


def _has_reader(run: Run, host: str) -> bool:
    """Return whether there is a login that only reads."""
    return bool(run.password(host, "powa_reader_password"))


def _role_of(run: Run, host: str, variable: str) -> str:
    """Return a role that exists by the time that it is granted something, or an empty text."""
    role = str(run.variables(host)[variable])
    return role if not run.check_mode or role in roles_of(run.seen(host)) else ""


def web_role_left(run: Run, host: str) -> List[str]:
    """Return what powa-web's role has or lacks that this run leaves so, one sentence each."""
    variables, seen = run.variables(host), run.seen(host)
    role = variables["powa_web_role"]
    if not seen.get("repository") or not _has_web_login(run, host) or not _needs_rights(seen, role):
        return []
    return web_left(seen, role, variables["powa_web_rights_exact"], _may_alter(variables, seen))


def repository_roles(run: Run, host: str) -> List[Login]:
    """Return the roles that log in to a repository."""
    variables = run.variables(host)
    logins: List[Login] = []
    if inventory_of(run, host):
        logins.append({"name": variables["powa_collector_role"], "variable": "powa_collector_password"})
    if _has_web_login(run, host):
        logins.append({"name": variables["powa_web_role"], "variable": "powa_web_password"})
    if _has_reader(run, host):
        logins.append({"name": variables["powa_reader_role"], "variable": "powa_reader_password"})
    return logins


def repository_hba(run: Run, host: str) -> List[Entry]:
    """Return the logins that the pg_hba.conf of a repository has to let in."""
    variables = run.variables(host)
    database = variables["powa_database"]
    admitted: List[Entry] = []
    if inventory_of(run, host):
        addresses = collector_addresses(run, host, host, to_remotes=False)
        admitted += wanted(variables, database, variables["powa_collector_role"], addresses)
    if _has_web_login(run, host):
        addresses = web_addresses(run, host, host, to_remotes=False)
        admitted += wanted(variables, database, variables["powa_web_role"], addresses)
    if _has_reader(run, host):
        admitted += wanted(variables, database, variables["powa_reader_role"], reader_addresses(run, host))
    return admitted


def _rights(run: Run, host: str) -> List[str]:
    """Return what the roles lack. Before a role and PoWA exist, that is nothing: the host is read again then."""
    variables, seen = run.variables(host), run.seen(host)
    statements: List[str] = []
    if not seen.get("repository"):
        return statements
    if inventory_of(run, host) and _needs_rights(seen, variables["powa_collector_role"]):
        statements += collector_rights(seen, variables["powa_collector_role"])
    if _has_web_login(run, host) and _needs_rights(seen, variables["powa_web_role"]):
        statements += web_rights(
            seen,
            variables["powa_web_role"],
            variables["powa_database"],
            variables["powa_web_rights_exact"],
            _may_alter(variables, seen),
        )
    if _has_reader(run, host) and _needs_rights(seen, variables["powa_reader_role"]):
        statements += reader_rights(seen, variables["powa_reader_role"])
    return unique(statements)


def _needs_rights(seen: Mapping[str, Any], role: str) -> bool:
    """Return whether a role exists that has not every right anyway."""
    return role in roles_of(seen) and not is_superuser(seen, role)


def _may_alter(variables: Mapping[str, Any], seen: Mapping[str, Any]) -> bool:
    """Return whether powa-web's role may get settings of its own."""
    return not why_left_alone(variables["powa_web_role"], seen, roles_to_demote(variables))


def _skipped(run: Run, host: str) -> List[str]:
    """Return what check mode leaves out, because a role does not exist yet."""
    if not run.check_mode:
        return []
    roles = roles_of(run.seen(host))
    return [_SKIPPED.format(host, login["name"]) for login in repository_roles(run, host) if login["name"] not in roles]


_SKIPPED = "{0}: role {1} does not exist yet, so check mode skips its rights."
