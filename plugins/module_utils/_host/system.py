# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operating system of a host: its name, its family, and how PostgreSQL's files are laid out on it."""

from __future__ import annotations

import shlex
from typing import Dict, NamedTuple

from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host

DEBIAN, RED_HAT = "Debian", "RedHat"


class System(NamedTuple):
    """An operating system.

    name: what it calls itself, with its version
    family: C(Debian), C(RedHat), or an empty text for any other
    """

    name: str
    family: str

    def server_folder(self, version: str) -> str:
        """Return the folder of the programs of a major version of PostgreSQL, which may be a pattern."""
        return ("/usr/pgsql-{0}/bin" if self.family == RED_HAT else "/usr/lib/postgresql/{0}/bin").format(version)


#: That of a host to which nobody logs in.
ELSEWHERE = System("another host", "")


def read_system(host: Host) -> System:
    """Read /etc/os-release, or the copy of it that the distribution brings."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            with open(host.path(path), encoding="utf-8", errors="replace") as file:
                return parse_os_release(file.read())
        except OSError:
            continue
    return System("an unknown system", "")


def parse_os_release(text: str) -> System:
    """Return what a file os-release says."""
    fields: Dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            fields[name] = _unquoted(value)
    ids = {fields.get("ID", ""), *fields.get("ID_LIKE", "").split()}
    family = DEBIAN if "debian" in ids else RED_HAT if ids & {"rhel", "fedora"} else ""
    return System(fields.get("PRETTY_NAME", "") or fields.get("NAME", "") or "an unknown system", family)


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value
