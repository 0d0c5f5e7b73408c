# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PostgreSQL's clusters on a host, and which of them the roles work on."""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host, read_owned, user_name
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import System


@dataclass(frozen=True)
class Cluster:
    """One cluster.

    :param version: its major version
    :param port: the port that it is configured for
    :param owner: the operating system's user who owns its files
    :param unit: the systemd unit that runs it, or an empty text if nobody knows
    """

    version: str
    name: str
    port: int
    running: bool
    data_directory: str
    unit: str
    owner: str

    @property
    def is_guessed(self) -> bool:
        """Whether nobody but the server itself can tell more of it."""
        return not self.version


@dataclass(frozen=True)
class PidFile:
    """What a running server writes into its data directory.

    :param socket_folder: the first folder of its sockets, or an empty text if it has none
    :param process: its number
    """

    port: int
    socket_folder: str
    process: str


def read_installed(host: Host, system: System) -> List[str]:
    """Return the major versions of which the host has the server's programs."""
    pattern = host.path(os.path.join(system.server_folder("*"), "postgres"))
    if not system.family:
        return []
    paths = [path for path in glob.glob(pattern) if os.access(path, os.X_OK)]
    found = [re.search(r"(\d+(?:\.\d+)?)/bin/postgres$", path) for path in paths]
    return sorted((match.group(1) for match in found if match), key=_by_number)


def parse_listing(text: str) -> List[Cluster]:
    """Return what C(pg_lsclusters -h) says."""
    clusters = []
    for line in text.splitlines():
        fields = line.split(None, 5)
        if len(fields) == 6 and fields[2].isdigit():
            version, name, port, status, owner, folders = fields
            clusters.append(
                Cluster(
                    version=version,
                    name=name,
                    port=int(port),
                    running=not status.startswith("down"),
                    data_directory=_without_log(folders),
                    unit="postgresql@{0}-{1}".format(version, name),
                    owner="postgres" if owner.startswith("<") else owner,
                )
            )
    return clusters


def select_cluster(clusters: Sequence[Cluster], port: int, version: str) -> Optional[Cluster]:
    """Return the cluster that a host's variables mean.

    :param version: a major version, or an empty text for any
    """
    meant = [cluster for cluster in clusters if cluster.port == port and version in ("", cluster.version)]
    # Of several with the same port, only one can run.
    return next((cluster for cluster in meant if cluster.running), meant[0] if meant else None)


def guessed_cluster(port: int) -> Cluster:
    """Return what is known of a server that no program lists, before anybody has logged in to it."""
    return Cluster("", "", port, True, "", "", "")


def owner_of(host: Host, folder: str) -> str:
    """Return whose a data directory is, or an empty text if this host has none of that name."""
    try:
        return user_name(os.stat(host.path(folder)).st_uid) if folder else ""
    except OSError:
        return ""


def read_pid_file(host: Host, data_directory: str) -> Optional[PidFile]:
    """Return what a server has written that runs or has crashed, or nothing if the user cannot read it."""
    try:
        number = os.stat(host.path(data_directory)).st_uid
        text = read_owned(host.path(os.path.join(data_directory, "postmaster.pid")), number)
    except OSError:
        return None
    lines = [line.strip() for line in (text or "").splitlines()]
    if len(lines) < 5 or not _is_number(lines[0]) or not _is_number(lines[3]):
        return None
    return PidFile(int(lines[3]), lines[4], lines[0])


def read_running(host: Host, data_directory: str) -> Optional[PidFile]:
    """Return what a server has written, or nothing if it does not run."""
    pid_file = read_pid_file(host, data_directory)
    return pid_file if pid_file and _runs_in(host, pid_file.process, data_directory) else None


def _runs_in(host: Host, process: str, data_directory: str) -> bool:
    """Tell whether a process is that of a server: a crash leaves the file, and its number may be another's by now."""
    folder, of_process = host.path(data_directory), host.path("/proc/" + process)
    try:
        return os.path.realpath(os.readlink(of_process + "/cwd")) == os.path.realpath(folder)
    except PermissionError:
        # No other user may see it, nor may root in many containers.
        return owner_of(host, "/proc/" + process) == owner_of(host, data_directory)
    except OSError:
        return False


def _without_log(folders: str) -> str:
    """Return the first of two columns, whose texts may hold spaces: a log file, or a word such as C(syslog)."""
    match = re.match(r"(/.*?)\s+(/\S.*|\S+)$", folders)
    return match.group(1) if match else folders.split()[0]


def _by_number(version: str) -> Tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
