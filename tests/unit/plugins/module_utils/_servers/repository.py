# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repository with servers, to build test inputs from."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import Active, ServersState, address_of
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.spec import parse_servers
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import ALPHA, BETA, POWA_5

EXTENSIONS = ("pg_qualstats", "pg_wait_sampling")


def repository(archivist=POWA_5, servers=(ALPHA, BETA), definitions=(), **changes):
    """Return a repository whose servers have no extension and no datasource active."""
    parts = {
        "archivist": archivist,
        "servers": {address_of(server): server for server in servers},
        "extensions": Active([(name, False, [server.srvid for server in servers]) for name in EXTENSIONS]),
        "definitions": {declared.name: declared for declared in definitions},
        "damaged": {},
        "datasources": Active([]),
        "declared": frozenset(server.srvid for server in servers),
    }
    return ServersState(**dict(parts, **changes))


def specs(*servers):
    """Return servers of a task."""
    parsed, problems = parse_servers([dict({"port": 5432}, **server) for server in servers])
    assert problems == []
    return parsed
