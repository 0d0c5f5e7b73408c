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
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored_definitions import read_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.detect import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import NEVER
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import (
    SERVER_NUMBERS,
    SERVERS,
    SNAPSHOTS,
    Table,
    Visible,
    read_visible,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import Active, read_active, read_extensions
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


#: What is known of a server before the statements that need further rights.
_UNKNOWN: Mapping[str, Any] = {"powa_version": None, "last_snapshot": None, "errors": ()}
#: The variables of a host that its active extensions decide.
_OF_EXTENSIONS = ("powa_stats_extensions", "powa_server_extensions")
#: Those that the role may not see.
_PARTS = (
    *_OF_EXTENSIONS,
    "powa_version",
    "powa_server_datasources",
    "powa_server_last_snapshot",
    "powa_server_errors",
)


def read_fleet(params: Mapping[str, Any]) -> Dict[str, Any]:
    """Read a repository in a fixed number of statements, and return what JSON can hold.

    :param params: the login options
    :return: C(repository), a name for it; C(version) of its PoWA; C(servers); C(not_visible), the variables of hosts
        that the role does not see, with the rights that it lacks
    :raises PowaError: when it cannot be read
    """
    try:
        with connected(params, read_only=True) as connection:
            return connection.read(lambda cursor: _read(cursor, params, connection.raw.info))
    except driver.psycopg2.Error as error:
        if error.pgcode == driver.errorcodes.INSUFFICIENT_PRIVILEGE:
            what_helps = "log in as a role that may read PoWA's tables"
        else:
            what_helps = advice.of_statement(error.pgcode or "") or (
                "try again, and look into PostgreSQL's log if it fails again"
            )
        raise PowaError(
            'the servers of database "{0}" cannot be read as {1} ({2}): {3}'.format(
                params["login_db"], _role(params), first_line(error), what_helps
            )
        ) from error


def _read(cursor: Any, params: Mapping[str, Any], info: Any) -> Dict[str, Any]:
    visible = read_visible(cursor)
    archivist = detect_archivist(cursor, visible)
    lacking = visible.lacking([SERVERS])
    if lacking:
        raise PowaError(_UNSEEN.format(params["login_db"], _role(params), ", ".join(lacking)))
    return {
        "repository": _repository_name(info),
        "version": archivist.version_text,
        "servers": _read_servers(cursor, archivist, visible),
        "not_visible": [entry for entry in visible.returned() if entry["part"] in _PARTS],
    }


_UNSEEN = (
    'the servers of database "{0}" are not visible to {1}, which lacks {2}: grant it, or log in as a role that has it'
    " (variable powa_reader_role of role pgfleet.powa.repository makes one)"
)


def _role(params: Mapping[str, Any]) -> Any:
    return params.get("session_role") or params["login_user"]


def _repository_name(info: Any) -> str:
    """Return a name that tells one repository from another, without a port or database that is the usual one."""
    parts = ["local" if info.host.startswith("/") else info.host]
    parts += [str(info.port)] if info.port != 5432 else []
    parts += [info.dbname] if info.dbname != "powa" else []
    return "_".join(parts)


def _read_servers(cursor: Any, archivist: Archivist, visible: Visible) -> List[Dict[str, Any]]:
    """Return the servers. What the role may not read of them is empty, and noted."""
    schema = identifier(archivist.schema)
    cursor.execute(texts.WRITE_INTERVALS_IN_WORDS)
    cursor.execute(compose(texts.SERVERS, schema=schema))
    columns = [column.name for column in cursor.description]
    servers = {row[0]: dict(zip(columns, row), **_UNKNOWN) for row in cursor.fetchall()}
    extensions = datasources = Active(())
    if visible.sees(_OF_EXTENSIONS, [SERVER_NUMBERS, *map(Table, archivist.tables_of_extensions)]):
        extensions = read_extensions(cursor, archivist)
    definitions = read_definitions(cursor, archivist).of_history()
    if visible.sees(["powa_server_datasources"], list(map(Table, archivist.tables_of_datasources))):
        datasources = read_active(cursor, archivist, list(definitions.values()))
    for srvid, server in servers.items():
        server["extensions"] = dict.fromkeys(sorted(extensions.active(srvid)))
        server["datasources"] = sorted(datasources.active(srvid))
    if visible.sees(["powa_server_last_snapshot", "powa_server_errors"], [SNAPSHOTS]):
        cursor.execute(compose(texts.SNAPSHOTS, schema=schema))
        for srvid, last, errors in cursor.fetchall():
            if srvid in servers:
                servers[srvid].update(last_snapshot=last, errors=errors)
    if visible.sees(["powa_version", "powa_server_extensions"], list(map(Table, archivist.tables_of_versions))):
        _add_versions(cursor, archivist, servers)
    return list(servers.values())


def _add_versions(cursor: Any, archivist: Archivist, servers: Mapping[int, Dict[str, Any]]) -> None:
    cursor.execute(compose(archivist.extension_versions, schema=identifier(archivist.schema)))
    for srvid, name, version in cursor.fetchall():
        if name == "powa":
            servers[srvid]["powa_version"] = version
        elif name in servers[srvid]["extensions"]:
            servers[srvid]["extensions"][name] = version


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
        "powa_server_not_visible": hidden_variables(fleet),
    }
    # The roles would take an empty list for what the user wants.
    if "powa_stats_extensions" in variables["powa_server_not_visible"]:
        del variables["powa_stats_extensions"]
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


def hidden_variables(fleet: Mapping[str, Any]) -> List[str]:
    """Return the variables of hosts that the role could not see."""
    return [entry["part"] for entry in fleet.get("not_visible") or ()]


def repository_group(repository: str) -> str:
    """Return the group of all hosts of a repository."""
    return "powa_repository_" + repository


def is_about_one_repository(group: str) -> bool:
    """Whether a group is one of C(host_groups) that says what a host is to a single repository."""
    return group.startswith(("powa_version_", "powa_extension_", "powa_state_"))


def is_enabled(server: Mapping[str, Any]) -> bool:
    """Whether the collector takes snapshots of a server."""
    return bool(server["frequency"] != NEVER)
