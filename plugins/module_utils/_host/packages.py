# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which packages a host has, and which it could install."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import re
import sys
from dataclasses import dataclass
from typing import Dict, Iterable, List, Mapping, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Running
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import DEBIAN, RED_HAT, System

DRIVER = "python3-psycopg2"
_PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Package:
    """A package.

    :param installed: the version that is installed
    :param candidate: the version that would be installed; it is looked up only for a package that is not installed
    """

    installed: Optional[str] = None
    candidate: Optional[str] = None


def start_listing(host: Host, system: System, asked: Sequence[str]) -> Optional[Running]:
    """Start the program that lists what is installed: everything of PostgreSQL, its driver, and what was asked for."""
    names = [_bare(name) for name in asked]
    if system.family == DEBIAN:
        format_of_line = "${db:Status-Status} ${Package} ${Version}\\n"
        return host.start(
            ["dpkg-query", "--show", "--showformat=" + format_of_line, "--", "postgresql-*", DRIVER, *names]
        )
    if system.family == RED_HAT:
        format_of_line = "installed %{NAME} %{VERSION}-%{RELEASE}\\n"
        return host.start(["rpm", "--query", "--all", "--queryformat=" + format_of_line])
    return None


def parse_listing(text: str) -> Dict[str, str]:
    """Return package -> version of what is installed."""
    installed = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[0] == "installed":
            installed[fields[1]] = fields[2]
    return installed


def finish_listing(host: Host, listing: Optional[Running]) -> Dict[str, str]:
    """Return package -> version of what is installed."""
    if listing is None:
        return {}
    answer = listing.finish()
    # dpkg-query fails for a name that it does not know, and lists the others.
    if answer.missing or (answer.status and not answer.out and "no packages found" not in answer.error):
        host.unseen.add("the packages", answer.sentence)
    return parse_listing(answer.out)


def server_packages(system: System, version: str) -> List[str]:
    """Return the packages of PostgreSQL's server and of PoWA."""
    if not version:
        return []
    if system.family == DEBIAN:
        return ["postgresql-" + version, "postgresql-{0}-powa".format(version)]
    if system.family == RED_HAT:
        return ["postgresql{0}-server".format(version), "powa-archivist_" + version]
    return []


def read_packages(
    host: Host, system: System, version: str, asked: Sequence[str], installed: Mapping[str, str]
) -> Dict[str, Package]:
    """Return name -> package, for those of the server, of PoWA, the driver, and those asked for.

    It has any other package of the server's version, too, such as those of extensions, if it is installed.
    """
    if not system.family:
        return {}
    names = [*server_packages(system, version), DRIVER, *asked]
    names += [name for name in sorted(installed) if version and _belongs_to(name, version) and name not in names]
    # The program takes longer than the rest of the module, so it is not started where nothing is missing.
    candidates = read_candidates(host, system, [name for name in names if _bare(name) not in installed])
    return {
        name: Package(installed.get(_bare(name)), None if _bare(name) in installed else candidates.get(_bare(name)))
        for name in names
    }


def read_candidates(host: Host, system: System, names: Sequence[str]) -> Dict[str, str]:
    """Return package -> the version that would be installed, on the Debian family."""
    if system.family != DEBIAN or not names:
        return {}
    answer = host.start(["apt-cache", "policy", "--", *sorted({_bare(name) for name in names})]).finish()
    if answer.status:
        host.unseen.add("the packages that could be installed", answer.sentence)
    return parse_policy(answer.out)


def parse_policy(text: str) -> Dict[str, str]:
    """Return what C(apt-cache policy) says would be installed."""
    candidates = {}
    name = ""
    for line in text.splitlines():
        if re.match(r"\S+:$", line):
            name = _bare(line[:-1])
        match = re.match(r"\s+Candidate: (\S+)", line)
        if match and match.group(1) != "(none)":
            candidates[name] = match.group(1)
    return candidates


def read_default_version(host: Host, system: System) -> str:
    """Return the major version of PostgreSQL that the distribution would install, or an empty text."""
    match = re.match(r"(\d+)\+", read_candidates(host, system, ["postgresql"]).get("postgresql", ""))
    return match.group(1) if match else ""


def start_driver_check(host: Host) -> Optional[Running]:
    """Ask the host's own Python for the driver, unless this is it: then it can be told without a process."""
    return None if _is_own_python() else host.start([_PYTHON, "-c", "import psycopg2"])


def finish_driver_check(check: Optional[Running]) -> bool:
    """Return whether the host's own Python has psycopg2."""
    if check is not None:
        return check.finish().status == 0
    spec = importlib.util.find_spec("psycopg2")
    return has_built_driver(spec.submodule_search_locations or [] if spec else [])


def has_built_driver(folders: Iterable[str]) -> bool:
    """Return whether the driver has its library for this Python; after an upgrade of Python it may not."""
    return any(
        os.path.exists(os.path.join(folder, "_psycopg" + suffix))
        for folder in folders
        for suffix in importlib.machinery.EXTENSION_SUFFIXES
    )


def _is_own_python() -> bool:
    in_environment = sys.prefix != sys.base_prefix
    return not in_environment and os.path.realpath(sys.executable or "") == os.path.realpath(_PYTHON)


def _belongs_to(package: str, version: str) -> bool:
    """Return whether a package is for one major version.

    Such as C(postgresql-15-powa), C(postgresql-server-dev-15), C(postgresql15-server) or C(powa-archivist_15).
    """
    return re.search(r"^postgresql-?{0}(-|$)|[-_]{0}$".format(re.escape(version)), package) is not None


def _bare(name: str) -> str:
    """Return a package's name without a version and an architecture, which a task may add."""
    return re.split("[=:]", name, maxsplit=1)[0]
