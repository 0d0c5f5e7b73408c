# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet as the inventory declares it: which repository, collector and web host serves which server, and each host's
variables. It includes the hosts that --limit leaves out, and holds no passwords."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._paths import (
    COLLECTOR_CONF,
    COLLECTOR_DROP_IN,
    COLLECTOR_UNIT,
    WEB_CONF,
    WEB_NGINX,
    WEB_SECRET,
    WEB_UNIT,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import (
    SITE_ROLES,
    Option,
    Unevaluated,
    Values,
    evaluate,
    is_static,
    options_of,
    read_variables,
    same_value,
)

REPOSITORIES, REMOTES, COLLECTORS, WEB = "powa_repositories", "powa_remotes", "powa_collectors", "powa_web"
GROUPS = (REPOSITORIES, REMOTES, COLLECTORS, WEB)
_CHOICE_OF_GROUPS = "powa_repositories, powa_remotes, powa_collectors and powa_web"
#: The inventory plugin creates groups with these other prefixes.
_OTHER_GROUPS = ("powa_repository_", "powa_version_", "powa_extension_", "powa_state_")
#: Ansible has these without any group.
_CONTROLLER = ("localhost", "127.0.0.1")

#: What a repository registers of a remote besides its address, and the variable of each. Unset ones are left out.
_COLUMNS = {
    "username": "powa_monitoring_role",
    "dbname": "powa_database",
    "frequency": "powa_frequency",
    "coalesce": "powa_coalesce",
    "retention": "powa_retention",
    "allow_ui_connection": "powa_allow_ui_connection",
    "extensions": "powa_stats_extensions",
    "state": "powa_state",
    "history": "powa_history",
    "renamed_from": "powa_renamed_from",
}


@dataclass(frozen=True)
class Inventory:
    """What Ansible knows of a run.

    :param hostvars: each host's variables; templates are evaluated when they are read
    :param groups: group -> hosts
    :param play: the hosts of the play, those that have failed included
    :param limit: what was given as --limit, or an empty text
    :param scope: variables that a playbook sets outside the inventory, for all hosts of the play
    :param passwords: the names of those that nobody may see
    """

    hostvars: Mapping[str, Mapping[str, Any]]
    groups: Mapping[str, Sequence[str]]
    play: Sequence[str] = ()
    limit: str = ""
    scope: Mapping[str, Any] = field(default_factory=dict)
    passwords: Sequence[str] = ()

    def members(self, group: str) -> List[str]:
        """Return the hosts of one of the four groups."""
        return list(self.groups.get(group, ()))

    @property
    def known(self) -> List[str]:
        """The hosts of the four groups."""
        return _unique([host for group in GROUPS for host in self.members(group)])

    @property
    def run(self) -> List[str]:
        """The hosts of this run. Without --limit these are all, even where a play is for some of them."""
        return list(self.play) if self.limit else self.known

    @property
    def outside(self) -> List[str]:
        """The repositories that --limit leaves out but in which the run has work to do."""
        run = set(self.run)
        if run.isdisjoint(self.members(REMOTES)):
            return []
        return [host for host in self.members(REPOSITORIES) if host not in run]


class _Variables(Mapping[str, Any]):
    """The variables of a host, under those that a playbook sets.

    Ansible goes through a value item by item to evaluate templates. That is slow for a long list that all hosts share,
    so what holds no template is taken as it is.
    """

    def __init__(self, inventory: Inventory, host: str, scope: Mapping[str, Any], static: Dict[int, Any]) -> None:
        """Take the host's variables.

        :param static: what was found out of values before, by their ids: the value itself, and whether it has templates
        """
        self._inventory, self._host, self._scope, self._static = inventory, host, scope, static
        raw_get = getattr(inventory.hostvars, "raw_get", None)
        self._raw: Mapping[str, Any] = raw_get(host) if raw_get else inventory.hostvars[host]
        self._has_raw = raw_get is not None

    @cached_property
    def _evaluated(self) -> Mapping[str, Any]:
        return self._inventory.hostvars[self._host]

    def __getitem__(self, name: str) -> Any:
        if name in self._scope:
            if isinstance(self._scope[name], Unevaluated):
                raise self._scope[name]
            return self._scope[name]
        value = self._raw[name]
        if not self._has_raw or self._is_static(value):
            return value
        return self._evaluated[name]

    def _is_static(self, value: Any) -> bool:
        if not isinstance(value, (list, dict)):
            return is_static(value)
        if id(value) not in self._static:
            # With a reference to the value, so that no other gets the same id.
            self._static[id(value)] = (is_static(value), value)
        return bool(self._static[id(value)][0])

    def __contains__(self, name: object) -> bool:
        return name in self._scope or name in self._raw

    def __iter__(self) -> Iterator[str]:
        return iter(_unique([*self._scope, *self._raw]))

    def __len__(self) -> int:
        return len(list(iter(self)))


def build_fleet(inventory: Inventory, roles: Sequence[str] = SITE_ROLES) -> Dict[str, Any]:
    """Return the fleet as plain data. The filter C(fleet) documents it.

    :param roles: those whose options may have problems
    """
    hosts = _read_hosts(inventory, roles)
    fleet: Dict[str, Any] = {
        "repositories": inventory.members(REPOSITORIES),
        "remotes": {},
        "collectors": {},
        "web": {},
        "run": inventory.run,
        "outside": inventory.outside,
    }
    for host in inventory.members(REMOTES):
        values = hosts[host].values
        fleet["remotes"][host] = {"repository": _repository(inventory, host, values), "server": _server(values)}
    for host in inventory.members(COLLECTORS):
        values = hosts[host].values
        fleet["collectors"][host] = {
            "repository": _repository(inventory, host, values),
            "address": values["powa_host"],
        }
    for host in inventory.members(WEB):
        values = hosts[host].values
        fleet["web"][host] = {
            "repositories": values["powa_web_repositories"],
            "address": values["powa_host"],
            "remote_access": values["powa_web_remote_access"],
        }
    fleet["problems"] = _unique(list(_problems(inventory, fleet, hosts)))
    datasources = _Datasources()
    fleet["hosts"] = {host: _host(inventory, host, found, datasources) for host, found in hosts.items()}
    fleet["datasources"] = datasources.distinct
    return fleet


def changed_in_scope(own: Mapping[str, Any], resolve: Callable[[str], Any], missing: Any) -> Dict[str, Any]:
    """Return the variables that a playbook or a role sets: the inventory has none of the name, or another value.

    :param own: what hostvars has of the host that asks
    :param resolve: returns a variable as a task of that host sees it, or C(missing)
    """
    found: Dict[str, Any] = {}
    for option in options_of().values():
        if option.secret:
            continue
        try:
            seen = evaluate(_Resolved(option.name, resolve, missing), option.name)
        except Unevaluated as error:
            # Where it comes from the inventory, it is a problem of this host alone.
            if option.name not in own:
                found[option.name] = error
            continue
        # What a playbook sets to null is unset.
        if not (seen is None and resolve(option.name) is missing) and not _is_own(option, seen, own):
            found[option.name] = seen
    return found


def passwords_in_scope(own: Mapping[str, Any], resolve: Callable[[str], Any], missing: Any) -> List[str]:
    """Return the names of the passwords that a playbook or a role sets."""
    found = []
    for option in options_of().values():
        try:
            seen = evaluate(_Resolved(option.name, resolve, missing), option.name) if option.secret else None
            if seen not in (None, "") and seen != evaluate(own, option.name):
                found.append(option.name)
        except Unevaluated:
            # It is said of each host, where it comes from the inventory.
            continue
    return found


def _is_own(option: Option, seen: Any, own: Mapping[str, Any]) -> bool:
    try:
        return same_value(option, seen, evaluate(own, option.name))
    except Unevaluated:
        return False


def _read_hosts(inventory: Inventory, roles: Sequence[str]) -> Dict[str, Values]:
    scoped = {*inventory.play, *inventory.outside}
    run = {*inventory.run, *inventory.play}
    static: Dict[int, Any] = {}
    hosts = {}
    for host in _unique([*inventory.known, *inventory.play]):
        raw = _Variables(inventory, host, inventory.scope if host in scoped else {}, static)
        found = read_variables(raw, roles, secrets=host in run)
        _fill_in(inventory, host, raw, found)
        hosts[host] = found
    return hosts


def _fill_in(inventory: Inventory, host: str, raw: Mapping[str, Any], found: Values) -> None:
    """Add the defaults that depend on other variables."""
    values = found.values
    if "powa_host" not in values:
        try:
            values["powa_host"] = str(evaluate(raw, "ansible_host") or host)
        except Unevaluated as error:
            values["powa_host"] = host
            found.problems["ansible_host"] = "Ansible cannot evaluate ansible_host ({0}): correct it".format(error)
    if values.get("powa_renamed_from") == {"hostname": values["powa_host"], "port": values["powa_port"]}:
        found.problems["powa_renamed_from"] = (
            "powa_renamed_from is {hostname}:{port}, which is the present address: remove it".format(
                **values["powa_renamed_from"]
            )
        )
    values.setdefault("powa_alias", host)
    values.setdefault("powa_web_repositories", inventory.members(REPOSITORIES))
    values.setdefault("powa_web_server_name", values["powa_host"])
    values.setdefault("powa_report_file", os.path.join(os.environ.get("PWD", ""), "powa-report.html"))


def _repository(inventory: Inventory, host: str, values: Mapping[str, Any]) -> str:
    """Return the repository of a remote or collector, or an empty text if the inventory leaves it open."""
    repositories = inventory.members(REPOSITORIES)
    if "powa_repository" in values:
        return str(values["powa_repository"])
    if host in repositories:
        return host
    return repositories[0] if len(repositories) == 1 else ""


def _server(values: Mapping[str, Any]) -> Dict[str, Any]:
    server = {"hostname": values["powa_host"], "port": values["powa_port"], "alias": values["powa_alias"]}
    server.update({column: values[name] for column, name in _COLUMNS.items() if name in values})
    if values.get("powa_state") == "disabled":
        # It has no snapshots, whatever a group of hosts says.
        server.pop("frequency", None)
    return server


class _Datasources:
    """The distinct lists of datasources. Ansible copies a fact value by value, and most hosts have the same list."""

    def __init__(self) -> None:
        self.distinct: List[List[Dict[str, Any]]] = []
        self._numbers: Dict[str, int] = {}

    def number(self, definitions: List[Dict[str, Any]]) -> int:
        """Return the position of a list."""
        text = json.dumps(definitions, default=str)
        if text not in self._numbers:
            self._numbers[text] = len(self.distinct)
            self.distinct.append(definitions)
        return self._numbers[text]


def _host(inventory: Inventory, host: str, found: Values, datasources: _Datasources) -> Dict[str, Any]:
    groups = [group for group in GROUPS if host in inventory.groups.get(group, ())]
    variables = dict(found.values)
    return {
        "groups": groups,
        "datasources": datasources.number(variables.pop("powa_datasources")),
        "variables": variables,
        "problems": list(found.problems.values()),
        "wrong": list(found.problems),
        "read": _reading(groups, variables),
    }


def _reading(groups: Sequence[str], values: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what C(host_info) is to read on a host."""
    read: Dict[str, Any] = {
        "repository": REPOSITORIES in groups,
        "packages": list(values["powa_extension_packages"].values()),
    }
    lists: Dict[str, List[str]] = defaultdict(list)
    if COLLECTORS in groups:
        lists["packages"] += ["powa-collector"]
        lists["units"] += ["powa-collector"]
        lists["files"] += [COLLECTOR_CONF, COLLECTOR_DROP_IN]
        if values["powa_collector_install_method"] == "pip":
            lists["packages"] += ["python3-venv", "python3-psycopg2", "python3-packaging"]
            lists["files"] += [COLLECTOR_UNIT]
            lists["virtualenvs"] += [values["powa_collector_venv"]]
    if WEB in groups:
        venv = values["powa_web_venv"]
        lists["packages"] += ["python3-tornado"]
        lists["units"] += ["powa-web", "nginx"]
        lists["files"] += [WEB_UNIT, WEB_NGINX]
        lists["files"] += [values["powa_web_tls_certificate"]]
        lists["secret_files"] += [WEB_SECRET, values["powa_web_tls_key"]]
        lists["secret_files" if values["powa_web_store_login"] else "files"] += [WEB_CONF]
        lists["virtualenvs"] += [venv]
        lists["folders"] += [venv.rstrip("/") + "/pages/powa_web_pages"]
    read["packages"] += lists["packages"]
    for name in ("units", "files", "secret_files", "virtualenvs", "folders"):
        read[name] = [each for each in lists[name] if each]
    return read


def _problems(inventory: Inventory, fleet: Mapping[str, Any], hosts: Mapping[str, Values]) -> Iterator[str]:
    """Return what is wrong with the structure of the inventory. A wrong value concerns its host only."""
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
    for host in _unique([*fleet["repositories"], *fleet["remotes"]]):
        if hosts[host].values["powa_mode"] == "local" and host not in fleet["repositories"]:
            yield (
                "{0} has powa_mode local, so it is its own repository: put it into group powa_repositories".format(host)
            )


def _serial_problems(inventory: Inventory) -> Iterator[str]:
    """Return why Ansible cannot evaluate powa_serial, which site.yml takes for unset then: all hosts at once."""
    for host in [*inventory.members(REMOTES), *inventory.members(REPOSITORIES)][:1]:
        try:
            evaluate(_Variables(inventory, host, {}, {}), "powa_serial")
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


def _unique(words: Sequence[str]) -> List[str]:
    return list(dict.fromkeys(words))


class _Resolved(Mapping[str, Any]):
    """One variable as a task sees it. Reading it may fail, as in hostvars."""

    def __init__(self, name: str, resolve: Callable[[str], Any], missing: Any) -> None:
        self._name, self._resolve, self._missing = name, resolve, missing

    def __getitem__(self, name: str) -> Any:
        value = self._resolve(name)
        return None if value is self._missing else value

    def __contains__(self, name: object) -> bool:
        return name == self._name

    def __iter__(self) -> Iterator[str]:
        return iter((self._name,))

    def __len__(self) -> int:
        return 1
