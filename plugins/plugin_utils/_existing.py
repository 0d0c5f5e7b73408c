# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks of a host may take for granted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Dict, Mapping

from ansible_collections.pgfleet.powa.plugins.module_utils._powa.versions import MajorVersion, major_version
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._systems import system_of

#: What the task that installs PoWA has returned, on hosts where this run has changed something.
CREATED = "__archivist_created"


@dataclass(frozen=True)
class Existing:
    """What exists on a host by the time that its roles are made.

    A run takes for granted what it has created by then. Check mode goes by what was there before, and so does the work
    on a repository outside --limit.

    :param server: whether modules can log in to PostgreSQL
    """

    server: bool
    powa: bool


def existing(run: Run, host: str) -> Existing:
    """Return what exists on a host."""
    outside = host in run.fleet["outside"]
    if not run.check_mode and not outside:
        return Existing(server=True, powa=True)
    seen = run.seen(host)
    # Outside --limit, a module that lacks the driver says so itself.
    server = bool(server_of(seen)) and (outside or bool(seen["driver"]))
    return Existing(server=server, powa=server and "powa" in seen["extensions"])


def server_of(seen: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what was read of PostgreSQL on a host, or nothing if it does not run."""
    return dict(seen.get("server") or {})


def is_standby(seen: Mapping[str, Any]) -> bool:
    """Return whether everything in the host's databases comes from its primary."""
    return bool(server_of(seen).get("standby"))


def changed_since_read(run: Run, host: str) -> bool:
    """Return whether this run may have created objects that were not there when the host was read."""
    return bool(run.result(host, CREATED).get("changed"))


def powa_major_version(run: Run, host: str) -> MajorVersion:
    """Return what the PoWA has that a host has or gets."""
    numbers = [version.split(".")[0] for version in _powa_versions(run, host)]
    return major_version(next((int(number) for number in numbers if number.isdigit()), 0))


def _powa_versions(run: Run, host: str) -> list[str]:
    """Return the version of the extension if it exists, of the installed files, and of the package to install."""
    seen = run.seen(host)
    extension = (seen.get("extensions") or {}).get("powa") or {}
    folder = seen.get("extension_folder") or {}
    found = [extension.get("version"), folder.get("powa")]
    system = system_of(seen) if seen else None
    if system and run.variables(host).get("powa_install_method") != "source":
        found.append((seen["packages"].get(system.powa) or {}).get("candidate"))
    return [str(version) for version in found if version]


def powa_version(run: Run, host: str) -> str:
    """Return the major.minor version of PoWA that a host has or would get, or an empty text if nobody knows.

    It is that of the extension if it exists, else of the installed files, else of the package that would be installed.
    """
    seen = run.seen(host)
    if not seen:
        return ""
    found = (seen["extensions"].get("powa") or {}).get("version") or (seen["extension_folder"] or {}).get("powa")
    found = found or (server_of(seen).get("available") or {}).get("powa")
    if not found and run.variables(host)["powa_install_method"] != "source":
        found = _candidate(seen)
    match = re.match(r"[0-9]+\.[0-9]+", found or "")
    return match.group() if match else ""


def _candidate(seen: Mapping[str, Any]) -> str:
    system = system_of(seen)
    package = seen["packages"].get(system.powa) if system else None
    return str((package or {}).get("candidate") or "")
