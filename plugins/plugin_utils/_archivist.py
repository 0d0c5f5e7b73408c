# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role archivist does to a host: packages, settings, a restart, the database and its extensions."""

from __future__ import annotations

from posixpath import dirname
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._packages import (
    extensions_of,
    have_candidates,
    is_git,
    is_present,
    lacking,
    packages_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._restarts import restarts_of, was_restarted
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._settings import (
    NOTHING,
    Settings,
    loaded_libraries,
    plan_settings,
    server_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._systems import System, system_of

#: Stats extensions whose library works only if PostgreSQL has loaded it when it started.
_PRELOADED = ("pg_qualstats", "pg_stat_kcache", "pg_wait_sampling")
#: CREATE EXTENSION fails for these until PostgreSQL has loaded their library.
_CREATED_ONCE_LOADED = ("pg_stat_kcache",)
_NEW_LIBRARY = "the new library of PoWA"


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
    :param build: whether PoWA is built from source
    :param source_is_git: whether its source is a Git repository
    :param conf: the path of powa.conf
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
    build: bool = False
    source_is_git: bool = False
    conf: str = ""
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
    return _plan(run, host, seen, system) if system else Archivist()


def libraries_of(run: Run, host: str) -> List[str]:
    """Return the libraries that a host's PostgreSQL has to preload. One that is only a repository needs none."""
    variables = run.variables(host)
    local = variables["powa_mode"] == "local"
    if not local and "powa_remotes" not in run.groups(host):
        return []
    stats = [name for name in variables["powa_stats_extensions"] if name in _PRELOADED]
    return ["pg_stat_statements", *dict.fromkeys(stats)] + (["powa"] if local else [])


def _plan(run: Run, host: str, seen: Mapping[str, Any], system: System) -> Archivist:
    variables, server = run.variables(host), seen["server"]
    # What nobody could read is not empty: nothing is written or restarted for it, and the check of the host says so.
    readable = server if server and not server.get("unknown") else None
    extensions = extensions_of(run, host)
    libraries = libraries_of(run, host)
    packages = packages_of(system, variables, extensions)
    lacks = lacking(packages, seen)
    conf = _conf(readable, system) if readable else ""
    settings = _settings(run, host, readable, conf, libraries) if readable else NOTHING
    loaded = loaded_libraries(server_of(readable)) if readable else []
    restart = [*settings.restart, *_new_library(run, host, loaded)]
    restarts = restarts_of(run, host)
    if restart and restarts.gone:
        # What has kept that server from starting would keep this one from it at its next start.
        settings = settings._replace(write=False, elsewhere={})
    creatable = [one for one in extensions if one["name"] not in _CREATED_ONCE_LOADED or one["name"] in loaded]
    have_server = not run.check_mode or bool(server and seen["driver"])
    standby, unread = bool(server and server["standby"]), bool(server and server["unread"])
    build = variables["powa_install_method"] == "source"
    problems = [*settings.problems, *_without_files(run, seen, libraries, loaded)]
    todo = (
        build
        or seen["os"]["family"] != "Debian"
        or not readable
        or not seen["driver"]
        or unread
        or settings.write
        or bool(lacks or settings.elsewhere or problems or restart)
        or (not standby and (not server["database"] or _differ(creatable, seen["extensions"])))
    )
    return Archivist(
        todo=todo,
        have_server=have_server,
        have_database=not run.check_mode or bool(have_server and server["database"]),
        standby=standby,
        unit=system.unit,
        pg_config=system.pg_config,
        packages=packages,
        refresh=seen["os"]["family"] == "Debian" and not _powa_files(seen) and not run.check_mode,
        candidate=bool((seen["packages"].get(system.powa) or {}).get("candidate")),
        install=bool(seen["version"]) and (not run.check_mode or have_candidates(lacks, seen)),
        build=build,
        source_is_git=is_git(variables["powa_source"]),
        conf=conf,
        libraries=libraries,
        settings=settings,
        problems=problems,
        restart=restart,
        may_restart=bool(restart) and not restarts.forbidden,
        careful=bool(readable and (restart or build)) and not restarts.forbidden,
        pending=restarts.pending(restart),
        unread=unread,
        creatable=creatable,
    )


def _settings(run: Run, host: str, server: Mapping[str, Any], conf: str, libraries: Sequence[str]) -> Settings:
    variables = run.variables(host)
    wrote, altered = run.result(host, "__archivist_written"), run.result(host, "__archivist_altered")
    return plan_settings(
        server_of(server),
        conf,
        variables,
        libraries,
        local=variables["powa_mode"] == "local",
        written=bool(wrote) and not wrote.get("skipped") and not run.check_mode,
        altered=bool(altered.get("changed")) and not run.check_mode,
    )


def _conf(server: Mapping[str, Any], system: System) -> str:
    folder = dirname(server["config_file"]) if system.reads_conf_d else server["data_directory"]
    return "{0}/conf.d/powa.conf".format(folder)


def _new_library(run: Run, host: str, loaded: Sequence[str]) -> List[str]:
    """Tell whether the build has changed PoWA's library, which matters only where PostgreSQL has loaded the old one."""
    lines = str(run.result(host, "__archivist_build").get("stdout") or "").splitlines()
    changed = "library changed" in lines and "powa" in loaded
    return [_NEW_LIBRARY] if changed and not was_restarted(run, host) else []


def _without_files(run: Run, seen: Mapping[str, Any], libraries: Sequence[str], loaded: Sequence[str]) -> List[str]:
    """Return the libraries without which PostgreSQL would not start again, once the packages are installed."""
    folder = seen["extension_folder"]
    if folder is None or run.check_mode:
        return []
    return [
        "{0} is to be preloaded, but {1} has no {0}.control, and PostgreSQL would not start without the library:"
        " install its package, and name it in powa_extension_packages".format(name, folder["path"])
        for name in libraries
        if name not in loaded and name not in folder["controls"]
    ]


def _powa_files(seen: Mapping[str, Any]) -> str:
    """Return the version of PoWA's files, or an empty text if there are none."""
    folder = seen["extension_folder"]
    return folder["powa"] if folder else ""


def _differ(wanted: Sequence[Mapping[str, Any]], there: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(_differs(extension, there.get(extension["name"])) for extension in wanted)


def _differs(wanted: Mapping[str, Any], found: Optional[Mapping[str, Any]]) -> bool:
    if not is_present(wanted) or found is None:
        return is_present(wanted) != (found is not None)
    return any(wanted.get(field) not in (None, "", found[field]) for field in ("version", "schema"))
