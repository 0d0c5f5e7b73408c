# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet as the inventory declares it: which repository, collector and web host serves which server, and each host's
variables. It includes the hosts that --limit leaves out, and holds no passwords."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from typing import Any, Dict, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._hba.rules import method_problem
from ansible_collections.pgfleet.powa.plugins.plugin_utils._declared import add_declared
from ansible_collections.pgfleet.powa.plugins.plugin_utils._hba import clients_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._inventory import (
    COLLECTORS,
    GROUPS,
    REMOTES,
    REPOSITORIES,
    WEB,
    HostVariables,
    Inventory,
    unique,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._inventory_problems import problems_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import is_managed
from ansible_collections.pgfleet.powa.plugins.plugin_utils._paths import (
    COLLECTOR_CONF,
    COLLECTOR_DROP_IN,
    COLLECTOR_PASSWORDS,
    COLLECTOR_UNIT,
    WEB_CONF,
    WEB_NGINX,
    WEB_PASSWORDS,
    WEB_SECRET,
    WEB_UNIT,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._slice import slice_name
from ansible_collections.pgfleet.powa.plugins.plugin_utils._tls import COLLECTOR_CLIENT, WEB_CLIENT, reading_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import (
    SITE_ROLES,
    Unevaluated,
    Values,
    evaluate,
    read_variables,
)

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
        "slice": _slice(inventory),
    }
    for host in inventory.members(REMOTES):
        values = hosts[host].values
        fleet["remotes"][host] = {"repository": _repository(inventory, host, values), "server": _server(values)}
    for host in inventory.members(COLLECTORS):
        values = hosts[host].values
        fleet["collectors"][host] = {
            "repository": _repository(inventory, host, values),
            "address": values["powa_host"],
            "by_name": COLLECTOR_CLIENT.leaves_loopback(values),
        }
    for host in inventory.members(WEB):
        values = hosts[host].values
        fleet["web"][host] = {
            "repositories": values["powa_web_repositories"],
            "address": values["powa_host"],
            "by_name": WEB_CLIENT.leaves_loopback(values),
            "remote_access": values["powa_web_remote_access"],
        }
    fleet["problems"] = unique(list(problems_of(inventory, fleet, hosts)))
    datasources = _Datasources()
    fleet["hosts"] = {host: _host(inventory, host, found, datasources) for host, found in hosts.items()}
    fleet["datasources"] = datasources.distinct
    run = Run(fleet, {})
    for host, found in fleet["hosts"].items():
        found["read"]["client_hosts"] = clients_of(run, host)
    return fleet


def _slice(inventory: Inventory) -> str:
    """Return what the run is a slice of, or an empty text."""
    hosts = [*inventory.play, *inventory.known][:1]
    return slice_name(HostVariables(inventory, hosts[0], {}, {})) if hosts else ""


def _read_hosts(inventory: Inventory, roles: Sequence[str]) -> Dict[str, Values]:
    scoped = {*inventory.play, *inventory.outside}
    run = {*inventory.run, *inventory.play}
    static: Dict[int, Any] = {}
    hosts = {}
    for host in unique([*inventory.known, *inventory.play]):
        raw = HostVariables(inventory, host, inventory.scope if host in scoped else {}, static)
        found = read_variables(raw, roles, secrets=host in run)
        _fill_in(inventory, host, raw, found)
        add_declared(found, roles)
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
    wrong = method_problem(values["powa_hba_contype"], values["powa_hba_method"])
    if wrong and (host in inventory.members(REMOTES) or host in inventory.members(REPOSITORIES)):
        found.problems.setdefault(
            "powa_hba_method", "powa_hba_method is {0}, {1}".format(values["powa_hba_method"], wrong)
        )
    values.setdefault("powa_alias", host)
    values.setdefault("powa_login_port", values["powa_port"])
    if is_managed(values) and not values["powa_login_host"]:
        values["powa_login_host"] = values["powa_host"]
    values.setdefault("powa_web_repositories", inventory.members(REPOSITORIES))
    values.setdefault("powa_web_server_name", values["powa_host"])
    values.setdefault("powa_report_file", "powa-report.html")
    on_controller = [] if values["powa_doctor_host"] else ["powa_doctor_json", "powa_doctor_metrics"]
    for name in ("powa_report_file", *on_controller):
        if values.get(name):
            # A task takes a relative path for one beside the playbook, which is in the installed collection.
            values[name] = os.path.abspath(os.path.expanduser(values[name]))


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
        "read": {**_reading(groups, variables), "reader_role": _reader(inventory, host, variables)},
    }


def _reader(inventory: Inventory, host: str, values: Mapping[str, Any]) -> str:
    """Return the role whose rights C(host_info) is to read, or an empty text if the run makes none."""
    if host not in inventory.members(REPOSITORIES):
        return ""
    has_password = "powa_reader_password" in HostVariables(inventory, host, inventory.scope, {})
    return str(values["powa_reader_role"]) if has_password else ""


def _reading(groups: Sequence[str], values: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what C(host_info) is to read on a host."""
    read: Dict[str, Any] = {
        "repository": REPOSITORIES in groups,
        "packages": list(values["powa_extension_packages"].values()),
    }
    lists: Dict[str, List[Any]] = defaultdict(list)
    for group, client in ((COLLECTORS, COLLECTOR_CLIENT), (WEB, WEB_CLIENT)):
        if group in groups:
            for name, wanted in reading_of(client, values).items():
                lists[name] += wanted
    if COLLECTORS in groups:
        lists["packages"] += ["powa-collector"]
        lists["units"] += ["powa-collector"]
        lists["files"] += [COLLECTOR_CONF, COLLECTOR_DROP_IN]
        lists["secret_files"] += [COLLECTOR_PASSWORDS]
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
        lists["secret_files"] += [WEB_SECRET, WEB_PASSWORDS, values["powa_web_tls_key"]]
        lists["secret_files" if values["powa_web_store_login"] else "files"] += [WEB_CONF]
        lists["virtualenvs"] += [venv]
        lists["folders"] += [venv.rstrip("/") + "/pages/powa_web_pages"]
    read["packages"] += lists["packages"]
    for name in ("units", "files", "secret_files", "virtualenvs", "folders", "certificates"):
        read[name] = [each for each in lists[name] if each]
    return read
