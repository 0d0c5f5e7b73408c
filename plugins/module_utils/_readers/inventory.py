# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers of a repository as hosts of an inventory: what is read, their names, their variables and their groups."""

from __future__ import annotations

from collections import Counter
from typing import Any, Callable, Collection, Dict, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core import advice, driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import connected, first_line
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.catalog import read_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.detect import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import NEVER
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import read_active, read_extensions
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import inventory as texts

#: What a host may be called, by the name of the choice.
HOSTNAMES: Dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "alias": lambda server: server["alias"],
    "hostname": lambda server: server["hostname"],
    "hostname_port": lambda server: "{hostname}_{port}".format(**server),
}


#: Ansible's own groups, its names for the controller, which has no entry in an inventory, and the groups of the roles.
_TAKEN = frozenset(
    "all ungrouped localhost 127.0.0.1 ::1 powa_repositories powa_remotes powa_collectors powa_web".split()
)
#: How the groups of C(host_groups) begin.
_OUR_GROUPS = ("powa_repository_", "powa_version_", "powa_extension_", "powa_state_")


def read_fleet(params: Mapping[str, Any]) -> Dict[str, Any]:
    """Read a repository in a fixed number of statements, and return what JSON can hold.

    :param params: the login options
    :return: C(repository), a name for it; C(version) of its PoWA; C(servers)
    :raises PowaError: when it cannot be read
    """
    try:
        with connected(params, read_only=True) as connection, connection.reading() as cursor:
            archivist = detect_archivist(cursor)
            return {
                "repository": _repository_name(connection.raw.info),
                "version": archivist.version_text,
                "servers": _read_servers(cursor, archivist),
            }
    except driver.psycopg2.Error as error:
        if error.pgcode == driver.errorcodes.INSUFFICIENT_PRIVILEGE:
            what_helps = "log in as a role that may read PoWA's tables"
        else:
            what_helps = advice.of_statement(error.pgcode or "") or (
                "try again, and look into PostgreSQL's log if it fails again"
            )
        raise PowaError(
            'the servers of database "{0}" cannot be read as {1} ({2}): {3}'.format(
                params["login_db"], params.get("session_role") or params["login_user"], first_line(error), what_helps
            )
        ) from error


def _repository_name(info: Any) -> str:
    """Return a name that tells one repository from another, without a port or database that is the usual one."""
    parts = ["local" if info.host.startswith("/") else info.host]
    parts += [str(info.port)] if info.port != 5432 else []
    parts += [info.dbname] if info.dbname != "powa" else []
    return "_".join(parts)


def _read_servers(cursor: Any, archivist: Archivist) -> List[Dict[str, Any]]:
    schema = identifier(archivist.schema)
    cursor.execute(texts.WRITE_INTERVALS_IN_WORDS)
    cursor.execute(compose(texts.SERVERS, schema=schema))
    columns = [column.name for column in cursor.description]
    servers = {row[0]: dict(zip(columns, row), powa_version=None) for row in cursor.fetchall()}
    extensions = read_extensions(cursor, archivist)
    definitions = read_definitions(cursor, archivist).of_history()
    datasources = read_active(cursor, archivist, list(definitions.values()))
    for srvid, server in servers.items():
        server["extensions"] = dict.fromkeys(sorted(extensions.active(srvid)))
        server["datasources"] = sorted(datasources.active(srvid))

    cursor.execute(compose(archivist.extension_versions, schema=schema))
    for srvid, name, version in cursor.fetchall():
        if name == "powa":
            servers[srvid]["powa_version"] = version
        elif name in servers[srvid]["extensions"]:
            servers[srvid]["extensions"][name] = version
    return list(servers.values())


def is_taken(name: str) -> bool:
    """Whether Ansible, the roles or the plugin mean something else by a name than a host that the plugin makes."""
    return name in _TAKEN or name.startswith(_OUR_GROUPS)


def name_hosts(
    servers: Sequence[Mapping[str, Any]], preferences: Sequence[str], groups: Collection[str] = ()
) -> Dict[str, Mapping[str, Any]]:
    """Give each server the first name of its preferences that no other server and no group has.

    :param preferences: keys of C(HOSTNAMES), the first one first
    :param groups: names of other groups
    :raises PowaError: when servers would have the same name, or none
    """
    candidates = {
        server["srvid"]: [
            name
            for name in (HOSTNAMES[preference](server) for preference in preferences)
            if name and not is_taken(name) and name not in groups
        ]
        for server in servers
    }
    # A name that another server could have would be taken for that one.
    holders = Counter(name for names in candidates.values() for name in set(names))
    own = {srvid: [name for name in names if holders[name] == 1] for srvid, names in candidates.items()}
    nameless = [server for server in servers if not own[server["srvid"]]]
    if nameless:
        raise PowaError(
            "hostnames: {0} of {1} servers, such as {2}, get no name of their own from {3}:"
            " add hostname_port to the list, which is different for every server".format(
                len(nameless),
                len(servers),
                "{hostname}:{port}".format(**nameless[0]),
                ", ".join(preferences),
            )
        )
    return {own[server["srvid"]][0]: server for server in servers}


def host_variables(server: Mapping[str, Any], fleet: Mapping[str, Any], repository: str) -> Dict[str, Any]:
    """Return the variables of a host. Those that the roles read mean the same there."""
    variables = {
        "powa_host": server["hostname"],
        "powa_port": server["port"],
        "powa_alias": server["alias"] or "",
        "powa_database": server["dbname"],
        "powa_monitoring_role": server["username"],
        "powa_frequency": server["frequency"],
        "powa_coalesce": server["coalesce"],
        "powa_retention": server["retention"],
        "powa_allow_ui_connection": server["allow_ui_connection"],
        "powa_stats_extensions": list(server["extensions"]),
        "powa_srvid": server["srvid"],
        "powa_version": server["powa_version"],
        "powa_server_enabled": is_enabled(server),
        "powa_server_postgresql_version": server["postgresql_version"],
        "powa_server_extensions": dict(server["extensions"]),
        "powa_server_datasources": list(server["datasources"]),
        "powa_server_last_snapshot": server["last_snapshot"],
        "powa_server_errors": list(server["errors"]),
        "powa_server_repository": repository,
        "powa_server_repository_version": fleet["version"],
    }
    # Ansible cannot connect to the directory of a socket.
    if not server["hostname"].startswith("/"):
        variables["ansible_host"] = server["hostname"]
    return variables


def host_groups(server: Mapping[str, Any], fleet: Mapping[str, Any], repository: str) -> List[str]:
    """Return the groups of a host, perhaps with characters that Ansible does not allow in a group's name."""
    # The collector takes no snapshot of a server with another major.minor than the repository's.
    version = (server["powa_version"] or fleet["version"]).split(".")[:2]
    groups = [repository_group(repository), "powa_version_" + ".".join(version)]
    groups += ["powa_extension_" + name for name in server["extensions"]]
    groups.append("powa_state_enabled" if is_enabled(server) else "powa_state_disabled")
    return groups


def repository_group(repository: str) -> str:
    """Return the group of all hosts of a repository."""
    return "powa_repository_" + repository


def is_about_one_repository(group: str) -> bool:
    """Whether a group is one of C(host_groups) that says what a host is to a single repository."""
    return group.startswith(("powa_version_", "powa_extension_", "powa_state_"))


def is_enabled(server: Mapping[str, Any]) -> bool:
    """Whether the collector takes snapshots of a server."""
    return bool(server["frequency"] != NEVER)
