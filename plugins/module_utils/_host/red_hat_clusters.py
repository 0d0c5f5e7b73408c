# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clusters of a host of the RHEL family, where no program lists them: by systemd's units and the usual folders."""

from __future__ import annotations

import glob
import os
import re
import shlex
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host.clusters import (
    Cluster,
    PidFile,
    read_pid_file,
    read_running,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Running
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import (
    SUPERUSER,
    Host,
    as_owner,
    read_owned,
    user_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import System

_SUFFIX = ".service"
_UNITS = "postgresql*" + _SUFFIX
#: Where systemd looks for units; what is enabled in the last may be an instance of a template.
_UNIT_FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/etc/systemd/system/*.wants")
#: Where PGDG's packages have clusters, also without a unit.
_FOLDERS = "/var/lib/pgsql/*/*"
_VERSION_FILE = "PG_VERSION"
_VERSION = r"\d+(?:\.\d+)?"
_PROGRAMS = ("postgres", "postmaster")


class Unit(NamedTuple):
    """A unit that runs a cluster.

    folder: the cluster's data directory, or an empty text if the unit does not name it
    command: what it starts, with its variables replaced
    active: whether systemd has started it
    process: the number of its main process, or 0
    """

    name: str
    folder: str
    command: Sequence[str]
    environment: Mapping[str, str]
    active: bool
    process: str


class _Found(NamedTuple):
    """What is in a data directory.

    closed: whether the user may not look into it
    pid_file: what a running server has written
    """

    folder: str
    version: str
    owner: str
    closed: bool
    unit: Optional[Unit]
    pid_file: Optional[PidFile]


def start_units(host: Host) -> Running:
    """Start the program that describes the units of PostgreSQL: those that have a file, and those that run.

    A server may run in one with another name.
    """
    paths = [path for folder in _UNIT_FOLDERS for path in glob.glob(host.path(os.path.join(folder, _UNITS)))]
    names = {os.path.basename(path) for path in paths if not path.endswith("@" + _SUFFIX)}
    services = [_service_of(host, read_pid_file(host, folder)) for folder in _usual_folders(host)]
    names.update(service + _SUFFIX for service in services if service)
    properties = "--property=Id,Environment,ExecStart,ActiveState,MainPID"
    return host.start(["systemctl", "show", properties, "--", *sorted(names), _UNITS])


def finish_units(host: Host, running: Running) -> List[Unit]:
    """Return the units that run clusters."""
    answer = running.finish()
    if answer.status and not answer.missing:
        host.unseen.add("the units of PostgreSQL", answer.sentence)
    return list({unit.name: unit for unit in parse_units(answer.out)}.values())


def parse_units(text: str) -> Iterator[Unit]:
    """Return what C(systemctl show) says of units, without those that have no data directory and do not run."""
    for block in text.strip().split("\n\n"):
        fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        words = _words(fields.get("Environment", ""))
        environment = dict(word.split("=", 1) for word in words if "=" in word)
        command = re.search(r"argv\[\]=(.*?) ; ignore_errors=", fields.get("ExecStart", ""))
        arguments = [_replaced(word, environment) for word in command.group(1).split()] if command else []
        folder = _option(arguments, "-D") or environment.get("PGDATA", "")
        process = fields.get("MainPID", "0")
        if folder or process != "0":
            name = fields.get("Id", "")
            active = fields.get("ActiveState") == "active"
            folder = os.path.normpath(folder) if folder else ""
            yield Unit(name[: -len(_SUFFIX)], folder, arguments, environment, active, process)


def read_clusters(host: Host, system: System, units: Sequence[Unit], wanted_port: int) -> List[Cluster]:
    """Return the clusters, those of units first.

    :param wanted_port: the port of the only cluster whose own nobody can tell
    """
    of_folder = {unit.folder: unit for unit in reversed(units) if unit.folder}
    folders = list(dict.fromkeys([*(unit.folder for unit in units if unit.folder), *_usual_folders(host)]))
    found = [one for one in (_look(host, folder, of_folder.get(folder)) for folder in folders) if one]
    # The program takes longer than all else, so it runs for all stopped clusters at the same time.
    running = [_start_asking(host, system, one) for one in found]
    ports = [_finish_asking(host, one, program) for one, program in zip(found, running)]
    if ports.count(None) == 1 and wanted_port not in ports:
        ports = [port or wanted_port for port in ports]
    return [_cluster(host, one, port, units) for one, port in zip(found, ports) if port]


def _usual_folders(host: Host) -> List[str]:
    """Return the folders that hold a cluster by their names. Their owner could have a link lead anywhere."""
    paths = sorted(glob.glob(host.path(os.path.join(_FOLDERS, _VERSION_FILE))))
    folders = [os.path.dirname(path) for path in paths]
    real = [path for path in folders if not os.path.islink(path) and not os.path.islink(os.path.dirname(path))]
    return [path[len(host.root) :] for path in real]


def _look(host: Host, folder: str, unit: Optional[Unit]) -> Optional[_Found]:
    """Return what is in a data directory, or nothing if no cluster is. One that nobody may look at has its unit's."""
    version, owner, closed = _version_of(unit.command) if unit else "", "postgres", False
    try:
        number = os.stat(host.path(folder)).st_uid
        owner = user_name(number)
        written = read_owned(host.path(os.path.join(folder, _VERSION_FILE)), number)
        version = (written or "").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        host.unseen.refused("the folder " + folder, error)
        closed = True
    why = _why_not(owner, version)
    if why and not (closed and not version):
        host.unread_clusters.add("the cluster in " + folder, why)
    if why:
        return None
    return _Found(folder, version, owner, closed, unit, read_running(host, folder))


def _why_not(owner: str, version: str) -> str:
    """Return why a folder cannot be that of a cluster. Its owner could have written anything there."""
    if owner == SUPERUSER:
        return "the folder is root's, and PostgreSQL never runs as root"
    if not re.fullmatch(_VERSION, version):
        return "its PG_VERSION is not a file of the folder's owner that holds a major version"
    return ""


def _start_asking(host: Host, system: System, found: _Found) -> Optional[Running]:
    """Have PostgreSQL's own program tell the port of a cluster that does not run."""
    if found.pid_file or found.closed:
        return None
    unit = found.unit
    if unit and unit.command and os.path.basename(unit.command[0]) in _PROGRAMS:
        command, environment = list(unit.command), dict(unit.environment)
    else:
        program = os.path.join(system.server_folder(found.version), _PROGRAMS[0])
        command, environment = [program, "-D", found.folder], {}
    return host.start([*as_owner(host, found.owner), *command, "-C", "port"], variables=environment)


def _finish_asking(host: Host, found: _Found, program: Optional[Running]) -> Optional[int]:
    """Return the port, or None if nobody can tell."""
    if found.pid_file:
        return found.pid_file.port
    if program is None:
        return None
    answer = program.finish()
    if answer.status or not answer.out.strip().isdigit():
        host.unread_clusters.add("the cluster in " + found.folder, answer.sentence)
        return None
    return int(answer.out)


def _cluster(host: Host, found: _Found, port: int, units: Sequence[Unit]) -> Cluster:
    unit = _unit_of(host, found, units)
    return Cluster(
        version=found.version,
        name=unit or found.folder,
        port=port,
        running=found.pid_file is not None or bool(found.closed and found.unit and found.unit.active),
        data_directory=found.folder,
        unit=unit,
        owner=found.owner,
    )


def _unit_of(host: Host, found: _Found, units: Sequence[Unit]) -> str:
    """Return the unit that a restart of the cluster restarts.

    Somebody may have started a server by hand in a unit that runs something else, such as cron.
    """
    own, service = found.unit.name if found.unit else "", _service_of(host, found.pid_file)
    if found.pid_file is None or service in ("", own):
        return own
    mains = [unit.process for unit in units if unit.name == service]
    folders = [unit.folder for unit in units if unit.name == service]
    if found.pid_file.process in mains or found.folder in folders:
        return service
    why = "{0} runs inside {1}, of which it is not the main process".format(found.pid_file.process, service + _SUFFIX)
    host.unseen.add("the unit of the cluster in {0}".format(found.folder), "process " + why)
    return ""


def _service_of(host: Host, pid_file: Optional[PidFile]) -> str:
    """Return the unit in which a server runs, whatever else that runs, or an empty text."""
    if pid_file is None or not pid_file.process.isdigit():
        return ""
    try:
        with open(host.path("/proc/{0}/cgroup".format(pid_file.process)), encoding="utf-8") as file:
            found = re.search(r"/([^/\n]+)\.service(?:/[^\n]*)?$", file.read(), re.MULTILINE)
    except OSError:
        return ""
    return found.group(1) if found else ""


def _version_of(command: Sequence[str]) -> str:
    found = re.match("/usr/pgsql-({0})/".format(_VERSION), command[0]) if command else None
    return found.group(1) if found else ""


def _words(text: str) -> List[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _replaced(word: str, environment: Dict[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}|\$(\w+)", lambda found: environment.get(found[1] or found[2], ""), word)


def _option(arguments: Sequence[str], name: str) -> str:
    return next((value for option, value in zip(arguments, arguments[1:]) if option == name), "")
