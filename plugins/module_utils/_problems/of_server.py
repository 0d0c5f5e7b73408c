# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a server itself: its PoWA, libraries and monitoring role."""

from __future__ import annotations

from typing import Iterator

from ansible_collections.pgfleet.powa.plugins.module_utils._host.preload import PRELOADED
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import LOCAL, REMOTE
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.problem import SITE, Found, Problem, is_hidden


def powa_problems(found: Found) -> Iterator[Problem]:
    """Return whether PoWA is missing."""
    if found["powa_version"] is None:
        yield Problem(
            Kind.POWA_ABSENT,
            'database "{0}" has no extension powa'.format(found["database"]),
            "it was not created there, or was dropped",
            "{0}, or create the extension with module pgfleet.powa.extensions".format(SITE),
            subject="powa",
        )


def schema_problems(found: Found) -> Iterator[Problem]:
    """Return roles other than superusers that can create objects in PoWA's schema."""
    for creator in found["schema_creators"]:
        role = creator["role"]
        yield Problem(
            Kind.SCHEMA_OPEN,
            '{0} may create objects in PoWA\'s schema "{1}"'.format(
                'role "{0}"'.format(role) if role else "PUBLIC", found["powa_schema"]
            ),
            "whoever runs PoWA's functions with that schema in the search_path may run those objects, too"
            + (" (PostgreSQL 13 and 14 give this right to PUBLIC in schema public)" if not role else ""),
            creator["cure"],
            subject=role or "public",
        )


def library_problems(found: Found) -> Iterator[Problem]:
    """Return libraries that are not loaded, and settings that wait for a restart."""
    loaded, configured = found["libraries"]["loaded"], found["libraries"]["configured"]
    installed = [extension["name"] for extension in found["extensions"] if extension["name"] in PRELOADED]
    # A mere repository runs no queries of others, and needs no statistics of its own.
    needed = installed if {REMOTE, LOCAL} & set(found["server_kind"]) or found["powa_version"] is None else []
    # Libraries that only a file names may be among those that wait for a restart.
    unknown = is_hidden(found, "libraries.configured") and "shared_preload_libraries" in found["pending_restart"]
    for name in needed if not unknown and not is_hidden(found, "libraries.loaded") else ():
        if name not in configured:
            yield Problem(
                Kind.LIBRARY_NOT_PRELOADED,
                "extension {0} is installed, but its library is not preloaded".format(name),
                "shared_preload_libraries is '{0}'".format(", ".join(configured)),
                "{0} with powa_stats_extensions naming it, or add it to shared_preload_libraries, and restart"
                " PostgreSQL".format(SITE),
                subject=name,
            )
    waiting = [name for name in configured if name not in loaded]
    settings = [name for name in found["pending_restart"] if name != "shared_preload_libraries" or not waiting]
    if waiting or settings:
        yield Problem(
            Kind.RESTART_PENDING,
            "a restart of PostgreSQL is pending for {0}".format(
                ", ".join(["library " + name for name in waiting] + settings)
            ),
            "its files were changed since it was started",
            "restart PostgreSQL (systemctl restart postgresql)"
            + (", or {0} with powa_restart_postgresql: true".format(SITE) if waiting else ""),
        )


def role_problems(found: Found) -> Iterator[Problem]:
    """Return what the monitoring role lacks or has too much."""
    for role in found["roles"]:
        if role["name"] != found["monitoring_role"] or REMOTE not in found["server_kind"]:
            continue
        name = role["name"]
        if not role["present"]:
            yield Problem(
                Kind.MONITORING_ROLE_ABSENT,
                'monitoring role "{0}" does not exist'.format(name),
                "it was not created, or was dropped",
                "{0}, which makes powa_monitoring_role".format(SITE),
                subject=name,
            )
        elif role["superuser"]:
            yield Problem(
                Kind.MONITORING_ROLE_SUPERUSER,
                'monitoring role "{0}" is a superuser'.format(name),
                "somebody made it one, and whoever has the collector's passwords may do anything on this server",
                'ALTER ROLE "{0}" NOSUPERUSER, and {1} for the rights that it needs'.format(name, SITE),
                subject=name,
            )
        elif not role["reads_statistics"]:
            yield Problem(
                Kind.MONITORING_ROLE_RIGHTS,
                'monitoring role "{0}" is not a member of pg_read_all_stats'.format(name),
                "it sees the statements of other roles as <insufficient privilege>",
                'GRANT pg_read_all_stats TO "{0}", or {1}'.format(name, SITE),
                subject=name,
            )
        if role["present"] and not role["login"]:
            yield Problem(
                Kind.MONITORING_ROLE_LOGIN,
                'monitoring role "{0}" cannot log in'.format(name),
                "it has NOLOGIN",
                'ALTER ROLE "{0}" LOGIN, or {1}'.format(name, SITE),
                subject=name,
            )
