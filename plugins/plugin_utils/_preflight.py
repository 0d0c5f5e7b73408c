# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a host before anything is changed, and what check mode skips there."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Set

from ansible_collections.pgfleet.powa.plugins.plugin_utils._announced import announced
from ansible_collections.pgfleet.powa.plugins.plugin_utils._archivist import plan_archivist
from ansible_collections.pgfleet.powa.plugins.plugin_utils._by_hand import (
    by_hand,
    markers_by_hand,
    unseen_parts,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._cluster_problems import cluster_problems
from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import powa_version
from ansible_collections.pgfleet.powa.plugins.plugin_utils._hba_check import host_hba_left, host_hba_problems
from ansible_collections.pgfleet.powa.plugins.plugin_utils._install_method import method_problems
from ansible_collections.pgfleet.powa.plugins.plugin_utils._inventory import GROUPS, REMOTES, REPOSITORIES, WEB
from ansible_collections.pgfleet.powa.plugins.plugin_utils._left_alone import left_roles
from ansible_collections.pgfleet.powa.plugins.plugin_utils._lost import one_line, unreachable
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import is_managed, manages
from ansible_collections.pgfleet.powa.plugins.plugin_utils._programs_by_hand import collector_by_hand, web_by_hand
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository import web_role_left
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import SEEN, Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._systems import DRIVER
from ansible_collections.pgfleet.powa.plugins.plugin_utils._tls import LOOPBACK, is_socket
from ansible_collections.pgfleet.powa.plugins.plugin_utils._tls_problems import client_problems, server_problems
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import Unevaluated

_FAMILIES = ("Debian", "RedHat")

#: How a Python that is too old fails: by Ansible's own check, by syntax that it does not know, or by a function that
#: its library lacks. The last names the folder of the library.
_OLD_PYTHON = re.compile(
    r"requires a minimum of Python version ([0-9.]+[0-9])|future feature annotations is not defined"
    r"|SyntaxError: invalid syntax"
    r"|/python(?:2\.[0-9]+|3\.[0-7])/"
)
#: What this collection needs. A newer Ansible may need more, and says how much.
_OLDEST_PYTHON = "3.8"
#: A message may hold the whole output of a program.
_LONGEST = 500


@dataclass(frozen=True)
class Check:
    """A host of a run, with what is read of it."""

    run: Run
    host: str

    @cached_property
    def variables(self) -> Mapping[str, Any]:
        """The host's variables."""
        return self.run.variables(self.host)

    @cached_property
    def seen(self) -> Dict[str, Any]:
        """What C(host_info) has returned, or nothing."""
        return self.run.seen(self.host)

    @cached_property
    def groups(self) -> Sequence[str]:
        """Which of the four groups the host is in."""
        return self.run.groups(self.host)

    @property
    def wrong(self) -> Set[str]:
        """The variables that have their default because what the user has set is wrong."""
        return set(self.run.fleet["hosts"][self.host].get("wrong", ()))

    @property
    def is_remote(self) -> bool:
        """Whether a collector collects from the host."""
        return REMOTES in self.groups

    @property
    def has_database(self) -> bool:
        """Whether the host has a database of PoWA."""
        return self.is_remote or REPOSITORIES in self.groups

    @property
    def repository(self) -> str:
        """The repository of the remote, or an empty text."""
        return str(self.run.fleet["remotes"].get(self.host, {}).get("repository", ""))

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the running server."""
        return dict((self.seen["server"] or {}).get("settings", {}))


def check_host(run: Run, host: str) -> Dict[str, List[str]]:
    """Return a host's C(problems) and what there is to say of it, one sentence each.

    C(skipped) has what check mode skips, and what the run leaves as it is. C(announced) has what check mode cannot show
    as a change, and the run brings. C(said) has both.
    """
    check = Check(run, host)
    problems = list(run.fleet["hosts"][host]["problems"]) + list(_problems(check))
    skipped = list(_skipped(check)) if run.check_mode and check.seen else []
    if check.seen:
        skipped += left_roles(run, host)
        skipped += unseen_parts(run, host) if check.has_database else []
        skipped += markers_by_hand(run, host) if check.has_database else []
        skipped += collector_by_hand(run, host) + web_by_hand(run, host)
        skipped += host_hba_left(run, host) if check.has_database else []
        skipped += web_role_left(run, host) if REPOSITORIES in check.groups else []
    brought = announced(run, host)
    return {
        "problems": list(dict.fromkeys(problems)),
        "skipped": list(dict.fromkeys(skipped)),
        "announced": brought,
        "said": list(dict.fromkeys(brought + skipped)),
    }


def _problems(check: Check) -> Iterator[str]:
    if not check.groups:
        yield "this host is in none of the groups {0}, {1}, {2} and {3}: put it into one of them".format(*GROUPS)
    elif not check.seen:
        yield _unread(check.run.result(check.host, SEEN))
    else:
        if check.seen["os"]["family"] not in _FAMILIES and not is_managed(check.variables):
            yield (
                "this host runs {0}, but the roles know package names for the Debian and RHEL families only:"
                " use a host of one of these".format(check.seen["os"]["name"])
            )
        elif check.has_database:
            yield from _database_problems(check)
        if WEB in check.groups:
            yield from _web_problems(check)
        yield from client_problems(check.run, check.host)


def _unread(result: Mapping[str, Any]) -> str:
    """Return why C(host_info) has no result."""
    if result.get("unreachable"):
        return unreachable(result)
    error = str(result.get("module_stderr") or result.get("exception") or "").strip()
    old = _OLD_PYTHON.search(error) or _OLD_PYTHON.search(str(result.get("msg", "")))
    if old:
        return (
            "the Python that Ansible uses there is older than {0}: install a newer one,"
            " and set ansible_python_interpreter to its path".format(old.group(1) or _OLDEST_PYTHON)
        )
    # Of a traceback, the last line says what is wrong.
    parts = [str(result.get("msg", "")), *error.splitlines()[-1:]]
    said = one_line(": ".join(filter(None, parts)))
    if len(said) > _LONGEST:
        said = said[: _LONGEST - 3] + "..."
    return "Ansible cannot read this host: {0}".format(said or "the module host_info returned nothing")


def _database_problems(check: Check) -> Iterator[str]:
    # The default of a wrong value says nothing of the cluster that the user means.
    if check.wrong.isdisjoint(("powa_port", "powa_postgresql_version")):
        yield from cluster_problems(check.variables, check.seen, check.run.check_mode)
        yield from by_hand(check.run, check.host)
        yield from plan_archivist(check.run, check.host).problems
    variables, seen = check.variables, check.seen
    by_package = not variables["powa_install_postgresql"] and not is_managed(variables)
    if not seen["version"] and not check.run.check_mode and by_package:
        yield "the roles cannot tell the major version of PostgreSQL: set powa_postgresql_version"
    writes = REPOSITORIES in check.groups or variables["powa_mode"] == "local"
    if (seen["server"] or {}).get("standby") and writes:
        yield (
            "this host is a standby, which is read-only, but PoWA writes to a repository:"
            " make its primary the repository"
        )
    if variables["powa_install_method"] == "source" and not variables["powa_source"]:
        yield (
            "powa_install_method is source, but powa_source is empty:"
            " set it to a tarball or to the URL of a Git repository"
        )
    if manages(variables):
        yield from method_problems(variables, seen)
    yield from _listen_problems(check)
    yield from host_hba_problems(check.run, check.host)
    yield from server_problems(check.run, check.host)
    own, theirs = powa_version(check.run, check.host), ""
    if check.repository in check.run.fleet["repositories"]:
        theirs = powa_version(check.run, check.repository)
    if own and theirs and own != theirs:
        yield (
            "this host has PoWA {0}, but its repository {1} has {2}: install the same major.minor version on both,"
            " because the collector refuses any other combination".format(own, check.repository, theirs)
        )


def _listen_problems(check: Check) -> Iterator[str]:
    """Return whether a collector, or powa-web here, that does not connect to localhost cannot reach this server."""
    address = check.variables["powa_host"]
    if check.variables["powa_listen_addresses"] or address in LOOPBACK or is_socket(address):
        return
    fleet = check.run.fleet
    clients = [
        "the collector on " + host
        for host, collector in fleet["collectors"].items()
        if collector["repository"] in {check.repository, check.host} - {""}
        and (host != check.host or collector["by_name"])
    ]
    web = fleet["web"].get(check.host)
    if web and web["by_name"] and check.host in web["repositories"]:
        clients.append("powa-web on " + check.host)
    setting = check.settings.get("listen_addresses", {}).get("value", "*")
    addresses = [address.strip() for address in setting.split(",")]
    if clients and all(address in ("", *LOOPBACK) for address in addresses):
        yield (
            "PostgreSQL listens only on {0}, so {1} cannot reach it:"
            ' set powa_listen_addresses, for example to "*"'.format(
                ", ".join(filter(None, addresses)) or "its Unix socket", " and ".join(clients)
            )
        )


def _web_problems(check: Check) -> Iterator[str]:
    yield from _web_version_problems(check)
    yield from _web_value_problems(check.variables)
    yield from _certificate_problems(check)
    variables = check.variables
    for repository in variables["powa_web_repositories"] if variables["powa_web_store_login"] else ():
        try:
            stored = check.run.password(repository, "powa_web_password")
        except Unevaluated as error:
            yield str(error)
            continue
        if not stored:
            yield (
                "powa_web_store_login is true, but {0} has no powa_web_password to store: set it,"
                " or set powa_web_store_login to false".format(repository)
            )


def _web_version_problems(check: Check) -> Iterator[str]:
    repositories = check.variables["powa_web_repositories"]
    wanted = check.variables["powa_web_version"]
    versions = defaultdict(list)
    for repository in repositories:
        version = powa_version(check.run, repository)
        if version:
            versions[version].append(repository)
    if len(versions) > 1:
        yield (
            "powa-web shows repositories of one version of PoWA only, but this host's have several ({0}):"
            " list repositories of one version in powa_web_repositories".format(
                "; ".join("{0} on {1}".format(version, ", ".join(hosts)) for version, hosts in versions.items())
            )
        )
    if wanted and not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", wanted):
        yield (
            "powa_web_version is {0}: set it to a full version, such as 5.0.2,"
            " or leave it empty for the newest that fits".format(wanted)
        )
    elif wanted and versions and wanted.rsplit(".", 1)[0] not in versions:
        yield (
            "powa_web_version is {0}, but PoWA on {1} is {2}: leave powa_web_version empty,"
            " or set it to the same major.minor version, because powa-web refuses all logins otherwise".format(
                wanted, ", ".join(repositories), list(versions)[0]
            )
        )


#: Variable -> what it must look like, and what to set it to.
_WEB_TEXTS = {
    "powa_web_venv": (
        re.compile(r"/[^/\s]+(/[^/\s]+)+"),
        "the absolute path of a folder that powa-web has to itself, such as /opt/powa-web",
    ),
    "powa_web_address": (
        re.compile(r"[0-9A-Za-z.-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"),
        "an address or a name of this host without a port, such as 127.0.0.1, and put the port into powa_web_port",
    ),
    "powa_web_url_prefix": (
        re.compile(r"/?([A-Za-z0-9._~-]+/?)*"),
        "a path of letters, digits and . _ ~ -, such as /powa/",
    ),
    "powa_web_server_name": (
        re.compile(r"[0-9A-Za-z.:_-]+"),
        "the one name that browsers ask for, such as powa.example.com",
    ),
}
#: Variable -> the least and the greatest number, and what to set it to.
_WEB_NUMBERS = {
    "powa_web_port": (1, 65535, "a number from 1 to 65535"),
    "powa_web_https_port": (1, 65535, "a number from 1 to 65535"),
    "powa_web_cookie_expires_days": (
        0,
        None,
        "a number of days, or to 0 for logins that end when the browser is closed",
    ),
    "powa_web_wait": (1, None, "a number of seconds, at least 1"),
}


def _web_value_problems(variables: Mapping[str, Any]) -> Iterator[str]:
    for name, (pattern, expected) in _WEB_TEXTS.items():
        if not pattern.fullmatch(variables[name]):
            yield "{0} is {1}: set it to {2}".format(name, variables[name], expected)
    for name, (least, greatest, expected) in _WEB_NUMBERS.items():
        if not _between(variables[name], least, greatest):
            yield "{0} is {1}: set it to {2}".format(name, variables[name], expected)
    if variables["powa_web_nginx"] and variables["powa_web_port"] == variables["powa_web_https_port"]:
        yield (
            "powa_web_port and powa_web_https_port are both {0}, but powa-web and nginx cannot share a port:"
            " change one of them".format(variables["powa_web_port"])
        )


def _between(number: int, least: int, greatest: Optional[int]) -> bool:
    return number >= least and (greatest is None or number <= greatest)


def _certificate_problems(check: Check) -> Iterator[str]:
    names = ("powa_web_tls_certificate", "powa_web_tls_key")
    files = {name: check.variables[name] for name in names}
    empty = [name for name, file in files.items() if not file]
    if len(empty) == 1:
        yield (
            "powa_web_tls_certificate and powa_web_tls_key belong together, but {0} is empty:"
            " set both, or neither for a self-signed certificate".format(empty[0])
        )
    for name, file in files.items() if check.variables["powa_web_nginx"] else ():
        if file and file not in check.seen["files"]:
            yield "{0} is {1}, but this host has no such file: copy it there first, or correct the path".format(
                name, file
            )


def _skipped(check: Check) -> Iterator[str]:
    seen, database = check.seen, check.variables["powa_database"]
    if check.has_database:
        if seen["cluster"] is None:
            yield "PostgreSQL is not installed yet, so check mode skips its settings, databases and roles"
        elif not seen["driver"]:
            yield "{0} is not installed yet, so check mode skips databases and roles".format(DRIVER)
        elif not (seen["server"] or {}).get("database"):
            yield "database {0} does not exist yet, so check mode skips its contents".format(database)
        elif "powa" not in seen["extensions"]:
            yield "PoWA is not installed in database {0} yet, so check mode skips servers and datasources".format(
                database
            )
        if not seen["version"]:
            yield (
                "check mode cannot tell which version of PostgreSQL would be installed"
                " (the package lists may be out of date), so it skips the packages"
            )
        if not powa_version(check.run, check.host):
            yield (
                "check mode cannot tell which version of PoWA would be installed,"
                " so it does not compare it with the repository's"
            )
    yield from seen["unseen"]
