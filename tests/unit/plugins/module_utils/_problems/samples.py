# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What module server_info returns of a server without problems, but for what a test changes."""

from __future__ import annotations


def server(srvid=1, name="one", **changes):
    return {
        "srvid": srvid,
        "name": name,
        "enabled": True,
        "frequency": 300,
        "powa_version": None,
        "password_stored": False,
        "extensions": {},
        "errors": [],
        "snapshots": {"age": 7, "last": "2026-03-01T12:00:05Z"},
        **changes,
    }


def datasource(name="locks", **changes):
    tables = {"transient": 0, "current": 0, "history": 0}
    nothing = {"damaged": None, "refused": [], "drift": [], "servers": [], "bytes": tables, "cost": None}
    nothing["definition"] = {}
    return {"name": name, **nothing, **changes}


def of_server(**changes):
    """What a datasource has of server one."""
    right = {"enabled": True, "paused": False, "has_samples": True, "recent": None, "cost": None}
    return {"srvid": 1, "name": "one", **right, **changes}


def recent(**changes):
    """The latest samples of a datasource of a server."""
    usual = {"snapshots": 5, "rows": 8, "duplicates": 0, "databases": None, "interval": 300.0, "read": 40}
    return {**usual, "sampled": False, **changes}


def collector(*workers, **changes):
    """A collector that answers, and the srvid, server and status of each of its workers."""
    listed = [{"srvid": srvid, "server": name, "status": status} for srvid, name, status in workers]
    return {"answers": True, "message": None, "restart_required": False, "workers": listed, **changes}


def role(**changes):
    right = {"present": True, "login": True, "superuser": False, "reads_statistics": True, "settings": {}}
    return {"name": "monitor", **right, **changes}


def collecting(**settings):
    """The roles, of which the collector's has settings."""
    return [role(), role(name="collector", settings=settings)]


def found(**changes):
    return {
        "database": "powa",
        "powa_version": "5.0.2",
        "powa_schema": "public",
        "server_kind": ["remote", "repository"],
        "monitoring_role": "monitor",
        "collector_role": "collector",
        "roles": [role()],
        "libraries": {"loaded": ["pg_stat_statements"], "configured": ["pg_stat_statements"]},
        "pending_restart": [],
        "disk_free": None,
        "expected_costs": [],
        "extensions": [{"name": "powa"}, {"name": "pg_stat_statements"}],
        "servers": [server()],
        "datasources": [datasource(servers=[of_server()])],
        "impostors": [],
        "transient_rows": [],
        "schema_creators": [],
        "collector": collector((1, "one", "running")),
        **changes,
    }


def identities(problems):
    """The identity of each problem, with the kind as its word."""
    return [(problem.kind.value, *problem.identity[1:]) for problem in problems]
