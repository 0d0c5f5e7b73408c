# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host's server has: settings and their files, pg_hba rules, roles, extensions, the rights on a repository."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host import psql
from ansible_collections.pgfleet.powa.plugins.module_utils._host.clusters import Cluster
from ansible_collections.pgfleet.powa.plugins.module_utils._host.hba import hba_rules
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import System
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import host as sql
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import host_repository
from ansible_collections.pgfleet.powa.plugins.module_utils._verifier import SCRAM, encryption_of, is_password

_IN_POSTGRES = {
    "facts": sql.FACTS,
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
    "datasources": "the datasources that are declared on the repository",
    "powa_roles": "the roles of PoWA",
}
_PATHS = ("config_file", "hba_file", "data_directory")
#: What PostgreSQL says of a setting that a role may not see, where it does not leave it out.
_HIDDEN = "permission denied to examine them"


@dataclass(frozen=True)
class Wanted:
    """What to ask a server for.

    :param database: PoWA's
    :param roles: those of the monitoring, the collector's, and powa-web's role that have a name
    :param monitoring: the monitoring role, or an empty text
    :param repository: whether to read the registry and the rights on it
    :param passwords: role -> the password that it should have
    :param encryption: how PostgreSQL should store these
    """

    database: str
    roles: Sequence[str]
    monitoring: str
    repository: bool
    passwords: Mapping[str, str] = field(default_factory=dict)
    encryption: str = SCRAM


@dataclass(frozen=True)
class Database:
    """What a server has; the members are those of the module's result."""

    server: Optional[Dict[str, Any]] = None
    server_error: Optional[str] = None
    extensions: Dict[str, Any] = field(default_factory=dict)
    monitoring: Dict[str, Any] = field(default_factory=dict)
    repository: Optional[Dict[str, Any]] = None


def read_database(host: Host, system: System, cluster: Cluster, wanted: Wanted) -> Database:
    """Ask the server of a cluster, and PoWA's database if it exists: two sessions at most."""
    variables = {"database": wanted.database, "roles": json.dumps(list(wanted.roles)), "monitoring": wanted.monitoring}
    script = [psql.query(name, text) for name, text in _IN_POSTGRES.items()]
    if wanted.passwords:
        script.append(psql.query("verifiers", sql.VERIFIERS))
    parts = psql.ask(host, system, cluster, "postgres", script, variables)
    if "facts" not in parts.values:
        return Database(server_error=parts.failure or parts.errors.get("facts") or "psql printed nothing")
    _note(host, parts, wanted)
    server = _server(host, parts.values, _unread_parts(parts))
    _compare_passwords(server["roles"], wanted, parts.values.get("verifiers"))
    if not server["database"]:
        return Database(server)
    found = psql.ask(host, system, cluster, wanted.database, _script_in_powa(wanted), variables)
    _note(host, found, wanted)
    if found.failure and not found.values:
        host.unseen.add("database " + wanted.database, found.failure)
    return Database(
        server,
        extensions=found.values.get("extensions", {}),
        monitoring=found.values.get("monitoring", {}),
        repository=_repository(found.values),
    )


def _script_in_powa(wanted: Wanted) -> List[str]:
    script = [psql.query("extensions", sql.EXTENSIONS)]
    # Without PoWA it returns no row, which psql calls an error and goes on.
    script += [sql.POWA.strip() + " \\gset\n", "\\if :{?powa_schema}\n", psql.query("monitoring", sql.MONITORING)]
    if wanted.repository:
        script += [psql.query("rights", host_repository.RIGHTS), psql.query("datasources", host_repository.DATASOURCES)]
        script += ["\\if :powa_has_servers\n", psql.query("servers", host_repository.SERVERS), "\\endif\n"]
        script += ["\\if :powa_has_roles\n", psql.query("powa_roles", host_repository.POWA_ROLES), "\\endif\n"]
    return [*script, "\\endif\n"]


def _unread_parts(parts: psql.Parts) -> Dict[str, str]:
    why = parts.failure or "psql printed nothing"
    return {name: parts.errors.get(name, why) for name in _IN_POSTGRES if name not in parts.values}


def _server(host: Host, values: Mapping[str, Any], unknown: Mapping[str, str]) -> Dict[str, Any]:
    settings = dict(values.get("settings") or {})
    paths = {name: settings.pop(name, {}).get("value") for name in _PATHS}
    if "settings" in values and None in paths.values():
        host.unseen.add("the paths of the server's configuration files", _HIDDEN)
        unknown = dict(unknown, config_file=_HIDDEN)
    return dict(
        values["facts"],
        **paths,
        unread=values.get("unread", False),
        settings=settings,
        file_settings=values.get("file_settings", []),
        file_errors=values.get("file_errors", []),
        hba=hba_rules(values.get("hba", []), paths["hba_file"] or ""),
        roles=values.get("roles", {}),
        unknown=dict(unknown),
    )


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
        datasources=values.get("datasources", {}),
    )


def _note(host: Host, parts: psql.Parts, wanted: Wanted) -> None:
    for name, message in parts.errors.items():
        what = _NAMES.get(name, name).format(database=wanted.database, monitoring=wanted.monitoring)
        host.unseen.add(what, message)
    if parts.failure and parts.values:
        host.unseen.add("a part of the server's state", parts.failure)
