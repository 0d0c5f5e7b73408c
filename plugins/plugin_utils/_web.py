# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this run does to a host of powa-web, and whether powa-web accepts its logins."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._collector import pip_version, remote_logins
from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import powa_major_version, powa_version
from ansible_collections.pgfleet.powa.plugins.plugin_utils._files import changed_files, has_password_file
from ansible_collections.pgfleet.powa.plugins.plugin_utils._kept_passwords import kept_remotes
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import manages
from ansible_collections.pgfleet.powa.plugins.plugin_utils._paths import (
    WEB_CONF,
    WEB_FOLDER,
    WEB_NGINX,
    WEB_PASSWORDS,
    WEB_SECRET,
    WEB_UNIT,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rendered import MANAGED, file, folder, render_file
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._systems import DRIVER, system_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._tls import WEB_CLIENT
from ansible_collections.pgfleet.powa.plugins.plugin_utils._unlisted import keeps_unlisted

USER = "powa-web"
SERVICE = "powa-web"
PROXY = "nginx"
OWN_CERTIFICATE = "/etc/nginx/powa-web.crt"
OWN_KEY = "/etc/nginx/powa-web.key"

#: The package of pages for declared datasources, in this collection.
_PAGES = Path(__file__).resolve().parents[2] / "powa_web_pages" / "src" / "powa_web_pages"
#: How the names of their files end.
_PAGES_SUFFIXES = (".py", ".js")
_TORNADO = "python3-tornado"
#: What an environment of another Python has, which a new one does not replace.
_STALE = ("bin", "lib", "lib64", "pyvenv.cfg")
_RUNS = ("enabled", "active")


@dataclass(frozen=True)
class Shown:
    """A repository that powa-web shows.

    :param name: in the inventory, and in the list of powa-web
    :param host: the name or address that powa-web connects to
    :param role: that logs in
    :param has_password: whether the inventory has the password of the role
    """

    name: str
    host: str
    port: int
    database: str
    role: str
    has_password: bool


@dataclass(frozen=True)
class Pages:
    """The pages of declared datasources.

    :param differ: whether a page differs, or one of another version is to go
    :param files: folders and pages in the order in which they are written or removed
    """

    differ: bool
    files: List[Dict[str, Any]]


@dataclass(frozen=True)
class Proxy:
    """nginx in front of powa-web.

    :param installed: whether nginx is there
    :param todo: whether it is wanted, and anything is to be done
    :param own_certificate: whether the role creates one
    :param alternative_name: that certificate's subjectAltName
    """

    installed: bool
    todo: bool
    own_certificate: bool
    certificate: str
    key: str
    alternative_name: str
    configuration: str


@dataclass(frozen=True)
class WebPlan:
    """What this run does to a host of powa-web. Only C(files) holds passwords, if powa-web is to store its login.

    :param repositories: what powa-web shows
    :param reach: where its own host reaches it
    :param prefix: of its paths, between two slashes
    :param version: what pip installs, such as C(5.0.*), or an empty text if no PoWA was seen
    :param install: whether powa-web is missing, or has another version
    :param packages: those of the distribution
    :param installable: whether check mode can tell what the packages would change
    :param requirements: what pip installs
    :param stale: what another Python has left
    :param has_user: whether files can be given to powa-web's user, and pip can run; check mode makes neither so
    :param has_unit: whether there is a unit to start: check mode creates none
    :param has_secret: whether there is a secret for cookies
    :param files: the configuration and the unit
    :param keeps_passwords: whether the present file may have passwords of remotes that stay there
    :param manages: whether anything may be done to the host
    :param todo: whether anything but the check of the logins is to be done
    """

    repositories: List[Shown]
    reach: str
    prefix: str
    version: str
    install: bool
    packages: List[str]
    installable: bool
    refresh: bool
    requirements: List[str]
    stale: List[str]
    has_user: bool
    has_unit: bool
    has_secret: bool
    pages: Pages
    files: List[Dict[str, Any]]
    proxy: Proxy
    keeps_passwords: bool
    manages: bool
    todo: bool


def web_plan(run: Run, host: str, managed: str = MANAGED) -> Dict[str, Any]:
    """Return what this run does to a host of powa-web.

    :param managed: what the first line of a file says
    """
    variables, seen = run.variables(host), run.seen(host)
    environment = seen.get("virtualenvs", {}).get(variables["powa_web_venv"]) or {}
    version = _version(run, host, environment)
    stale = bool(environment.get("stale"))
    tornado = seen.get("packages", {}).get(_TORNADO) or {}
    # Somebody may have created the user before.
    has_user = USER in seen.get("users", ()) and bool(tornado.get("installed"))
    install = not has_user or stale or not _fits(pip_version(environment, "powa-web"), version)
    unit, theirs = _unit(seen, SERVICE), seen.get("files", {})
    repositories = shown(run, host)
    files = _files(run, host, repositories, managed)
    pages = _pages(seen, variables)
    proxy = _proxy(seen, variables, managed)
    return asdict(
        WebPlan(
            repositories=repositories,
            reach=reach(variables["powa_web_address"]),
            prefix=prefix(variables["powa_web_url_prefix"]),
            version=version,
            install=install,
            packages=_packages(seen),
            installable=not run.check_mode
            or seen.get("os", {}).get("family") != "Debian"
            or any(tornado.get(where) for where in ("installed", "candidate")),
            refresh=not has_user,
            requirements=_requirements(version),
            stale=["{0}/{1}".format(variables["powa_web_venv"], name) for name in _STALE] if stale else [],
            has_user=has_user or not run.check_mode,
            has_unit=bool(unit.get("exists")) or not run.check_mode,
            has_secret=WEB_SECRET in theirs,
            pages=pages,
            files=files,
            proxy=proxy,
            keeps_passwords=bool(kept_remotes(run)) or keeps_unlisted(run, web_repositories(run, host)),
            manages=manages(variables),
            todo=manages(variables)
            and (
                install
                or pages.differ
                or _state(unit) != _RUNS
                or WEB_SECRET not in theirs
                or bool(changed_files(theirs, [entry for entry in files if entry["state"] == "present"]))
                or not has_password_file(seen, WEB_PASSWORDS, USER)
                or proxy.todo
            ),
        )
    )


def shown(run: Run, host: str) -> List[Shown]:
    """Return the repositories that powa-web shows, and how it connects to them."""
    return [
        Shown(
            name=name,
            host=WEB_CLIENT.address(run.variables(host), run.variables(name)["powa_host"], name == host),
            port=run.variables(name)["powa_port"],
            database=run.variables(name)["powa_database"],
            role=run.variables(name)["powa_web_role"],
            has_password=bool(run.password(name, "powa_web_password")),
        )
        for name in run.fleet["web"][host]["repositories"]
    ]


def web_repositories(run: Run, host: str) -> List[str]:
    """Return the repositories to whose servers powa-web may log in."""
    web = run.fleet["web"][host]
    return list(web["repositories"]) if web["remote_access"] else []


def web_passwords(run: Run, host: str) -> List[Dict[str, Any]]:
    """Return the logins whose passwords powa-web's file holds: those to the remotes, if it may connect to them."""
    variables, web = run.variables(host), run.fleet["web"][host]
    if not web["remote_access"]:
        return []
    repositories = [
        name
        for name in web["repositories"]
        if not (variables["powa_store_passwords"] and powa_major_version(run, name).web_reads_passwords)
    ]
    return [login for login in remote_logins(run, repositories, web=True) if login["password"]]


def refused(plan: Mapping[str, Any], answers: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]) -> List[str]:
    """Return why powa-web does not accept its logins, one sentence each.

    :param plan: the result of C(web_plan)
    :param answers: of powa-web to a login, or to a request without one, for each repository of the plan
    :param variables: of powa-web's host
    """
    sentences: Dict[str, None] = {}
    for repository, answer in zip(plan["repositories"], answers):
        sentences.update(dict.fromkeys(_refused(plan, repository, answer, variables)))
    return list(sentences)


def _refused(
    plan: Mapping[str, Any], repository: Mapping[str, Any], answer: Mapping[str, Any], variables: Mapping[str, Any]
) -> List[str]:
    # powa-web answers 403 to anyone who is not logged in. A successful login sets cookies with the name, the password
    # and, last, the server; a login to a PoWA of another version sets none of these, but is redirected all the same.
    status = int(answer.get("status") or -1)
    if status not in (302, 403):
        return [
            "powa-web does not answer on {0}:{1} within {2} seconds (journalctl -u powa-web says why)".format(
                plan["reach"], variables["powa_web_port"], variables["powa_web_wait"]
            )
        ]
    if not repository["has_password"]:
        return []
    if status == 403:
        return [
            "powa-web cannot log in to {0} as {1} (journalctl -u powa-web says why): check powa_web_password and the"
            " pg_hba.conf of the repository".format(repository["name"], repository["role"])
        ]
    if not str(answer.get("set_cookie") or "").startswith("server="):
        return [
            "powa-web {0} refuses logins to {1}, which has another version of PoWA: install the same major.minor"
            " version of both".format(plan["version"], repository["name"])
        ]
    return []


def reach(address: str) -> str:
    """Return where its own host reaches powa-web, as a URL has it."""
    if address in ("0.0.0.0", ""):
        return "127.0.0.1"
    if address == "::":
        return "[::1]"
    return "[{0}]".format(address) if ":" in address else address


def prefix(path: str) -> str:
    """Return the prefix of powa-web's paths between two slashes."""
    path = path.removeprefix("/").removesuffix("/")
    return "/{0}/".format(path) if path else "/"


def _version(run: Run, host: str, environment: Mapping[str, Any]) -> str:
    """Return the version of powa-web: as wanted, else that of PoWA on its repositories, else that which is there."""
    wanted = run.variables(host)["powa_web_version"]
    if wanted:
        return str(wanted)
    versions = [powa_version(run, name) for name in run.fleet["web"][host]["repositories"]]
    installed = re.match("[0-9]+[.][0-9]+", pip_version(environment, "powa-web"))
    found = next(filter(None, versions), installed.group() if installed else "")
    return found + ".*" if found else ""


def _fits(installed: str, version: str) -> bool:
    """Whether an installed version is the wanted one. If that is not known, any is."""
    return not version or (installed + ".").startswith(version.removesuffix(".*") + ".")


def _packages(seen: Mapping[str, Any]) -> List[str]:
    system = system_of(seen) if seen else None
    venv = [system.venv] if system else []
    return [*venv, DRIVER, "python3-packaging", _TORNADO, "python3-sqlalchemy"]


def _requirements(version: str) -> List[str]:
    # PoWA 4 needs an old SQLAlchemy, which newer distributions no longer have.
    return ["powa-web==" + version, *(["sqlalchemy<1.5"] if version.startswith("4.") else [])]


def _unit(seen: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return seen.get("units", {}).get(name) or {}


def _state(unit: Mapping[str, Any]) -> Sequence[Any]:
    return unit.get("enabled"), unit.get("active")


def _has_password(configuration: Optional[Mapping[str, Any]]) -> bool:
    """Whether the configuration holds a password: then the host does not tell its sum."""
    return configuration is not None and configuration["sha256"] is None


def _files(run: Run, host: str, repositories: Sequence[Shown], managed: str) -> List[Dict[str, Any]]:
    variables = run.variables(host)
    stores = variables["powa_web_store_login"]
    configuration = render_file(
        "web",
        "powa-web.conf.j2",
        managed=managed,
        variables=variables,
        repositories=repositories,
        prefix=prefix(variables["powa_web_url_prefix"]),
        passwords={each.name: run.password(each.name, "powa_web_password") for each in repositories} if stores else {},
    )
    unit = render_file(
        "web",
        "powa-web.service.j2",
        managed=managed,
        variables=variables,
        user=USER,
        folder=WEB_FOLDER,
        secret=WEB_SECRET,
        passwords=WEB_PASSWORDS,
        environment=WEB_CLIENT.environment(variables),
    )
    # A diff shows neither the stored password nor an earlier one.
    no_diff = stores or _has_password(run.seen(host).get("files", {}).get(WEB_CONF))
    return [
        dict(folder(WEB_FOLDER), group=USER, mode="0750"),
        dict(file(WEB_CONF, configuration), group=USER, mode="0640", no_diff=no_diff),
        file(WEB_UNIT, unit),
    ]


def _pages(seen: Mapping[str, Any], variables: Mapping[str, Any]) -> Pages:
    parent = variables["powa_web_venv"] + "/pages"
    package = parent + "/powa_web_pages"
    theirs = {
        name: total
        for name, total in (seen.get("folders", {}).get(package) or {}).items()
        if name.endswith(_PAGES_SUFFIXES)
    }
    ours = read_pages()
    sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in ours.items()}
    return Pages(
        differ=theirs != sums,
        files=[folder(parent), folder(package)]
        + [file("{0}/{1}".format(package, name), text) for name, text in ours.items()]
        # Only another version had them.
        + [dict(file("{0}/{1}".format(package, name), ""), state="absent") for name in sorted(theirs.keys() - ours)],
    )


def read_pages() -> Dict[str, str]:
    """Return the pages that this collection has: file name -> text."""
    paths = sorted(path for path in _PAGES.iterdir() if path.name.endswith(_PAGES_SUFFIXES))
    return {path.name: path.read_text(encoding="utf-8") for path in paths}


def _proxy(seen: Mapping[str, Any], variables: Mapping[str, Any], managed: str) -> Proxy:
    unit, name = _unit(seen, PROXY), variables["powa_web_server_name"]
    certificate = variables["powa_web_tls_certificate"] or OWN_CERTIFICATE
    key = variables["powa_web_tls_key"] or OWN_KEY
    configuration = render_file(
        "web",
        "nginx.conf.j2",
        managed=managed,
        variables=variables,
        certificate=certificate,
        key=key,
        prefix=prefix(variables["powa_web_url_prefix"]),
        reach=reach(variables["powa_web_address"]),
    )
    theirs = seen.get("files", {})
    is_address = ":" in name or re.fullmatch("[0-9.]+", name)
    return Proxy(
        installed=bool(unit.get("exists")),
        todo=variables["powa_web_nginx"]
        and (_state(unit) != _RUNS or bool(changed_files(theirs, [file(WEB_NGINX, configuration)]))),
        own_certificate=not variables["powa_web_tls_certificate"],
        certificate=certificate,
        key=key,
        alternative_name="{0}:{1}".format("IP" if is_address else "DNS", name),
        configuration=configuration,
    )
