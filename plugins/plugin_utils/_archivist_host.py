# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host as the plan of the role archivist looks at it: what was read of it, and what of that has to change."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from posixpath import dirname
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host.preload import SETTING as LIBRARIES
from ansible_collections.pgfleet.powa.plugins.plugin_utils._libraries import libraries_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import manages, why_not
from ansible_collections.pgfleet.powa.plugins.plugin_utils._packages import (
    extensions_of,
    is_present,
    lacking,
    packages_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._reading_order import generator
from ansible_collections.pgfleet.powa.plugins.plugin_utils._restarts import Restarts, restarts_of, was_restarted
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
from ansible_collections.pgfleet.powa.plugins.plugin_utils._systems import System

#: CREATE EXTENSION fails for these until PostgreSQL has loaded their library.
_CREATED_ONCE_LOADED = ("pg_stat_kcache",)
_WITHOUT_UNIT = (
    "PostgreSQL needs a restart, and no unit of systemd is known that runs it: set powa_restart_command to the command"
    " that restarts it"
)
_NEW_LIBRARY = "the new library of PoWA"


@dataclass(frozen=True)
class ArchivistHost:
    """A host of a run, with what C(host_info) has returned of it, and its system."""

    run: Run
    name: str
    seen: Mapping[str, Any]
    system: System

    @cached_property
    def variables(self) -> Mapping[str, Any]:
        """The host's variables."""
        return self.run.variables(self.name)

    @cached_property
    def managing(self) -> bool:
        """Whether Ansible may change the host itself."""
        return manages(self.variables)

    @cached_property
    def configures(self) -> bool:
        """Whether the run sets PostgreSQL's settings."""
        return self.managing and bool(self.variables.get("powa_configure_postgresql", True))

    # What the host is to have installed.

    @cached_property
    def extensions(self) -> List[Dict[str, Any]]:
        """Those of PoWA's database."""
        return extensions_of(self.run, self.name)

    @cached_property
    def packages(self) -> List[str]:
        """Those that the host needs, whether it has them or not."""
        return packages_of(self.system, self.variables, self.extensions) if self.managing else []

    @cached_property
    def lacking(self) -> List[str]:
        """Those that the host does not have."""
        return lacking(self.packages, self.seen)

    @cached_property
    def builds(self) -> bool:
        """Whether PoWA is built from source."""
        return self.managing and bool(self.variables["powa_install_method"] == "source")

    # The server as it is.

    @cached_property
    def server(self) -> Optional[Mapping[str, Any]]:
        """What was read of the server, or None.

        What nobody could read is not empty: nothing is written or restarted for it, and the check of the host says so.
        """
        server = self.seen["server"]
        return server if server and (not self.managing or not server.get("unknown")) else None

    @cached_property
    def standby(self) -> bool:
        """Whether the host gets its database and extensions from its primary."""
        return bool((self.seen["server"] or {}).get("standby"))

    @cached_property
    def unread(self) -> bool:
        """Whether PostgreSQL has not read its files since they were changed."""
        return self.configures and bool((self.seen["server"] or {}).get("unread"))

    @cached_property
    def loaded(self) -> List[str]:
        """The libraries that the server has loaded."""
        return loaded_libraries(server_of(self.server)) if self.server else []

    @cached_property
    def have_server(self) -> bool:
        """Whether PostgreSQL runs and Ansible can log in to it by now; check mode goes by what was seen."""
        return not self.run.check_mode or bool(self.seen["server"] and self.seen["driver"])

    @cached_property
    def have_database(self) -> bool:
        """The same for PoWA's database."""
        return not self.run.check_mode or bool(self.have_server and self.seen["server"]["database"])

    @cached_property
    def creatable(self) -> List[Dict[str, Any]]:
        """The extensions of PoWA's database that can be created by now."""
        return [one for one in self.extensions if one["name"] not in _CREATED_ONCE_LOADED or one["name"] in self.loaded]

    @cached_property
    def database_differs(self) -> bool:
        """Whether PoWA's database is missing, or one of its extensions is not as declared."""
        return not (self.seen["server"] or {}).get("database") or _differ(self.creatable, self.seen["extensions"])

    # Its settings, and what needs a restart.

    @cached_property
    def conf(self) -> str:
        """The path of powa.conf."""
        return "{0}/conf.d/powa.conf".format(dirname(self.server["config_file"] or "")) if self.server else ""

    @cached_property
    def libraries(self) -> List[str]:
        """Those that the host has to preload."""
        return libraries_of(self.run, self.name)

    @cached_property
    def _declared(self) -> Settings:
        if not self.server or not self.configures:
            return NOTHING
        wrote, altered = (self.run.result(self.name, task) for task in ("__archivist_written", "__archivist_altered"))
        return plan_settings(
            server_of(self.server),
            self.conf,
            self.variables,
            self.libraries,
            local=self.variables["powa_mode"] == "local",
            written=bool(wrote) and not wrote.get("skipped") and not self.run.check_mode,
            altered=bool(altered.get("changed")) and not self.run.check_mode,
        )

    @cached_property
    def settings(self) -> Settings:
        """What has to change for PostgreSQL's settings."""
        if self.restart and self.restarts.gone:
            # What has kept that server from starting would keep this one from it at its next start.
            return self._declared._replace(write=False, elsewhere={})
        return self._declared

    @cached_property
    def restart(self) -> List[str]:
        """What needs a restart: names of settings, or the library of PoWA."""
        return [*self._declared.restart, *_new_library(self.run, self.name, self.loaded)]

    @cached_property
    def restarts(self) -> Restarts:
        """What this run may do to the host."""
        return restarts_of(self.run, self.name)

    @cached_property
    def may_restart(self) -> bool:
        """Whether this run may restart PostgreSQL, and has a reason to."""
        return self.managing and bool(self.restart) and not self.restarts.forbidden

    @cached_property
    def problems(self) -> List[str]:
        """Why PostgreSQL cannot get its settings, one sentence each, before anything is written."""
        problems = list(self._declared.problems)
        if self.server and (_has_installed(self.run, self.name) or not (self.lacking or self.builds)):
            # Before that, a package of this run may bring a library.
            problems += self._library_problems(server_of(self.server))
        if self.server and self.may_restart:
            problems += start_problems(server_of(self.server), self.conf, self.libraries)
            problems += _managed_elsewhere(server_of(self.server), self.conf, self.variables, self.system.unit)
        return list(dict.fromkeys(problems))

    def _library_problems(self, server: Server) -> List[str]:
        problems = missing_libraries(server, self.libraries)
        if problems or self.configures:
            return problems
        # Only some roles see which libraries are loaded.
        known = self.libraries if self.managing or LIBRARIES in server.running else []
        why = "powa_configure_postgresql is false" if self.managing else why_not(self.variables)
        return check_settings(server, self.variables, known, self.variables["powa_mode"] == "local", self.conf, why)


def _has_installed(run: Run, host: str) -> bool:
    """Tell whether this run has installed the packages, or seen that they are there."""
    results = [run.result(host, name) for name in ("__archivist_apt", "__archivist_dnf")]
    return not run.check_mode and any(result and not result.get("skipped") for result in results)


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


def _differ(wanted: Sequence[Mapping[str, Any]], there: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(_differs(extension, there.get(extension["name"])) for extension in wanted)


def _differs(wanted: Mapping[str, Any], found: Optional[Mapping[str, Any]]) -> bool:
    if not is_present(wanted) or found is None:
        return is_present(wanted) != (found is not None)
    return any(wanted.get(field) not in (None, "", found[field]) for field in ("version", "schema"))
