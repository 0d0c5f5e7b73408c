# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host's server has: settings and their files, pg_hba rules, roles, extensions, the rights on a repository."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host import psql
from ansible_collections.pgfleet.powa.plugins.module_utils._host.clusters import Cluster, owner_of
from ansible_collections.pgfleet.powa.plugins.module_utils._host.generated import read_generated
from ansible_collections.pgfleet.powa.plugins.module_utils._host.hba import hba_rules
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host
from ansible_collections.pgfleet.powa.plugins.module_utils._host.includes import read_includes
from ansible_collections.pgfleet.powa.plugins.module_utils._host.next_start import read_next_start
from ansible_collections.pgfleet.powa.plugins.module_utils._host.preload import LIBDIR, SETTING, read_libraries
from ansible_collections.pgfleet.powa.plugins.module_utils._host.quotes import with_quotes
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import System
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import host as sql
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import host_repository
from ansible_collections.pgfleet.powa.plugins.module_utils._verifier import SCRAM, encryption_of, is_password

_IN_POSTGRES = {
    "facts": sql.FACTS,
    "available": sql.AVAILABLE,
    "settings": sql.SETTINGS,
    "file_settings": sql.FILE_SETTINGS,
    "file_errors": sql.FILE_ERRORS,
    "hba": sql.HBA,
    "unread": sql.UNREAD,
    "roles": sql.ROLES,
}
#: How a sentence names what a query reads.
_NAMES = {
    "facts": "the state of the server",
    "available": "the extensions whose files the server has",
    "settings": "the settings of the server",
    "file_settings": "what the configuration files of the server set",
    "file_errors": "the errors of the configuration files of the server",
    "hba": "the rules of pg_hba.conf",
    "unread": "whether the server has read its files since they changed",
    "roles": "the roles of the server",
    "verifiers": "the stored passwords of the server's roles",
    "extensions": "the extensions of database {database}",
    "monitoring": "the rights of role {monitoring}",
    "rights": "the rights of roles on the repository",
    "servers": "the servers of the repository",
    "datasources": "the datasources that are declared in database {database}",
    "powa_roles": "the roles of PoWA",
}
#: What is known of the files of a server on another host.
_NO_FILES: Dict[str, Any] = {"includes": None, "library_folder": "", "libraries": {}, "next_start": None}
_PATHS = ("config_file", "hba_file", "data_directory")
#: Where PostgreSQL looks for libraries.
_SEARCH_PATH = "dynamic_library_path"
#: What PostgreSQL says of a setting that a role may not see, where it does not leave it out.
_HIDDEN = "permission denied to examine them"


@dataclass(frozen=True)
class Wanted:
    """What to ask a server for.

    :param database: PoWA's
    :param roles: those of the monitoring, the collector's, powa-web's and the reader's role that have a name
    :param monitoring: the monitoring role, or an empty text
    :param reader: the role that only reads a repository, or an empty text
    :param repository: whether to read the registry and the rights on it
    :param passwords: role -> the password that it should have
    :param encryption: how PostgreSQL should store these
    :param start_settings: the settings to read as a restart would bring them, if the files have what waits for one
    :param here: whether the server is on this host, so that its files can be read
    :param login: how to log in
    :param known: variables of psql with what the packages above this one know
    """

    database: str
    roles: Sequence[str]
    monitoring: str
    repository: bool
    passwords: Mapping[str, str] = field(default_factory=dict)
    encryption: str = SCRAM
    start_settings: Sequence[str] = ()
    reader: str = ""
    here: bool = True
    login: psql.Login = psql.Login()
    known: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Database:
    """What a server has, and its cluster as far as it is known; the members are those of the module's result."""

    cluster: Optional[Cluster] = None
    server: Optional[Dict[str, Any]] = None
    server_error: Optional[str] = None
    extensions: Dict[str, Any] = field(default_factory=dict)
    monitoring: Dict[str, Any] = field(default_factory=dict)
    datasources: Dict[str, str] = field(default_factory=dict)
    repository: Optional[Dict[str, Any]] = None


def read_database(host: Host, system: System, cluster: Cluster, wanted: Wanted) -> Database:
    """Ask the server of a cluster, and PoWA's database if it exists: two sessions at most."""
    variables = {
        **wanted.known,
        "database": wanted.database,
        "roles": json.dumps(list(wanted.roles)),
        "monitoring": wanted.monitoring,
        "reader": wanted.reader,
    }
    script = [psql.query(name, text) for name, text in _IN_POSTGRES.items()]
    if wanted.passwords:
        script.append(psql.query("verifiers", sql.VERIFIERS))
    parts = psql.ask(host, system, cluster, "postgres", script, variables, wanted.login)
    if "facts" not in parts.values:
        return Database(
            None if cluster.is_guessed else cluster,
            server_error=parts.failure or parts.errors.get("facts") or "psql printed nothing",
        )
    _note(host, parts, wanted)
    if cluster.is_guessed:
        cluster = _reached(host, cluster, parts.values, wanted.here)
    server = {
        **_server(host, parts.values, _unread_parts(parts), wanted.here),
        **(_files(host, system, cluster, parts.values, wanted) if wanted.here else _NO_FILES),
    }
    _compare_passwords(server["roles"], wanted, parts.values.get("verifiers"))
    if not server["database"]:
        return Database(cluster, server)
    found = psql.ask(host, system, cluster, wanted.database, _script_in_powa(wanted), variables, wanted.login)
    _note(host, found, wanted)
    datasources = found.values.get("datasources", {})
    _note_cut(host, datasources, wanted)
    if found.failure and not found.values:
        host.unseen.add("database " + wanted.database, found.failure)
    return Database(
        cluster,
        server,
        extensions=found.values.get("extensions", {}),
        monitoring=found.values.get("monitoring", {}),
        datasources={name: each["comment"] for name, each in datasources.items()},
        repository=_repository(found.values),
    )


def _reached(host: Host, cluster: Cluster, values: Mapping[str, Any], here: bool) -> Cluster:
    """Return the cluster of a server that no program lists, by what the server says of itself."""
    number = values["facts"]["version_num"]
    folder = (values.get("settings") or {}).get("data_directory", {}).get("value") or ""
    owner = owner_of(host, folder) if here else ""
    return replace(cluster, version=str(number // 10000), data_directory=folder, owner=owner)


def _script_in_powa(wanted: Wanted) -> List[str]:
    script = [psql.query("extensions", sql.EXTENSIONS)]
    # Without PoWA it returns no row, which psql calls an error and goes on.
    script += [sql.POWA.strip() + " \\gset\n", "\\if :{?powa_schema}\n", psql.query("monitoring", sql.MONITORING)]
    script.append(psql.query("datasources", host_repository.DATASOURCES))
    if wanted.repository:
        script.append(psql.query("rights", host_repository.RIGHTS))
        script += ["\\if :powa_has_servers\n", psql.query("servers", host_repository.SERVERS), "\\endif\n"]
        script += ["\\if :powa_has_roles\n", psql.query("powa_roles", host_repository.POWA_ROLES), "\\endif\n"]
    return [*script, "\\endif\n"]


def _unread_parts(parts: psql.Parts) -> Dict[str, str]:
    why = parts.failure or "psql printed nothing"
    return {name: parts.errors.get(name, why) for name in _IN_POSTGRES if name not in parts.values}


def _server(host: Host, values: Mapping[str, Any], unknown: Mapping[str, str], here: bool) -> Dict[str, Any]:
    settings = dict(values.get("settings") or {})
    settings.pop(_SEARCH_PATH, None)
    paths = {name: settings.pop(name, {}).get("value") for name in _PATHS}
    if "settings" in values and None in paths.values():
        host.unseen.add("the paths of the server's configuration files", _HIDDEN)
        unknown = dict(unknown, config_file=_HIDDEN)
    lines = hba_rules(values.get("hba", []), paths["hba_file"] or "")
    return dict(
        values["facts"],
        **paths,
        generated=read_generated(host, [paths["config_file"], paths["hba_file"]]) if here else {},
        unread=values.get("unread", False),
        available=values.get("available", {}),
        settings=settings,
        file_settings=values.get("file_settings", []),
        file_errors=values.get("file_errors", []),
        hba=with_quotes(lines, host.path) if here else lines,
        roles=values.get("roles", {}),
        unknown=dict(unknown),
    )


def _files(host: Host, system: System, cluster: Cluster, values: Mapping[str, Any], wanted: Wanted) -> Dict[str, Any]:
    """Return what decides the next start of the server, and that no view shows."""
    settings = values.get("settings") or {}
    config_file = settings.get("config_file", {}).get("value")
    includes = read_includes(host, config_file) if config_file else None
    folder = os.path.join(os.path.dirname(system.server_folder(cluster.version)), "lib")
    texts = [line.get("value") for line in values.get("file_settings", []) if line["name"] == SETTING]
    texts.append(settings.get(SETTING, {}).get("value"))
    search_path = settings.get(_SEARCH_PATH, {}).get("value", LIBDIR)
    # Without a line that the server has not taken, it has what a restart would bring.
    next_start = read_next_start(host, cluster, wanted.start_settings if values.get("file_errors") else ())
    return {
        "includes": None if includes is None else [asdict(include) for include in includes],
        "library_folder": folder,
        "libraries": read_libraries(host, folder, search_path, filter(None, texts)),
        "next_start": None if next_start is None else asdict(next_start),
    }


def _compare_passwords(roles: Dict[str, Any], wanted: Wanted, verifiers: Optional[Mapping[str, str]]) -> None:
    """Say of each role whether it has the password that it should have, or None if that is not known."""
    for name, role in roles.items():
        password, verifier = wanted.passwords.get(name), (verifiers or {}).get(name)
        role["password_as_expected"] = None
        if password is not None and verifiers is not None:
            same_kind = encryption_of(verifier) == wanted.encryption
            role["password_as_expected"] = same_kind and is_password(str(password), verifier, name)


def _repository(values: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """Return what is known of a repository, unless one of its parts is not."""
    if "rights" not in values or "servers" not in values:
        return None
    return dict(
        values["rights"],
        servers=values["servers"],
        powa_roles=values.get("powa_roles", {}),
    )


def _note(host: Host, parts: psql.Parts, wanted: Wanted) -> None:
    for name, message in parts.errors.items():
        what = _NAMES.get(name, name).format(database=wanted.database, monitoring=wanted.monitoring)
        host.unseen.add(what, message)
    if parts.failure and parts.values:
        host.unseen.add("a part of the server's state", parts.failure)


def _note_cut(host: Host, datasources: Mapping[str, Any], wanted: Wanted) -> None:
    for name, each in datasources.items():
        if each["characters"] > host_repository.MOST_OF_COMMENT:
            host.unseen.add(
                "the comment of function {0} in database {1}".format(name, wanted.database),
                "it has {0} characters, and only the first {1} are read".format(
                    each["characters"], host_repository.MOST_OF_COMMENT
                ),
            )
