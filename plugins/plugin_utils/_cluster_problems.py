# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why the roles cannot work on a host's cluster, or create one."""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from ansible_collections.pgfleet.powa.plugins.plugin_utils._login import login_name
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import is_managed, manages, why_not

#: The port of a cluster that a package creates.
_NEW_PORT = 5432


def cluster_problems(variables: Mapping[str, Any], seen: Mapping[str, Any], check_mode: bool) -> Iterator[str]:
    """Return why the roles cannot work on the cluster that a host's variables choose, or create it.

    :param seen: what C(host_info) has returned
    """
    if seen["cluster"] is None and seen["unread_clusters"]:
        yield "{0} (found: {1}){2}, or set powa_port and powa_postgresql_version".format(
            _missing(variables), _found(seen) or "none", _unread(seen)
        )
    elif seen["cluster"] is not None:
        if seen["os"]["family"] == "RedHat":
            yield from _pgdg_problems(variables, seen)
        yield from _login_problems(variables, seen)
    elif is_managed(variables):
        yield "{0} cannot log in to {1}, port {2}: {3}".format(
            login_name(variables),
            variables["powa_login_host"],
            variables["powa_login_port"],
            seen["server_error"] or "it does not answer",
        )
    elif variables["powa_install_postgresql"] and manages(variables):
        yield from _problems_of_new(variables, seen)
    else:
        yield from _problems_without_cluster(variables, seen, check_mode)


def _missing(variables: Mapping[str, Any]) -> str:
    version = variables["powa_postgresql_version"]
    return "no cluster{0} uses port {1}".format(" of version " + version if version else "", variables["powa_port"])


def _found(seen: Mapping[str, Any]) -> str:
    return ", ".join("{version}/{name} on port {port}".format(**cluster) for cluster in seen["clusters"])


def _unread(seen: Mapping[str, Any]) -> str:
    """Return the end of a sentence that names the clusters that nobody can read, or an empty text."""
    if not seen["unread_clusters"]:
        return ""
    return ", and PostgreSQL's tools cannot read {0}: correct that".format("; ".join(seen["unread_clusters"]))


def _login_problems(variables: Mapping[str, Any], seen: Mapping[str, Any]) -> Iterator[str]:
    """Return why Ansible cannot log in to a cluster, or sees too little there."""
    server = seen["server"]
    if server is None:
        # Another cluster with the same port may be the one that runs.
        yield "PostgreSQL {0} is installed, but {1} cannot log in to it on port {2}: {3}".format(
            seen["version"],
            login_name(variables),
            variables["powa_login_port"],
            seen["server_error"] or "it is not running" + _unread(seen),
        )
    elif server.get("unknown") and manages(variables):
        unknown = ", ".join("{0}: {1}".format(*part) for part in sorted(server["unknown"].items()))
        yield (
            "PostgreSQL {0} on port {1} does not show the user {2} what the roles go by ({3}):"
            " let that role be a superuser, or correct what is wrong, before anything is changed".format(
                seen["version"], variables["powa_port"], server["user"], unknown
            )
        )


def _problems_without_cluster(variables: Mapping[str, Any], seen: Mapping[str, Any], check_mode: bool) -> Iterator[str]:
    """Return that a host lacks the cluster, where the roles do not install PostgreSQL."""
    if seen["installed"]:
        yield "PostgreSQL {0} is installed, but {1} (found: {2}): set powa_port and powa_postgresql_version".format(
            " ".join(seen["installed"]), _missing(variables), _found(seen) or "none"
        )
    # An earlier play of the same run may install it. Check mode reports what it skips.
    elif not check_mode:
        yield (
            "PostgreSQL is not installed: install it, or set powa_install_postgresql to true"
            if manages(variables)
            else "PostgreSQL is not installed, and {0}: install it".format(why_not(variables))
        )


def _problems_of_new(variables: Mapping[str, Any], seen: Mapping[str, Any]) -> Iterator[str]:
    """Return why the roles cannot install PostgreSQL with a cluster that has the port."""
    version, is_red_hat = variables["powa_postgresql_version"], seen["os"]["family"] == "RedHat"
    if seen["clusters"]:
        yield (
            "{0} (found: {1}), and the roles do not create a second cluster:"
            " set powa_port and powa_postgresql_version".format(_missing(variables), _found(seen))
        )
    elif is_red_hat and not version:
        yield (
            "powa_postgresql_version is empty, but the names of PGDG's packages have the version in them:"
            ' set it to the major version to install, such as "17"'
        )
    elif is_red_hat and seen["installed"]:
        yield (
            "PostgreSQL {0} is installed, but no cluster is found in the data directories of its units or in"
            " /var/lib/pgsql, and the roles do not create one beside a cluster that may be elsewhere: mount its data"
            " directory, make a unit whose name begins with postgresql for it, or create a cluster with"
            " /usr/pgsql-{1}/bin/postgresql-{1}-setup initdb".format(" ".join(seen["installed"]), version)
        )
    elif variables["powa_port"] != _NEW_PORT:
        yield "powa_port is {0}, but a new PostgreSQL cluster listens on port {1}: set powa_port to {1}".format(
            variables["powa_port"], _NEW_PORT
        )


def _pgdg_problems(variables: Mapping[str, Any], seen: Mapping[str, Any]) -> Iterator[str]:
    """Return why the roles cannot work on a cluster of the RHEL family."""
    cluster = seen["cluster"]
    if cluster["version"] not in seen["installed"]:
        yield (
            "the cluster in {data_directory} has PostgreSQL {version}, but /usr/pgsql-{version}/bin is not there, and"
            " the roles know PGDG's packages only: choose a cluster of these with powa_port".format(**cluster)
        )
    elif not cluster["unit"] and not variables["powa_restart_command"]:
        yield (
            "no unit of systemd that runs only the cluster in {data_directory} is known, so the roles could not restart"
            " it: start it by a unit whose name begins with postgresql and that has this folder as its PGDATA, or set"
            " powa_restart_command".format(**cluster)
        )
