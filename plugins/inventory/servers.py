# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inventory plugin pgfleet.powa.servers."""

from __future__ import annotations

DOCUMENTATION = r"""
name: servers
short_description: The remote servers of a PoWA repository as hosts
version_added: 0.2.0
description:
  - Makes each server that a repository collects from a host, in groups by repository, PoWA's version, active extensions
    and state.
  - One file describes one repository. Its name must be C(powa.yml) or end with C(.powa.yml) (or C(.yaml)), such as
    C(production.powa.yml). Several files, each with its own C(-i), make one inventory.
  - Sends the same number of SQL statements for any number of servers. Does not read passwords that are stored in the
    repository.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - constructed
  - inventory_cache
options:
  plugin:
    description: Marks the file as one for this plugin.
    type: str
    required: true
    choices: [pgfleet.powa.servers]
  repository:
    description:
      - Name of the repository, used for its group and as the variable C(powa_repository) of the hosts, which the roles
        read. If the repository is itself a host in the group C(powa_repositories), give the name of that host.
      - Without it, the group is named after the repository's host (C(local) for a socket), followed by the port unless
        it is C(5432) and the database unless it is C(powa), and no host gets C(powa_repository).
    type: str
  hostnames:
    description:
      - How to name a host. The first of these names that a server has and does not share with another server of the
        repository is used.
      - A name that Ansible or a group has, such as C(all), C(localhost) or C(powa_remotes), is skipped.
      - V(hostname_port) gives C(db1.example.com_5433), which is unique for every server.
    type: list
    elements: str
    choices: [alias, hostname, hostname_port]
    default: [alias, hostname, hostname_port]
  login_host:
    env:
      - name: POWA_LOGIN_HOST
  login_port:
    env:
      - name: POWA_LOGIN_PORT
  login_user:
    env:
      - name: POWA_LOGIN_USER
  login_password:
    env:
      - name: POWA_LOGIN_PASSWORD
  login_db:
    env:
      - name: POWA_LOGIN_DB
requirements:
  - for this plugin, psycopg2 in ansible-core's Python on the controller, such as from C(pip install psycopg2-binary)
notes:
  - The login options can be templates or vault-encrypted. If you leave out host or password, libpq takes them from its
    own variables and files, such as C(PGHOST), C(PGPASSWORD) and C(~/.pgpass).
  - No superuser is needed. The role has to read C(powa_servers) except its column C(password). If it may not read other
    tables of PoWA, the variables that come from them are empty, a warning and C(powa_server_not_visible) name them, and
    C(powa_stats_extensions) is not set, since the roles would take an empty list for what you want.
  - The variable C(powa_reader_role) of the role P(pgfleet.powa.repository#role) makes a login that sees everything. So
    does, with PoWA 5, a member of C(powa_read_all_metrics).
  - Each host gets the following variables. C(ansible_host) is the address by which the collector reaches the server;
    set another one with O(compose) if Ansible takes another route. The SSH port is left alone.
  - 'Variables that the roles of this collection read: C(powa_host), C(powa_port), C(powa_alias) (empty for none),
    C(powa_database), C(powa_monitoring_role), C(powa_frequency), C(powa_coalesce), C(powa_retention),
    C(powa_allow_ui_connection), C(powa_stats_extensions). Put hosts into C(powa_remotes) with O(groups), and the
    playbook C(site) finds the servers as they are registered.'
  - C(powa_srvid), the number of the server in the repository; C(powa_version), PoWA's version on the server, if the
    repository knows it, and usually null; C(powa_server_postgresql_version), once the collector has seen it;
    C(powa_server_enabled), false if the frequency is -1; C(powa_server_extensions), the active stats extensions with
    their versions; C(powa_server_datasources), the active datasources of M(pgfleet.powa.datasources);
    C(powa_server_last_snapshot), in UTC, or null; C(powa_server_errors), the errors of that snapshot;
    C(powa_server_repository) and C(powa_server_repository_version); C(powa_server_not_visible), those of
    these variables that the role could not see.
  - The groups are C(powa_repository_NAME), C(powa_version_5_0), C(powa_extension_NAME), C(powa_state_enabled) and
    C(powa_state_disabled). If the server's version is unknown, the repository's is used, because the collector takes
    snapshots only if both match.
  - A server that several repositories know under the same name is one host in the group of each, with the variables
    from a repository that collects from it. Different servers with the same name in different repositories are an
    error.
seealso:
  - module: pgfleet.powa.servers
"""

EXAMPLES = r"""
# orders.powa.yml: the first four lines are enough for all servers of one repository. The others add groups and
# variables of your own, and a cache for ten minutes.
plugin: pgfleet.powa.servers
login_host: pg-repository.example.com
login_user: powa_reader
login_password: "{{ lookup('ansible.builtin.env', 'POWA_READER_PASSWORD') }}"
repository: pg-repository
hostnames: [hostname, hostname_port]
strict: true
keyed_groups:
  - prefix: postgresql
    key: powa_server_postgresql_version | default('unknown', true) | split('.') | first
  - prefix: datasource
    key: powa_server_datasources
groups:
  powa_remotes: powa_server_enabled
  failing: powa_server_errors | length > 0
compose:
  ansible_host: powa_host ~ '.ssh.example.com'
  powa_minutes: powa_frequency / 60
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/powa-inventory
cache_timeout: 600
"""

import difflib
import os
import re
from typing import Any, Dict, Set

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.inventory.group import to_safe_group_name
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import LOGIN_SPEC
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.inventory import (
    host_groups,
    host_variables,
    is_about_one_repository,
    name_hosts,
    read_fleet,
    repository_group,
)

_FILE_NAME = re.compile(r"(^|\.)powa\.ya?ml$")
_PLUGIN_KEY = re.compile(r"^plugin:\s*['\"]?pgfleet\.powa\.servers\b", re.MULTILINE)

#: The login options that may hold a password, and their types.
_SECRETS = {"login_password": ((str, int, float), "text"), "connect_params": (dict, "a dictionary")}


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The plugin."""

    NAME = "pgfleet.powa.servers"

    def verify_file(self, path: str) -> bool:
        """Whether a file's name is one for this plugin; warn about a file of the plugin with another name."""
        if not super().verify_file(path):
            return False
        if _FILE_NAME.search(os.path.basename(path)):
            return True
        if path.endswith((".yml", ".yaml")) and os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                if _PLUGIN_KEY.search(file.read()):
                    self.display.warning(
                        '{0} names the plugin {1}, which reads only files whose name ends with "powa.yml" or'
                        ' "powa.yaml": rename it, such as to fleet.powa.yml'.format(path, self.NAME)
                    )
        return False

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Set the options of the file, and fill in templates of the login options before types are checked."""
        if direct:
            self.templar.available_variables = var_options or {}
            direct = {
                name: self._filled_in(name, value) if name in LOGIN_SPEC or name == "repository" else value
                for name, value in direct.items()
            }
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)

    def _filled_in(self, name: str, value: Any) -> Any:
        """Return an option without templates. Ansible's own message about a wrong one could show a password."""
        try:
            filled_in = self.templar.template(value)
        except AnsibleError as error:
            reason = "Ansible cannot fill in its template" if name in _SECRETS else error
            raise PowaError("{0}: {1}: correct it".format(name, reason)) from None
        types, expected = _SECRETS.get(name, (object, ""))
        if filled_in is not None and not isinstance(filled_in, types):
            raise PowaError("{0}: expected {1}, found a value that is hidden here: correct it".format(name, expected))
        return filled_in

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the servers of one repository to the inventory."""
        super().parse(inventory, loader, path, cache)
        try:
            config = self._read_config_data(path)
            self._refuse_unknown_options(config)
            fleet = self._fleet(path, cache)
            self._warn_of_hidden(path, fleet)
            self._populate(fleet)
        except PowaError as error:
            # With a cause, Ansible would print the message twice.
            raise AnsibleParserError("{0}: {1}".format(path, error)) from None
        except AnsibleError as error:
            raise AnsibleParserError("{0}: {1}".format(path, error)) from error

    def _refuse_unknown_options(self, config: Dict[str, Any]) -> None:
        """Fail on options that the plugin does not have, which Ansible itself ignores."""
        for name in config:
            if name in self._options:
                continue
            close = difflib.get_close_matches(str(name), self._options, n=1)
            raise PowaError(
                'found the option "{0}", expected those of ansible-doc --type inventory {1}: {2}'.format(
                    name, self.NAME, 'rename it to "{0}"'.format(close[0]) if close else "remove it"
                )
            )

    def _fleet(self, path: str, cache: bool) -> Dict[str, Any]:
        """Return the repository's servers from the cache, or else from the repository."""
        key = self.get_cache_key(path)
        caching = self.get_option("cache")
        if caching and cache:
            try:
                return self._cache[key]
            except KeyError:
                pass
        fleet = read_fleet({name: self.get_option(name) for name in LOGIN_SPEC})
        if caching:
            self._cache[key] = fleet
        return fleet

    def _warn_of_hidden(self, path: str, fleet: Dict[str, Any]) -> None:
        """Say what the role could not see."""
        for entry in fleet.get("not_visible", ()):
            self.display.warning(
                "{0}: not visible: the variable {1}, since the role lacks {2}".format(
                    path, entry["part"], ", ".join(entry["lacks"])
                )
            )

    def _populate(self, fleet: Dict[str, Any]) -> None:
        repository = self.get_option("repository") or fleet["repository"]
        groups = {*self.inventory.groups, *self.get_option("groups"), *self._keyed_groups(fleet, repository)}
        for name, server in name_hosts(fleet["servers"], self.get_option("hostnames"), groups).items():
            variables = host_variables(server, fleet, repository)
            if self.get_option("repository"):
                variables["powa_repository"] = repository
            there = self._in_another_repository(name, variables)
            if there and there["powa_server_enabled"] and not variables["powa_server_enabled"]:
                self._add_to_group(name, repository_group(repository))
                continue
            if there and not there["powa_server_enabled"] and variables["powa_server_enabled"]:
                self._leave_groups(name)
            self.inventory.add_host(name)
            for variable, value in variables.items():
                self.inventory.set_variable(name, variable, value)
            for group in host_groups(server, fleet, repository):
                self._add_to_group(name, group)
            self._construct(name, self.get_option("strict"))

    def _keyed_groups(self, fleet: Dict[str, Any], repository: str) -> Set[str]:
        """Return the groups that keyed_groups will make, by making them in an inventory that is thrown away."""
        if not self.get_option("keyed_groups"):
            return set()
        kept, self.inventory = self.inventory, InventoryData()
        try:
            for server in fleet["servers"]:
                name = "{hostname}_{port}".format(**server)
                self.inventory.add_host(name)
                for variable, value in host_variables(server, fleet, repository).items():
                    self.inventory.set_variable(name, variable, value)
                # What is wrong with a template is said of the host by its own name.
                self._construct(name, strict=False)
            return set(self.inventory.groups)
        finally:
            self.inventory = kept

    def _in_another_repository(self, name: str, variables: Dict[str, Any]) -> Dict[str, Any]:
        """Return the variables that a host has from another repository, or none.

        :raises PowaError: when the host is a different server there
        """
        host = self.inventory.get_host(name)
        there = host.vars if host else {}
        if there.get("powa_server_repository") in (None, variables["powa_server_repository"]):
            return {}
        addresses = ["{powa_host}:{powa_port}".format(**found) for found in (variables, there)]
        if addresses[0] != addresses[1]:
            raise PowaError(
                'hostnames: "{0}" is {1} in this repository and {2} in {3}: give each its own name,'
                " such as with hostnames: [hostname_port]".format(name, *addresses, there["powa_server_repository"])
            )
        return there

    def _leave_groups(self, name: str) -> None:
        """Take a host out of the groups that it has from a repository that does not collect from it."""
        host = self.inventory.get_host(name)
        for group in list(host.get_groups()):
            if is_about_one_repository(group.name):
                group.remove_host(host)

    def _add_to_group(self, name: str, group: str) -> None:
        group = self.inventory.add_group(to_safe_group_name(group, force=True, silent=True))
        self.inventory.add_child(group, name)

    def _construct(self, name: str, strict: bool) -> None:
        variables = self.inventory.get_host(name).get_vars()
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)
