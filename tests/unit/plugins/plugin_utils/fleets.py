# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fleets for the tests of what the roles remote and repository do: what the inventory declares, and what was found."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

DEFAULTS = {
    "powa_mode": "remote",
    "powa_port": 5432,
    "powa_login_user": "postgres",
    "powa_login_host": "",
    "powa_login_port": 5432,
    "powa_login_unix_socket": "",
    "powa_become": True,
    "powa_manage_host": True,
    "powa_managed": False,
    "powa_become_user": "postgres",
    "powa_database": "powa",
    "powa_monitoring_role": "powa_monitor",
    "powa_collector_role": "powa_collector",
    "powa_web_role": "powa_web",
    "powa_reader_role": "powa_reader",
    "powa_hba_method": "scram-sha-256",
    "powa_hba_contype": "host",
    "powa_hba_position": "last",
    "powa_password_encryption": "scram-sha-256",
    "powa_stats_extensions": ["pg_qualstats"],
    "powa_marker_extensions": True,
    "powa_skip_refused": False,
    "powa_store_passwords": False,
    "powa_servers_exact": False,
    "powa_servers_exact_max": "10%",
    "powa_web_rights_exact": False,
    "powa_roles_to_demote": [],
    "powa_install_method": "package",
    "powa_datasources": [],
}
LOGIN = {
    "login": True,
    "superuser": False,
    "createdb": False,
    "createrole": False,
    "replication": False,
    "bypassrls": False,
    "member_of": [],
}


#: A package brings an extension that is called as the datasource locks, so that one needs no marker.
FOLDER = {
    "path": "/usr/share/postgresql/15/extension",
    "writable": True,
    "controls": ["locks"],
    "markers": {},
    "powa": "",
}


def host(repository=None, address="10.0.0.1", groups=(), **variables):
    """A host of the fleet: a remote, if it has a repository."""
    return {"repository": repository, "address": address, "groups": list(groups), "variables": variables}


def fleet(hosts, collectors=(), web=(), outside=(), run=None):
    """The fleet of these hosts.

    :param collectors: host, repository and address of each
    :param web: host, repositories, address and whether it has remote access, of each
    """
    run = list(hosts) if run is None else list(run)
    others = {name: host(None, address, ["powa_collectors"]) for name, _repository, address in collectors}
    hosts = {**others, **hosts}
    variables = {
        name: {**DEFAULTS, "powa_alias": name, "powa_host": each["address"], **each["variables"]}
        for name, each in hosts.items()
    }
    return {
        "hosts": {
            name: {"groups": each["groups"], "variables": variables[name], "problems": []}
            for name, each in hosts.items()
        },
        "repositories": [name for name, each in hosts.items() if "powa_repositories" in each["groups"]],
        "remotes": {
            name: {
                "repository": each["repository"],
                "server": {
                    "hostname": each["address"],
                    "port": variables[name]["powa_port"],
                    "alias": variables[name]["powa_alias"],
                    "username": "powa_monitor",
                },
            }
            for name, each in hosts.items()
            if each["repository"] is not None
        },
        "collectors": {name: {"repository": where, "address": address} for name, where, address in collectors},
        "web": {
            name: {"repositories": shown, "address": address, "remote_access": access}
            for name, shown, address, access in web
        },
        "run": run,
        "outside": list(outside),
        "slice": "",
        "problems": [],
    }


def seen(version="5.0.2", roles=None, hba=(), **changes):
    """What a host with PoWA has."""
    return {
        "os": {"name": "Debian GNU/Linux 12 (bookworm)", "family": "Debian"},
        "version": "15",
        "cluster": {"version": "15", "name": "main", "port": 5432, "running": True, "unit": "postgresql@15-main"},
        "packages": {},
        "driver": True,
        "extension_folder": FOLDER,
        "server": {
            "version_num": 150006,
            "hba_file": "/etc/postgresql/15/main/pg_hba.conf",
            "generated": {},
            "standby": False,
            "unread": False,
            "hba": list(hba),
            "roles": roles or {},
            "database": True,
        },
        "extensions": {
            "powa": {"version": version, "schema": "public", "comment": None},
            "pg_qualstats": {"version": "2.1.1", "schema": "public", "comment": None},
        },
        "monitoring": {},
        "repository": None,
        "client_addresses": {},
        **changes,
    }


def bare():
    """What a host without PostgreSQL has."""
    return seen(cluster=None, driver=False, server=None, extensions={}, extension_folder=None)


def line(user, address, netmask=None, database="powa", method="scram-sha-256", **changes):
    """A line of pg_hba.conf, as the server shows it."""
    return {
        "file": "/etc/postgresql/15/main/pg_hba.conf",
        "line": 1,
        "type": "host",
        "databases": [database],
        "users": [user],
        "address": address,
        "netmask": netmask,
        "method": method,
        "options": [],
        "error": None,
        **changes,
    }


def run(declared, found=None, lost=(), check_mode=False, **registered):
    """A run: what was found on each host, and what its tasks have registered."""
    hostvars = {name: dict(registered.get(name, {})) for name in declared["hosts"]}
    for name, facts in (found or {}).items():
        hostvars[name]["__common_seen"] = facts
    return Run(declared, hostvars, list(lost), check_mode)
