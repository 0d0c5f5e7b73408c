# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role archivist does to a host: packages, settings, a restart, the database and its extensions."""

from __future__ import annotations

from typing import Any, Dict, Mapping, NamedTuple, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._archivist_host import ArchivistHost
from ansible_collections.pgfleet.powa.plugins.plugin_utils._libraries import ALWAYS_COLLECTED
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import is_managed
from ansible_collections.pgfleet.powa.plugins.plugin_utils._packages import have_candidates, is_git
from ansible_collections.pgfleet.powa.plugins.plugin_utils._registered import was_collected
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._settings import NOTHING, Settings
from ansible_collections.pgfleet.powa.plugins.plugin_utils._systems import NO_SYSTEM, system_of

_STILL_COLLECTED = (
    "{0}. Until then its repository goes on taking snapshots of this server, whose parts that need {1} fail: set"
    " powa_state to disabled to end them"
)


class Archivist(NamedTuple):
    """What the tasks of the role go by.

    :param todo: whether the role has anything to do, or has to find out
    :param have_server: whether PostgreSQL runs and Ansible can log in to it by now; check mode goes by what was seen
    :param have_database: the same for PoWA's database
    :param standby: whether the host gets its database and extensions from its primary
    :param unit: PostgreSQL's systemd unit
    :param packages: those that the host needs, whether it has them or not
    :param refresh: whether the package lists have to be refreshed, because PoWA is not installed
    :param candidate: whether the package lists have PoWA
    :param install: whether the packages can be installed; check mode fails on a package that the lists do not have
    :param creates_cluster: whether to create a cluster once the packages are there, which none of them does
    :param build: whether PoWA is built from source
    :param source_is_git: whether its source is a Git repository
    :param conf: the path of powa.conf
    :param owner: whose it is
    :param libraries: those that the host has to preload
    :param settings: what has to change for PostgreSQL's settings
    :param problems: why PostgreSQL cannot get its settings, one sentence each, before anything is written
    :param restart: what needs a restart: names of settings, or the library of PoWA
    :param may_restart: whether this run may restart PostgreSQL
    :param careful: whether this run may restart a server that runs, as far as is known before packages are installed
    :param pending: what needs a restart that this run does not make, and why; empty if nothing does
    :param unread: whether PostgreSQL has not read its files since they were changed
    :param creatable: the extensions of PoWA's database that can be created by now
    """

    todo: bool = False
    have_server: bool = False
    have_database: bool = False
    standby: bool = False
    unit: str = ""
    pg_config: str = ""
    packages: Sequence[str] = ()
    refresh: bool = False
    candidate: bool = False
    install: bool = False
    creates_cluster: bool = False
    build: bool = False
    source_is_git: bool = False
    conf: str = ""
    owner: str = ""
    libraries: Sequence[str] = ()
    settings: Settings = NOTHING
    problems: Sequence[str] = ()
    restart: Sequence[str] = ()
    may_restart: bool = False
    careful: bool = False
    pending: str = ""
    unread: bool = False
    creatable: Sequence[Mapping[str, Any]] = ()

    def as_dict(self) -> Dict[str, Any]:
        """Return it as the tasks of the role read it."""
        return {**self._asdict(), "settings": self.settings._asdict()}


def plan_archivist(run: Run, host: str) -> Archivist:
    """Return what the role does to a host. Nothing is known of a host that was not read, so nothing is done."""
    seen = run.seen(host)
    system = system_of(seen) if seen else None
    if seen and is_managed(run.variables(host)):
        system = NO_SYSTEM
    return _plan(ArchivistHost(run, host, seen, system)) if system else Archivist()


def _plan(host: ArchivistHost) -> Archivist:
    return Archivist(
        todo=_is_todo(host),
        have_server=host.have_server,
        have_database=host.have_database,
        standby=host.standby,
        unit=host.system.unit,
        pg_config=host.system.pg_config,
        packages=host.packages,
        refresh=_refreshes(host),
        candidate=bool((host.seen["packages"].get(host.system.powa) or {}).get("candidate")),
        install=_installs(host),
        creates_cluster=_creates_cluster(host),
        build=host.builds,
        source_is_git=is_git(host.variables["powa_source"]),
        conf=host.conf,
        owner=(host.seen["cluster"] or {}).get("owner") or "postgres",
        libraries=host.libraries,
        settings=host.settings,
        problems=host.problems,
        restart=host.restart,
        may_restart=host.may_restart,
        careful=bool(host.server and (host.restart or host.builds)) and not host.restarts.forbidden,
        pending=_pending(host),
        unread=host.unread,
        creatable=host.creatable,
    )


def _is_todo(host: ArchivistHost) -> bool:
    return (
        host.builds
        or not host.server
        or not host.seen["driver"]
        or host.unread
        or host.settings.write
        or bool(host.lacking or host.settings.elsewhere or host.problems or host.restart)
        or (not host.standby and host.database_differs)
    )


def _refreshes(host: ArchivistHost) -> bool:
    """Tell whether the package lists have to be refreshed, because PoWA's files are not there."""
    folder = host.seen["extension_folder"]
    has_powa = bool(folder and folder["powa"])
    return host.managing and host.seen["os"]["family"] == "Debian" and not has_powa and not host.run.check_mode


def _installs(host: ArchivistHost) -> bool:
    if not host.managing or not host.seen["version"]:
        return False
    # dnf refreshes its lists itself, also in check mode.
    is_debian = host.seen["os"]["family"] == "Debian"
    return not host.run.check_mode or not is_debian or have_candidates(host.lacking, host.seen)


def _creates_cluster(host: ArchivistHost) -> bool:
    if not host.managing or host.seen["os"]["family"] != "RedHat" or host.seen["cluster"] is not None:
        return False
    # Where PostgreSQL was installed before, its cluster may only not have been found.
    return not (host.seen["installed"] or host.run.check_mode)


def _pending(host: ArchivistHost) -> str:
    """Return what waits for a restart, and what is not collected until then."""
    pending = host.restarts.pending(host.restart)
    unloaded = [name for name in host.libraries if name not in host.loaded]
    if not pending or not unloaded:
        return pending
    # The repository takes snapshots of the server, and the run does not end that.
    if ALWAYS_COLLECTED in unloaded and was_collected(host.run, host.name):
        return _STILL_COLLECTED.format(pending, ", ".join(unloaded))
    return "{0}. Until then nothing is collected that needs {1}".format(pending, ", ".join(unloaded))
