# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a host: what module host_info returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._host import packages, psql
from ansible_collections.pgfleet.powa.plugins.module_utils._host.certificates import finish_reading, start_reading
from ansible_collections.pgfleet.powa.plugins.module_utils._host.cluster_listing import finish_listing, start_listing
from ansible_collections.pgfleet.powa.plugins.module_utils._host.clusters import (
    Cluster,
    guessed_cluster,
    read_installed,
    select_cluster,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._host.collector_log import finish_log, start_log
from ansible_collections.pgfleet.powa.plugins.module_utils._host.database import Database, Wanted, read_database
from ansible_collections.pgfleet.powa.plugins.module_utils._host.extension_folder import (
    ExtensionFolder,
    read_extension_folder,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._host.files import read_files, read_folders
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host
from ansible_collections.pgfleet.powa.plugins.module_utils._host.names import read_clients, read_unresolved
from ansible_collections.pgfleet.powa.plugins.module_utils._host.powa_files import Search, finish_search, start_search
from ansible_collections.pgfleet.powa.plugins.module_utils._host.server_log import read_server_log
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import ELSEWHERE, System, read_system
from ansible_collections.pgfleet.powa.plugins.module_utils._host.units import finish_units, start_units
from ansible_collections.pgfleet.powa.plugins.module_utils._host.users import read_users
from ansible_collections.pgfleet.powa.plugins.module_utils._host.virtualenvs import read_virtualenvs


@dataclass(frozen=True)
class Options:
    """The module's options: see its documentation."""

    postgresql_version: str
    port: int
    login_host: str
    login_port: Optional[int]
    login_user: str
    login_password: str
    login_unix_socket: str
    run_as: str
    server_only: bool
    database: str
    monitoring_role: str
    collector_role: str
    web_role: str
    reader_role: str
    packages: Sequence[str]
    units: Sequence[str]
    files: Sequence[str]
    secret_files: Sequence[str]
    expected_files: Mapping[str, str]
    expected_passwords: Mapping[str, str]
    password_encryption: str
    folders: Sequence[str]
    virtualenvs: Sequence[str]
    repository: bool
    resolve_names: Sequence[str]
    client_hosts: Sequence[str]
    collector_log: bool
    server_log: bool
    start_settings: Sequence[str]
    certificates: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> "Options":
        """Return the options of a task."""
        return cls(**{field.name: params[field.name] for field in fields(cls)})

    def wanted(self, known: Mapping[str, str]) -> Wanted:
        """Return what to ask the server for."""
        named = (self.monitoring_role, self.collector_role, self.web_role, self.reader_role)
        roles = [role for role in named if role]
        return Wanted(
            self.database,
            roles,
            self.monitoring_role,
            self.repository,
            self.expected_passwords,
            self.password_encryption,
            self.start_settings,
            self.reader_role,
            not self.server_only,
            psql.Login(
                self.login_user,
                self.login_password,
                # As in the other modules.
                self.login_unix_socket or self.login_host if self.login_host in ("", "localhost") else self.login_host,
                self.login_port,
                self.run_as,
            ),
            known,
        )


def read_host(options: Options, host: Host, known: Mapping[str, str]) -> Dict[str, Any]:
    """Return what a host has. Programs that do not depend on each other run at the same time.

    :param known: variables of psql with what the packages above this one know
    """
    system = ELSEWHERE if options.server_only else read_system(host)
    listing = start_listing(host, system)
    installed_packages = packages.start_listing(host, system, options.packages)
    # The modules for a server elsewhere run with the Python that runs this one.
    driver = None if options.server_only else packages.start_driver_check(host)
    units = start_units(host, options.units)
    log = start_log(host, options.collector_log)
    reading = start_reading(host, options.certificates)
    files = read_files(host, options.files, options.secret_files, options.expected_files)
    folders = read_folders(host, options.folders)
    virtualenvs = read_virtualenvs(host, options.virtualenvs)

    installed = read_installed(host, system)
    clusters = finish_listing(host, system, listing, options.port)
    cluster = select_cluster(clusters, options.port, options.postgresql_version)
    # The search takes as long as the server. Of a cluster that no program lists, only the server says the version.
    early = _start_version(host, system, cluster, options) if cluster else None
    database = _database(host, system, cluster, options, options.wanted(known))
    cluster = database.cluster
    version, extension_folder, powa_files = early or _start_version(host, system, cluster, options)
    listed = packages.finish_listing(host, installed_packages)
    result = {
        "os": {"name": system.name, "family": system.family},
        "installed": installed,
        "clusters": _as_dicts(clusters),
        "unread_clusters": list(host.unread_clusters.sentences),
        "cluster": asdict(cluster) if cluster else None,
        "version": version,
        "packages": _by_name(packages.read_packages(host, system, version, options.packages, listed)),
        "driver": packages.finish_driver_check(driver),
        "extension_folder": _as_dict(extension_folder),
        "powa_files": finish_search(host, powa_files),
        "users": [] if options.server_only else read_users(),
        "units": _by_name(finish_units(host, options.units, units)),
        "files": _by_name(files),
        "folders": folders,
        "virtualenvs": _by_name(virtualenvs),
        "server": database.server,
        "server_error": database.server_error,
        "extensions": database.extensions,
        "monitoring": database.monitoring,
        "datasources": database.datasources,
        "repository": database.repository,
        "unresolved": read_unresolved(options.resolve_names),
        "client_addresses": read_clients(options.client_hosts, (database.server or {}).get("hba", [])),
        "collector_log": finish_log(host, log),
        "server_log": read_server_log(host, cluster, options.server_log),
        "certificates": _by_name(finish_reading(host, options.certificates, reading)),
    }
    return dict(result, unseen=[*host.unread_clusters.sentences, *host.unseen.sentences])


def _database(host: Host, system: System, cluster: Optional[Cluster], options: Options, wanted: Wanted) -> Database:
    if cluster is None and wanted.login.host:
        cluster = guessed_cluster(options.login_port or options.port)
    if cluster is None or not cluster.running:
        return Database(cluster)
    return read_database(host, system, cluster, wanted)


def _start_version(
    host: Host, system: System, cluster: Optional[Cluster], options: Options
) -> Tuple[str, Optional[ExtensionFolder], Search]:
    """Return the version of a cluster, its folder of extensions, and the search for whose the files of PoWA are."""
    version = _version(host, system, cluster, options)
    folder = None if options.server_only else read_extension_folder(host, version)
    return version, folder, start_search(host, system, version, folder.path if folder else "")


def _version(host: Host, system: System, cluster: Optional[Cluster], options: Options) -> str:
    if cluster is not None:
        return cluster.version
    return options.postgresql_version or packages.read_default_version(host, system)


def _as_dict(value: Any) -> Optional[Dict[str, Any]]:
    return None if value is None else asdict(value)


def _as_dicts(values: Sequence[Any]) -> List[Dict[str, Any]]:
    return [asdict(value) for value in values]


def _by_name(values: Mapping[str, Any]) -> Dict[str, Dict[str, Any]]:
    return {name: asdict(value) for name, value in values.items()}
