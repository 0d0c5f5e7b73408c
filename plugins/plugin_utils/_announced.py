# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run brings to a host, where the tasks of check mode cannot show it: they need what the run installs first."""

from __future__ import annotations

from typing import Iterator, List

from ansible_collections.pgfleet.powa.plugins.plugin_utils._access import roles_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._archivist import Archivist, plan_archivist
from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import existing, is_standby, server_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._inventory import REMOTES, REPOSITORIES
from ansible_collections.pgfleet.powa.plugins.plugin_utils._packages import is_present, lacking
from ansible_collections.pgfleet.powa.plugins.plugin_utils._remote import remote_roles
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository import repository_roles
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def announced(run: Run, host: str) -> List[str]:
    """Return what a run without check mode would do to a host, one sentence each."""
    seen = run.seen(host)
    if not run.check_mode or not seen or not {REMOTES, REPOSITORIES}.intersection(run.groups(host)):
        return []
    plan, exists = plan_archivist(run, host), existing(run, host)
    found = [] if exists.server else [*_installed(run, host, plan), *_set(plan), *_restarted(plan)]
    if not is_standby(seen):
        found += _created(run, host, plan, exists.server)
    return ["site.yml would " + sentence for sentence in found]


def _installed(run: Run, host: str, plan: Archivist) -> Iterator[str]:
    lacks = lacking(plan.packages, run.seen(host)) if run.seen(host)["version"] else []
    if lacks:
        yield "install the packages {0}".format(", ".join(lacks))


def _set(plan: Archivist) -> Iterator[str]:
    wanted, elsewhere = plan.settings.wanted, plan.settings.elsewhere
    if plan.settings.write:
        # The file has all of its settings, but those that ALTER SYSTEM decides.
        names = [name for name in wanted if name not in elsewhere]
        yield "write {0} with {1}".format(plan.conf, ", ".join("{0} = '{1}'".format(n, wanted[n]) for n in names))
    if elsewhere:
        yield "set with ALTER SYSTEM {0}".format(", ".join("{0} = '{1}'".format(*item) for item in elsewhere.items()))


def _restarted(plan: Archivist) -> Iterator[str]:
    if plan.may_restart:
        yield "restart PostgreSQL for {0}".format(", ".join(plan.restart))


def _created(run: Run, host: str, plan: Archivist, have_server: bool) -> Iterator[str]:
    variables, seen = run.variables(host), run.seen(host)
    database = variables["powa_database"]
    if not have_server and not server_of(seen).get("database"):
        yield "create database {0}".format(database)
    names = [one["name"] for one in plan.creatable if one["name"] not in seen["extensions"] and is_present(one)]
    if names and not plan.have_database:
        yield "create in database {0} the extensions {1}".format(database, ", ".join(names))
    roles = [] if have_server else [role for role in _roles(run, host) if role not in roles_of(seen)]
    if roles:
        yield "create the roles {0}, which can log in".format(", ".join(roles))


def _roles(run: Run, host: str) -> List[str]:
    logins = remote_roles(run, host) if REMOTES in run.groups(host) else []
    logins += repository_roles(run, host) if REPOSITORIES in run.groups(host) else []
    return list(dict.fromkeys(login["name"] for login in logins))
