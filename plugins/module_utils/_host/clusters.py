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

from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Answer, Running
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host, user_name
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import DEBIAN, RED_HAT, System


@dataclass(frozen=True)
class Cluster:
    """One cluster.

    :param version: its major version
    :param port: the port that it is configured for
    :param owner: the operating system's user who owns its files
    :param unit: the systemd unit that runs it
    """

    version: str
    name: str
    port: int
    running: bool
    data_directory: str
    unit: str
    owner: str


@dataclass(frozen=True)
class PidFile:
    """What a running server writes into its data directory.

    :param socket_folder: the first folder of its sockets, or an empty text if it has none
    """

    port: int
    socket_folder: str


def read_installed(host: Host, system: System) -> List[str]:
    """Return the major versions of which the host has the server's programs."""
    pattern = host.path(os.path.join(system.server_folder("*"), "postgres"))
    if not system.family:
        return []
    paths = [path for path in glob.glob(pattern) if os.access(path, os.X_OK)]
    found = [re.search(r"(\d+(?:\.\d+)?)/bin/postgres$", path) for path in paths]
    return sorted((match.group(1) for match in found if match), key=_by_number)


def start_listing(host: Host, system: System) -> Optional[Running]:
    """Start the program that lists the clusters, where there is one."""
    return host.start(["pg_lsclusters", "-h"]) if system.family == DEBIAN else None


def finish_listing(host: Host, system: System, listing: Optional[Running], wanted_port: int) -> List[Cluster]:
    """Return the host's clusters.

    :param wanted_port: the port of a cluster that tells none because it does not run and has no program to list it
    """
    if listing is not None:
        return _listed(host, system, listing.finish())
    if system.family == RED_HAT:
        return [
            cluster
            for version in read_installed(host, system)
            for cluster in _initialized(host, system, version, wanted_port)
        ]
    return []


def parse_listing(text: str, system: System) -> List[Cluster]:
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
                    unit=system.unit(version, name),
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


def read_pid_file(host: Host, data_directory: str) -> Optional[PidFile]:
    """Return what a running server has written, or nothing if it does not run or the user cannot read it."""
    try:
        with open(host.path(os.path.join(data_directory, "postmaster.pid")), encoding="utf-8") as file:
            lines = [line.strip() for line in file.read().splitlines()]
    except (OSError, UnicodeDecodeError):
        return None
    if len(lines) < 5 or not lines[3].isdigit():
        return None
    return PidFile(int(lines[3]), lines[4])


def _listed(host: Host, system: System, answer: Answer) -> List[Cluster]:
    if answer.status and not answer.missing:
        host.unseen.add("the clusters of PostgreSQL", answer.sentence)
    return parse_listing(answer.out, system)


def _initialized(host: Host, system: System, version: str, wanted_port: int) -> List[Cluster]:
    """Return the cluster of a version on the RHEL family, if its folder exists or the user may not look for it."""
    folder = "/var/lib/pgsql/{0}/data".format(version)
    try:
        owner = user_name(os.stat(host.path(folder)).st_uid)
        if os.access(host.path(folder), os.X_OK) and not os.path.exists(host.path(folder + "/PG_VERSION")):
            return []
    except FileNotFoundError:
        return []
    except OSError as error:
        host.unseen.refused("the folder " + folder, error)
        owner = "postgres"
    pid_file = read_pid_file(host, folder)
    running = pid_file is not None or not os.access(host.path(folder), os.R_OK | os.X_OK)
    port = pid_file.port if pid_file else wanted_port
    return [Cluster(version, version, port, running, folder, system.unit(version, version), owner)]


def _without_log(folders: str) -> str:
    """Return the first of two columns, whose texts may hold spaces: a log file, or a word such as C(syslog)."""
    match = re.match(r"(/.*?)\s+(/\S.*|\S+)$", folders)
    return match.group(1) if match else folders.split()[0]


def _by_number(version: str) -> Tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
