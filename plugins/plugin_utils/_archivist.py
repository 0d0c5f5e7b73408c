# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role archivist does to a host: packages, settings, a restart, the database and its extensions."""

from __future__ import annotations

from posixpath import dirname
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host.preload import SETTING as LIBRARIES
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import is_managed, manages, why_not
from ansible_collections.pgfleet.powa.plugins.plugin_utils._packages import (
    extensions_of,
    have_candidates,
    is_git,
    is_present,
    lacking,
    packages_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._reading_order import generator
from ansible_collections.pgfleet.powa.plugins.plugin_utils._registered import was_collected
from ansible_collections.pgfleet.powa.plugins.plugin_utils._restarts import restarts_of, was_restarted
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._server_settings import (
    Server,
    loaded_libraries,
    server_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._settings import (
    NOTHING,
    Settings,
    check_settings,
    plan_settings,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._start_problems import missing_libraries, start_problems
from ansible_collections.pgfleet.powa.plugins.plugin_utils._systems import NO_SYSTEM, System, system_of

#: Stats extensions whose library works only if PostgreSQL has loaded it when it started.
ALWAYS_COLLECTED = "pg_stat_statements"
_PRELOADED = ("pg_qualstats", "pg_stat_kcache", "pg_wait_sampling")
#: CREATE EXTENSION fails for these until PostgreSQL has loaded their library.
_CREATED_ONCE_LOADED = ("pg_stat_kcache",)
_WITHOUT_UNIT = (
    "PostgreSQL needs a restart, and no unit of systemd is known that runs it: set powa_restart_command to the command"
    " that restarts it"
)
_STILL_COLLECTED = (
    "{0}. Until then its repository goes on taking snapshots of this server, whose parts that need {1} fail: set"
    " powa_state to disabled to end them"
)
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
    return _plan(run, host, seen, system) if system else Archivist()


def libraries_of(run: Run, host: str) -> List[str]:
    """Return the libraries that a host's PostgreSQL has to preload. One that is only a repository needs none."""
    variables = run.variables(host)
    local = variables["powa_mode"] == "local"
    if not local and "powa_remotes" not in run.groups(host):
        return []
    stats = [name for name in variables["powa_stats_extensions"] if name in _PRELOADED]
    return [ALWAYS_COLLECTED, *dict.fromkeys(stats)] + (["powa"] if local else [])


def _plan(run: Run, host: str, seen: Mapping[str, Any], system: System) -> Archivist:
    variables, server = run.variables(host), seen["server"]
    managing = manages(variables)
    # What nobody could read is not empty: nothing is written or restarted for it, and the check of the host says so.
    readable = server if server and (not managing or not server.get("unknown")) else None
    extensions = extensions_of(run, host)
    libraries = libraries_of(run, host)
    packages = packages_of(system, variables, extensions) if managing else []
    lacks = lacking(packages, seen)
    build, configures = managing and variables["powa_install_method"] == "source", _configures(variables)
    conf = "{0}/conf.d/powa.conf".format(dirname(readable["config_file"] or "")) if readable else ""
    settings = _settings(run, host, readable, conf, libraries) if readable and configures else NOTHING
    loaded = loaded_libraries(server_of(readable)) if readable else []
    restart = [*settings.restart, *_new_library(run, host, loaded)]
    restarts = restarts_of(run, host)
    if restart and restarts.gone:
        # What has kept that server from starting would keep this one from it at its next start.
        settings = settings._replace(write=False, elsewhere={})
    creatable = [one for one in extensions if one["name"] not in _CREATED_ONCE_LOADED or one["name"] in loaded]
    have_server = not run.check_mode or bool(server and seen["driver"])
    standby, unread = bool(server and server["standby"]), bool(server and server["unread"] and configures)
    problems = list(settings.problems)
    if readable and (_has_installed(run, host) or not (lacks or build)):
        # Before that, a package of this run may bring a library.
        problems += _library_problems(run, host, readable, conf, libraries)
    may_restart = managing and bool(restart) and not restarts.forbidden
    if readable and may_restart:
        problems += start_problems(server_of(readable), conf, libraries)
        problems += _managed_elsewhere(server_of(readable), conf, variables, system.unit)
    todo = (
        build
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
        refresh=managing and seen["os"]["family"] == "Debian" and not _powa_files(seen) and not run.check_mode,
        candidate=bool((seen["packages"].get(system.powa) or {}).get("candidate")),
        # dnf refreshes its lists itself, also in check mode.
        install=managing
        and bool(seen["version"])
        and (not run.check_mode or seen["os"]["family"] != "Debian" or have_candidates(lacks, seen)),
        # Where PostgreSQL was installed before, its cluster may only not have been found.
        creates_cluster=managing
        and seen["os"]["family"] == "RedHat"
        and seen["cluster"] is None
        and not (seen["installed"] or run.check_mode),
        build=build,
        source_is_git=is_git(variables["powa_source"]),
        conf=conf,
        owner=(seen["cluster"] or {}).get("owner") or "postgres",
        libraries=libraries,
        settings=settings,
        problems=list(dict.fromkeys(problems)),
        restart=restart,
        may_restart=may_restart,
        careful=bool(readable and (restart or build)) and not restarts.forbidden,
        pending=_pending(
            restarts.pending(restart), [name for name in libraries if name not in loaded], was_collected(run, host)
        ),
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


def _pending(pending: str, unloaded: Sequence[str], collected: bool) -> str:
    """Return what waits for a restart, and what is not collected until then.

    :param collected: whether the repository takes snapshots of the server, which the run does not end
    """
    if not pending or not unloaded:
        return pending
    if collected and ALWAYS_COLLECTED in unloaded:
        return _STILL_COLLECTED.format(pending, ", ".join(unloaded))
    return "{0}. Until then nothing is collected that needs {1}".format(pending, ", ".join(unloaded))


def _configures(variables: Mapping[str, Any]) -> bool:
    return manages(variables) and bool(variables.get("powa_configure_postgresql", True))


def _has_installed(run: Run, host: str) -> bool:
    """Tell whether this run has installed the packages, or seen that they are there."""
    results = [run.result(host, name) for name in ("__archivist_apt", "__archivist_dnf")]
    return not run.check_mode and any(result and not result.get("skipped") for result in results)


def _library_problems(run: Run, host: str, server: Mapping[str, Any], conf: str, libraries: Sequence[str]) -> List[str]:
    variables, found = run.variables(host), server_of(server)
    problems = missing_libraries(found, libraries)
    if problems or _configures(variables):
        return problems
    # Only some roles see which libraries are loaded.
    known = libraries if manages(variables) or LIBRARIES in found.running else []
    why = "powa_configure_postgresql is false" if manages(variables) else why_not(variables)
    return check_settings(found, variables, known, variables["powa_mode"] == "local", conf, why)


def _managed_elsewhere(server: Server, conf: str, variables: Mapping[str, Any], unit: str) -> List[str]:
    """Return why systemd cannot restart a server: another program has started it."""
    generated = generator(server, conf)
    if variables.get("powa_restart_command"):
        return []
    if not generated:
        return [] if unit else [_WITHOUT_UNIT]
    return [
        "PostgreSQL needs a restart, and {0}, which writes {1}, has to make it:"
        " set powa_restart_command to the command for that".format(generated[1], generated[0])
    ]


def _new_library(run: Run, host: str, loaded: Sequence[str]) -> List[str]:
    """Tell whether the build has changed PoWA's library, which matters only where PostgreSQL has loaded the old one."""
    lines = str(run.result(host, "__archivist_build").get("stdout") or "").splitlines()
    changed = "library changed" in lines and "powa" in loaded
    return [_NEW_LIBRARY] if changed and not was_restarted(run, host) else []


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
