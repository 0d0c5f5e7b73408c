# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this run does to the host of a collector."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Dict, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._files import changed_files, has_password_file
from ansible_collections.pgfleet.powa.plugins.plugin_utils._kept_passwords import kept_remotes
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import manages
from ansible_collections.pgfleet.powa.plugins.plugin_utils._paths import (
    COLLECTOR_CONF,
    COLLECTOR_DROP_IN,
    COLLECTOR_PASSWORDS,
    COLLECTOR_UNIT,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._pgpass import ANY
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rendered import MANAGED, file, folder, render_file
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._systems import COLLECTOR, DRIVER, system_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._tls import COLLECTOR_CLIENT, sums_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._unlisted import keeps_unlisted

USER = "powa"
SERVICE = "powa-collector"

#: What pip needs besides a virtual environment.
_BUILD = "python3-packaging"


@dataclass(frozen=True)
class Repository:
    """Where the collector connects to.

    :param name: of the host in the inventory
    :param host: a name or address, or the folder of a socket
    """

    name: str
    host: str
    port: int
    database: str
    role: str


@dataclass(frozen=True)
class CollectorPlan:
    """What this run does to the host of a collector. It holds no passwords.

    :param install: whether the package, or what pip installs, is missing
    :param packages: those of the distribution
    :param installable: whether check mode can tell what the packages would change
    :param refresh: whether the lists of packages are to be read again before
    :param requirement: what pip installs, or an empty text
    :param own_user: whether the role makes the collector's user, because the package makes none
    :param has_user: whether files can be given to the collector's user, and pip can run; check mode makes neither so
    :param has_unit: whether there is a unit to start: check mode creates none
    :param files: the files of the collector and its unit
    :param restart: whether the running collector would not notice what the repository's tasks have changed
    :param tell: whether the repository has PoWA, over which the collector is told of new servers
    :param keeps_passwords: whether the present file may have passwords of remotes that stay there
    :param manages: whether anything may be done to the host
    :param todo: whether anything but telling the collector of new servers is to be done
    """

    repository: Repository
    install: bool
    packages: List[str]
    installable: bool
    refresh: bool
    requirement: str
    own_user: bool
    has_user: bool
    has_unit: bool
    files: List[Dict[str, Any]]
    restart: bool
    tell: bool
    keeps_passwords: bool
    manages: bool
    todo: bool


def collector_plan(run: Run, host: str, managed: str = MANAGED) -> Dict[str, Any]:
    """Return what this run does to the host of a collector.

    :param managed: what the first line of a file says
    """
    variables, seen = run.variables(host), run.seen(host)
    pip = variables["powa_collector_install_method"] == "pip"
    repository = repository_of(run, host)
    packages = _packages(seen, pip)
    missing = [name for name in packages if not _installed(seen, name)]
    has_user = USER in seen.get("users", ())
    install = not has_user or bool(missing) or (pip and not _pip_installed(seen, variables))
    unit = seen.get("units", {}).get(SERVICE, {})
    # PGDG's package makes no user, and its unit names none.
    pgdg = not pip and seen.get("os", {}).get("family") == "RedHat"
    files = _files(repository, variables, seen, managed, USER if pgdg else "")
    restart = run.result(repository.name, "__repository_registered").get("collector_action") == "restart"
    return asdict(
        CollectorPlan(
            repository=repository,
            install=install,
            packages=packages,
            installable=not run.check_mode or _known(seen, missing),
            refresh=bool(missing) or not has_user,
            requirement=_requirement(variables) if pip else "",
            own_user=(pip or pgdg) and not has_user,
            has_user=(has_user and not (pip and missing)) or not run.check_mode,
            has_unit=bool(unit.get("exists")) or not run.check_mode,
            files=files,
            restart=restart,
            tell=not run.check_mode or "powa" in run.seen(repository.name).get("extensions", {}),
            keeps_passwords=bool(kept_remotes(run)) or keeps_unlisted(run, collector_repositories(run, host)),
            manages=manages(variables),
            todo=manages(variables)
            and (
                install
                or restart
                or (unit.get("enabled"), unit.get("active")) != ("enabled", "active")
                or bool(changed_files(seen.get("files", {}), [file for file in files if file["state"] == "present"]))
                or not has_password_file(seen, COLLECTOR_PASSWORDS, USER)
            ),
        )
    )


def repository_of(run: Run, host: str) -> Repository:
    """Return where the collector of a host connects to."""
    name = run.fleet["collectors"][host]["repository"]
    theirs = run.variables(name)
    own = run.variables(host)
    return Repository(
        name=name,
        host=COLLECTOR_CLIENT.address(own, theirs["powa_host"], name == host),
        port=theirs["powa_port"],
        database=theirs["powa_database"],
        role=theirs["powa_collector_role"],
    )


def collector_repositories(run: Run, host: str) -> List[str]:
    """Return the repository whose servers a collector logs in to, as a list."""
    return [str(run.fleet["collectors"][host]["repository"])]


def collector_passwords(run: Run, host: str) -> List[Dict[str, Any]]:
    """Return the logins whose passwords the collector's file holds.

    They are that to the repository and, unless the repository stores them, those to its remotes.
    """
    repository = repository_of(run, host)
    password = run.password(repository.name, "powa_collector_password")
    logins = [
        {
            "host": repository.host,
            "port": repository.port,
            "database": repository.database,
            "user": repository.role,
            "password": password,
        }
    ]
    if not run.variables(host)["powa_store_passwords"]:
        logins += remote_logins(run, [repository.name])
    return [login for login in logins if login["password"]]


def remote_logins(run: Run, repositories: Sequence[str], web: bool = False) -> List[Dict[str, Any]]:
    """Return the logins to the remotes of repositories, those without a password among them.

    :param web: whether only those remotes count that powa-web may connect to
    """
    return [
        {
            "host": remote["server"]["hostname"],
            "port": remote["server"]["port"],
            "database": ANY,
            "user": remote["server"]["username"],
            "password": run.password(host, "powa_monitoring_password"),
        }
        for host, remote in run.fleet["remotes"].items()
        if remote["repository"] in repositories and (not web or remote["server"].get("allow_ui_connection", True))
    ]


def _packages(seen: Mapping[str, Any], pip: bool) -> List[str]:
    system = system_of(seen) if seen else None
    if not pip or system is None:
        return [COLLECTOR]
    return [system.venv, DRIVER, _BUILD]


def _installed(seen: Mapping[str, Any], package: str) -> bool:
    return bool((seen.get("packages", {}).get(package) or {}).get("installed"))


def _known(seen: Mapping[str, Any], packages: Sequence[str]) -> bool:
    """Whether the distribution has packages: apt fails in check mode for one that its lists lack."""
    family = seen.get("os", {}).get("family")
    known = seen.get("packages", {})
    return family != "Debian" or all((known.get(package) or {}).get("candidate") for package in packages)


def _pip_installed(seen: Mapping[str, Any], variables: Mapping[str, Any]) -> bool:
    environment = seen.get("virtualenvs", {}).get(variables["powa_collector_venv"]) or {}
    installed = pip_version(environment, COLLECTOR)
    wanted = variables["powa_collector_pip_version"]
    return not environment.get("stale") and bool(installed) and wanted in ("", installed)


def pip_version(environment: Mapping[str, Any], name: str) -> str:
    """Return the version of what pip has installed into a virtual environment, or an empty text."""
    packages = {key.lower().replace("_", "-"): version for key, version in environment.get("packages", {}).items()}
    return packages.get(name) or ""


def _requirement(variables: Mapping[str, Any]) -> str:
    version = variables["powa_collector_pip_version"]
    return COLLECTOR + ("==" + version if version else "")


def _files(
    repository: Repository, variables: Mapping[str, Any], seen: Mapping[str, Any], managed: str, user: str
) -> List[Dict[str, Any]]:
    """Return the files.

    :param user: who runs the collector of a package whose unit says nothing of it, or an empty text
    """
    drop_in = render_file(
        "collector",
        "drop-in.conf.j2",
        managed=managed,
        passwords=COLLECTOR_PASSWORDS,
        user=user,
        environment=COLLECTOR_CLIENT.environment(variables),
        sums=sums_of(COLLECTOR_CLIENT, variables, seen),
    )
    files = [
        dict(file(COLLECTOR_CONF, _configuration(repository, variables)), group=USER, mode="0640"),
        folder(COLLECTOR_DROP_IN.rpartition("/")[0]),
        file(COLLECTOR_DROP_IN, drop_in),
    ]
    if variables["powa_collector_install_method"] == "pip":
        venv = variables["powa_collector_venv"]
        unit = render_file("collector", "powa-collector.service.j2", managed=managed, user=USER, venv=venv)
        files.append(file(COLLECTOR_UNIT, unit))
    return files


def _configuration(repository: Repository, variables: Mapping[str, Any]) -> str:
    dsn = "host={0} port={1} user={2} dbname={3}".format(
        *map(_quoted, (repository.host, repository.port, repository.role, repository.database))
    )
    settings = {
        "repository": {"dsn": dsn},
        "use_server_alias": variables["powa_collector_use_server_alias"],
        "debug": variables["powa_collector_debug"],
    }
    return json.dumps(settings, indent=4, sort_keys=True) + "\n"


def _quoted(value: Any) -> str:
    """Return a value as libpq's connection strings quote it."""
    return "'{0}'".format(str(value).replace("\\", "\\\\").replace("'", "\\'"))
