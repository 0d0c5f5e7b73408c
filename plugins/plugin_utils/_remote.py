# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role remote does on a host."""

from __future__ import annotations

from typing import Any, List, Mapping, TypedDict

from ansible_collections.pgfleet.powa.plugins.plugin_utils._access import (
    Definition,
    Login,
    definitions_of,
    is_absent,
    lists_servers,
    missing_logins,
    servers_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import (
    changed_since_read,
    existing,
    is_standby,
    powa_major_version,
    server_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._groups import groups_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._hba import (
    Entry,
    collector_addresses,
    hba_todo,
    wanted,
    web_addresses,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._left_alone import is_superuser, roles_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import manages
from ansible_collections.pgfleet.powa.plugins.plugin_utils._markers import plan_markers
from ansible_collections.pgfleet.powa.plugins.plugin_utils._refused import accepted, refusals, skips
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rights import monitoring_rights
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rotation import kept_password, rotated_by
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


class RemotePlan(TypedDict):
    """What the tasks of the role remote go by."""

    #: Whether the host's databases can be written to: those of a standby cannot.
    writes: bool
    #: Whether tasks can act as the monitoring role. In check mode it may not exist yet.
    has_role: bool
    #: Whether tasks/access.yml has anything to do.
    lacks_access: bool
    #: The monitoring role, unless it exists, can log in, and has the declared password.
    missing_logins: List[Login]
    #: Why that role keeps another password than the declared one, as a sentence, or an empty text.
    kept_password: str
    #: Whether the password of that role changes later, together with the collector's file.
    rotates: bool
    #: The statements that grant the monitoring role the rights that it lacks.
    rights: List[str]
    #: The logins that pg_hba.conf has to let in, and whether it lacks one or is not loaded.
    hba: List[Entry]
    hba_todo: bool
    #: The datasources of this host.
    datasources: List[Definition]
    #: The names of those that a standby may lack, because a primary of this run refuses them.
    unsure: List[str]
    #: Whether this role creates their source side.
    makes_datasources: bool
    #: Whether the host is a standby, which gets them from its primary.
    awaits_datasources: bool
    #: The datasources that have a marker extension.
    marked: List[Definition]
    #: Whether one of these is missing.
    markers_todo: bool
    #: What check mode leaves out, as sentences.
    skipped: List[str]


def plan_remote(run: Run, host: str) -> RemotePlan:
    """Return what the role remote does on a host."""
    variables, seen, exists = run.variables(host), run.seen(host), existing(run, host)
    role, standby = variables["powa_monitoring_role"], is_standby(seen)
    writes = exists.server and not standby
    has_role = not run.check_mode or role in roles_of(seen)
    acts = exists.powa and has_role
    datasources = _datasources(run, host, standby)
    makes = acts and not standby and bool(datasources) and not _leaves_datasources(run, host)
    marked = datasources if makes and variables["powa_marker_extensions"] else []
    logins = remote_hba(run, host)
    kept = kept_password(run, host)
    plan: RemotePlan = {
        "writes": writes,
        "has_role": has_role,
        "lacks_access": False,
        "missing_logins": missing_logins(remote_roles(run, host) if writes and not kept else [], run, host),
        "kept_password": kept if writes else "",
        "rotates": writes and bool(rotated_by(run, host)),
        "rights": _rights(variables, seen) if writes else [],
        "hba": logins,
        "hba_todo": exists.server and manages(variables) and hba_todo(logins, seen, groups_of(run, host)),
        "datasources": datasources,
        "unsure": unsure_datasources(run, host),
        "makes_datasources": makes,
        "awaits_datasources": acts and standby,
        "marked": marked,
        "markers_todo": exists.server and plan_markers(marked, seen, "present", variables).to_do(manages(variables)),
        "skipped": [_without_role(host, role)] if writes and exists.powa and not has_role else [],
    }
    plan["lacks_access"] = exists.server and bool(
        plan["missing_logins"]
        or plan["rights"]
        or plan["hba_todo"]
        or (writes and changed_since_read(run, host))
        or plan["markers_todo"]
    )
    return plan


def remote_roles(run: Run, host: str) -> List[Login]:
    """Return the roles that log in to a remote."""
    return [{"name": run.variables(host)["powa_monitoring_role"], "variable": "powa_monitoring_password"}]


def own_datasources(variables: Mapping[str, Any]) -> List[Definition]:
    """Return the datasources of a host, which a list of servers may name by alias or by address."""
    names = {variables["powa_alias"], "{0}:{1}".format(variables["powa_host"], variables["powa_port"])}
    return [
        definition
        for definition in definitions_of(variables)
        if not lists_servers(definition) or names.intersection(servers_of(definition))
    ]


def _datasources(run: Run, host: str, standby: bool) -> List[Definition]:
    """Return the datasources of a host without those that it, its repository or the primary of a standby refuses."""
    own = own_datasources(run.variables(host))
    taken = accepted(run, host, own)
    unsure = unsure_datasources(run, host) if standby else []
    return [definition for definition in taken if definition.get("name") not in unsure]


def unsure_datasources(run: Run, host: str) -> List[str]:
    """Return the datasources that a standby may lack without being at fault.

    Which host is its primary is not known, and one of them refuses these. The standby may have those of another.
    """
    if not is_standby(run.seen(host)):
        return []
    own = accepted(run, host, own_datasources(run.variables(host)))
    primaries = [other for other in run.fleet["remotes"] if other in run.fleet["run"] and skips(run, other)]
    refused = {name for primary in primaries for name in refusals(run, primary)}
    names = [str(definition.get("name") or "") for definition in own if not is_absent(definition)]
    return [name for name in names if name in refused]


def _repository(run: Run, host: str) -> str:
    return str(run.fleet["remotes"].get(host, {}).get("repository") or "")


def _leaves_datasources(run: Run, host: str) -> bool:
    """Return whether this role leaves a host's datasources alone.

    On a host that is also a repository, the role repository creates all sides at once. And the run must not have lost
    the host's repository, because snapshots are paused there while the columns of a datasource change.
    """
    return host in run.fleet["repositories"] or _repository(run, host) in run.lost


def remote_hba(run: Run, host: str) -> List[Entry]:
    """Return the logins that the pg_hba.conf of a remote has to let in."""
    variables, repository = run.variables(host), _repository(run, host)
    addresses = collector_addresses(run, repository, host, to_remotes=True)
    addresses += web_addresses(run, repository, host, to_remotes=True)
    database = None if powa_major_version(run, host).collects_databases else variables["powa_database"]
    return wanted(variables, database, variables["powa_monitoring_role"], addresses)


def _rights(variables: Mapping[str, Any], seen: Mapping[str, Any]) -> List[str]:
    """Return what the monitoring role lacks: nothing before it exists, because then the host is read again."""
    role = variables["powa_monitoring_role"]
    if role not in roles_of(seen) or is_superuser(seen, role) or not server_of(seen)["database"]:
        return []
    return monitoring_rights(seen, role, "pg_qualstats" in variables["powa_stats_extensions"])


def _without_role(host: str, role: str) -> str:
    return ("{0}: role {1} does not exist yet, so check mode skips the datasources, which run as this role.").format(
        host, role
    )
