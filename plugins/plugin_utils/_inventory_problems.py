# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the structure of an inventory. A wrong value concerns its host only, and is said there."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._inventory import (
    GROUPS,
    REMOTES,
    REPOSITORIES,
    HostVariables,
    Inventory,
    unique,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import is_managed
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import Unevaluated, Values, evaluate

_CHOICE_OF_GROUPS = "powa_repositories, powa_remotes, powa_collectors and powa_web"
#: The inventory plugin creates groups with these other prefixes.
_OTHER_GROUPS = ("powa_repository_", "powa_version_", "powa_extension_", "powa_state_")
#: Ansible has these without any group.
_CONTROLLER = ("localhost", "127.0.0.1")


def problems_of(inventory: Inventory, fleet: Mapping[str, Any], hosts: Mapping[str, Values]) -> Iterator[str]:
    """Return what is wrong, one sentence each.

    :param fleet: the result of the filter C(fleet), as far as it was made
    :param hosts: the variables of each host
    """
    for name in inventory.passwords:
        yield (
            "the playbook sets {0}, but the roles of other hosts read it, too, and do not see it there:"
            " set it in the inventory".format(name)
        )
    yield from _serial_problems(inventory)
    yield from _group_problems(inventory)
    yield from _repository_problems(inventory, fleet, hosts)
    yield from _web_problems(fleet)
    for repository in fleet["repositories"]:
        if inventory.limit and hosts[repository].values["powa_servers_exact"]:
            yield (
                "{0} has powa_servers_exact, which would disable the servers that --limit {1} leaves out:"
                " run without --limit, or set powa_servers_exact to false for this run".format(
                    repository, inventory.limit
                )
            )
    yield from _collector_problems(fleet, hosts)
    yield from _name_problems(fleet, hosts)
    yield from _datasource_problems(fleet, hosts)
    for host in inventory.known:
        others = [group for group in GROUPS if group != REMOTES and host in inventory.members(group)]
        if is_managed(hosts[host].values) and others:
            yield "{0} has powa_managed, but is in group {1}: only remotes can be managed servers".format(
                host, " and ".join(others)
            )
    for host in unique([*fleet["repositories"], *fleet["remotes"]]):
        if hosts[host].values["powa_mode"] == "local" and host not in fleet["repositories"]:
            yield (
                "{0} has powa_mode local, so it is its own repository: put it into group powa_repositories".format(host)
            )


def _serial_problems(inventory: Inventory) -> Iterator[str]:
    """Return why Ansible cannot evaluate powa_serial, which site.yml takes for unset then: all hosts at once."""
    for host in [*inventory.members(REMOTES), *inventory.members(REPOSITORIES)][:1]:
        try:
            evaluate(HostVariables(inventory, host, {}, {}), "powa_serial")
        except Unevaluated as error:
            yield "Ansible cannot evaluate powa_serial ({0}): define what its template uses, or correct it".format(
                error
            )


def _group_problems(inventory: Inventory) -> Iterator[str]:
    known = set(inventory.known)
    for name, hosts in inventory.groups.items():
        if name.startswith("powa_") and not name.startswith(_OTHER_GROUPS) and name not in GROUPS:
            lost = [host for host in hosts if host not in known]
            if lost:
                yield (
                    "group {0} contains {1}, but none of the groups {2} does: correct the name of the group".format(
                        name, ", ".join(lost), _CHOICE_OF_GROUPS
                    )
                )
    for host in inventory.groups.get("ungrouped", ()):
        if host not in _CONTROLLER:
            yield (
                "{0} is in no group: put it into powa_repositories, powa_remotes, powa_collectors or powa_web".format(
                    host
                )
            )


def _repository_problems(inventory: Inventory, fleet: Mapping[str, Any], hosts: Mapping[str, Values]) -> Iterator[str]:
    repositories = fleet["repositories"]
    choice = ", ".join(repositories)
    for host in inventory.known:
        served = fleet["remotes"].get(host) or fleet["collectors"].get(host)
        if served is None or "powa_repository" in hosts[host].problems:
            continue
        repository = served["repository"]
        if not repositories:
            yield "{0} has no repository: put a host into group powa_repositories".format(host)
        elif not repository:
            yield (
                "{0} does not say which of several repositories is its own ({1}): set powa_repository".format(
                    host, choice
                )
            )
        elif repository not in repositories:
            yield (
                "{0} has powa_repository {1}, which is not in group powa_repositories: set it to one of {2}".format(
                    host, repository, choice
                )
            )


def _web_problems(fleet: Mapping[str, Any]) -> Iterator[str]:
    for host, web in fleet["web"].items():
        strange = [repository for repository in web["repositories"] if repository not in fleet["repositories"]]
        if not web["repositories"]:
            yield (
                "{0} is in group powa_web, but has no repository to show:"
                " put a host into group powa_repositories".format(host)
            )
        elif strange:
            yield (
                "{0} lists {1} in powa_web_repositories: list only hosts of group powa_repositories there".format(
                    host, ", ".join(strange)
                )
            )


def _collector_problems(fleet: Mapping[str, Any], hosts: Mapping[str, Values]) -> Iterator[str]:
    collectors = defaultdict(list)
    for host, collector in fleet["collectors"].items():
        # The default of a wrong value is not what the user means. So it is below.
        if "powa_repository" not in hosts[host].problems:
            collectors[collector["repository"]].append(host)
    for repository in fleet["repositories"]:
        if len(collectors[repository]) > 1:
            yield (
                "{0} has several collectors ({1}), and each of them would collect from every remote:"
                " keep only one".format(repository, ", ".join(collectors[repository]))
            )


def _name_problems(fleet: Mapping[str, Any], hosts: Mapping[str, Values]) -> Iterator[str]:
    """Return which remotes of a repository have the same alias or address."""
    aliases: Dict[Tuple[str, str], List[str]] = defaultdict(list)
    addresses: Dict[Tuple[str, str], List[str]] = defaultdict(list)
    for host, remote in fleet["remotes"].items():
        server, repository, wrong = remote["server"], remote["repository"], hosts[host].problems
        if repository in fleet["repositories"] and "powa_repository" not in wrong:
            if "powa_alias" not in wrong:
                aliases[repository, server["alias"]].append(host)
            if wrong.keys().isdisjoint(("powa_host", "ansible_host", "powa_port")):
                addresses[repository, "{hostname}:{port}".format(**server)].append(host)
    for (repository, alias), same in aliases.items():
        if alias and len(same) > 1:
            yield (
                "{0} have the same alias {1} on {2}: give each its own powa_alias".format(
                    ", ".join(same), alias, repository
                )
            )
    for (repository, address), same in addresses.items():
        if len(same) > 1:
            yield (
                "{0} have the same address {1} on {2}: give each its own powa_host or powa_port".format(
                    ", ".join(same), address, repository
                )
            )


def _datasource_problems(fleet: Mapping[str, Any], hosts: Mapping[str, Values]) -> Iterator[str]:
    if any("powa_alias" in hosts[host].problems for host in fleet["remotes"]):
        # Any name that is not found may be that of such a remote.
        return
    aliases = {remote["server"]["alias"] for remote in fleet["remotes"].values()}
    for repository in fleet["repositories"]:
        for definition in hosts[repository].values["powa_datasources"]:
            for name in definition.get("servers") or ():
                if name not in aliases and name != "local" and ":" not in name:
                    yield (
                        "datasource {0} lists the server {1}, but no remote has this alias: correct its servers".format(
                            definition.get("name", "without a name"), name
                        )
                    )
