# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody else has to do before a run, where Ansible may not change the host, or logs in as no superuser."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping

from ansible_collections.pgfleet.powa.plugins.plugin_utils._access import Login
from ansible_collections.pgfleet.powa.plugins.plugin_utils._archivist import plan_archivist
from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import is_standby, server_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._left_alone import roles_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import is_managed, manages, why_not
from ansible_collections.pgfleet.powa.plugins.plugin_utils._markers import plan_markers
from ansible_collections.pgfleet.powa.plugins.plugin_utils._packages import extensions_of, is_present
from ansible_collections.pgfleet.powa.plugins.plugin_utils._remote import plan_remote
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository import plan_repository
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._systems import DRIVER, system_of


def by_hand(run: Run, host: str) -> List[str]:
    """Return what keeps a run from its work in the PostgreSQL of a host, and who cures it how, one sentence each."""
    server = server_of(run.seen(host))
    if not server or is_standby(run.seen(host)):
        return []
    found: List[str] = []
    if not manages(run.variables(host)):
        found += _missing_files(run, host)
    if not server.get("superuser", True):
        found += _roles(run, host, server)
        # Those who run a managed server let roles do more there than PostgreSQL itself would.
        if not is_managed(run.variables(host)):
            found += [*_extensions(run, host), *_rights(run, host)]
    return found


def _missing_files(run: Run, host: str) -> Iterator[str]:
    variables, seen = run.variables(host), run.seen(host)
    server, why = server_of(seen), why_not(variables)
    if not seen["driver"]:
        where = " on the controller" if is_managed(variables) else ""
        yield "the Python library psycopg2 is missing{0}, and {1}: install the package {2}".format(where, why, DRIVER)
    if "available" in (server.get("unknown") or {}) or "available" not in server:
        return
    for extension in _wanted(run, host):
        if extension["name"] not in (*server["available"], *seen["extensions"]):
            yield "PostgreSQL has no files of the extension {0}, and {1}: install {2}".format(
                extension["name"], why, _package(seen, variables, extension["name"])
            )


def _package(seen: Mapping[str, Any], variables: Mapping[str, Any], extension: str) -> str:
    if is_managed(variables):
        return "it where the server is managed, or leave it out of the inventory"
    system = system_of(seen)
    known: Dict[str, str] = {**system.extensions, "powa": system.powa} if system else {}
    package = {**known, **variables["powa_extension_packages"]}.get(extension)
    return "the package {0}".format(package) if package else "PostgreSQL's package with it"


def _wanted(run: Run, host: str) -> List[Mapping[str, Any]]:
    return [extension for extension in extensions_of(run, host) if is_present(extension)]


def _extensions(run: Run, host: str) -> Iterator[str]:
    """Return which extensions only a superuser can create."""
    variables, seen = run.variables(host), run.seen(host)
    user, database = server_of(seen)["user"], variables["powa_database"]
    missing = [one["name"] for one in plan_archivist(run, host).creatable if is_present(one)]
    missing = [name for name in missing if name not in seen["extensions"]]
    if missing:
        create = "" if server_of(seen)["database"] else 'CREATE DATABASE "{0}" and, in it, '.format(database)
        yield "database {0} lacks the extensions {1}, and role {2} is not a superuser: have one run {3}{4}".format(
            database,
            ", ".join(missing),
            user,
            create,
            "; ".join('CREATE EXTENSION "{0}"'.format(name) for name in missing),
        )


def _roles(run: Run, host: str, server: Mapping[str, Any]) -> Iterator[str]:
    logins: List[Login] = []
    if host in run.fleet["remotes"]:
        logins += plan_remote(run, host)["missing_logins"]
    if host in run.fleet["repositories"]:
        logins += plan_repository(run, host)["missing_logins"]
    roles, may_create = roles_of(run.seen(host)), server.get("createrole")
    passwords = {login["name"]: run.password(host, login["variable"]) for login in logins}
    for name, password in passwords.items():
        if name not in roles:
            if not may_create:
                yield (
                    "role {0} does not exist, and role {1} may not create roles: have a superuser create it with LOGIN"
                    " and the password in the inventory".format(name, server["user"])
                )
        elif not roles[name]["login"]:
            # A role that may create roles can only let it log in, and does not see which password it has.
            if password or not may_create:
                yield (
                    "role {0} cannot log in, and role {1} does not see its password: have a superuser"
                    ' run ALTER ROLE "{0}" LOGIN, and give it the password in the inventory'.format(
                        name, server["user"]
                    )
                )
        elif not may_create:
            yield (
                "role {0} has more power than a mere login, and role {1} may not change that: have a superuser take it"
                " away, or take the role from powa_roles_to_demote".format(name, server["user"])
            )


def _rights(run: Run, host: str) -> Iterator[str]:
    statements: List[str] = []
    if host in run.fleet["remotes"]:
        statements += plan_remote(run, host)["rights"]
    if host in run.fleet["repositories"]:
        statements += plan_repository(run, host)["rights"]
    if statements:
        yield "PoWA's roles lack rights, and role {0} is not a superuser: have one run {1}".format(
            server_of(run.seen(host))["user"], " ".join(statement.rstrip(";") + ";" for statement in statements)
        )


def unseen_parts(run: Run, host: str) -> List[str]:
    """Return what a run goes on without, because PostgreSQL does not show it to the role that Ansible logs in as."""
    variables, server = run.variables(host), server_of(run.seen(host))
    unknown = server.get("unknown") or {}
    if manages(variables) or not unknown:
        return []
    parts = ", ".join(sorted(unknown))
    return [
        "PostgreSQL does not show role {0} everything that the run goes by ({1}), so it takes for granted that"
        " PostgreSQL has loaded what it needs, and lets PoWA's roles in".format(server["user"], parts)
    ]


def markers_by_hand(run: Run, host: str) -> List[str]:
    """Return which marker extensions somebody else has to make, in at most one sentence."""
    variables, missing = run.variables(host), []
    if manages(variables) or not server_of(run.seen(host)):
        return []
    if host in run.fleet["remotes"]:
        missing += plan_markers(plan_remote(run, host)["marked"], run.seen(host), "present", variables).missing
    if host in run.fleet["repositories"]:
        missing += plan_markers(plan_repository(run, host)["marked"], run.seen(host), "present", variables).missing
    if not missing:
        return []
    return [
        "{0}, so the run creates no marker extension for {1}: the datasources work without it, but powa-web 5 says that"
        " they need to be installed, unless powa_marker_extensions is false or somebody copies the files of"
        " the extension from another host".format(why_not(variables), ", ".join(dict.fromkeys(missing)))
    ]
