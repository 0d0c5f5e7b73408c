# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers of a repository as module server_info returns them."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, dicts, identifier
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import LOCAL_NAME, NEVER
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import (
    SERVER_NUMBERS,
    SNAPSHOTS,
    Table,
    Visible,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.running import UNKNOWN, read_running
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import Active, read_active, read_extensions
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import info as texts

_NEVER: Dict[str, Any] = {"sequence": 0, "last": None, "last_aggregate": None, "last_purge": None, "age": None}


def read_servers(
    cursor: Any,
    archivist: Archivist,
    state: DatasourcesState,
    definitions: Sequence[Definition],
    found: Mapping[str, Any],
    visible: Visible,
) -> List[Dict[str, Any]]:
    """Return the servers, the local one first if there is one. They show only whether a password is stored.

    :param found: what is known about the server that holds the repository
    """
    extensions = datasources = Active(())
    if visible.sees(["servers[].extensions"], [SERVER_NUMBERS, *map(Table, archivist.tables_of_extensions)]):
        extensions = read_extensions(cursor, archivist)
    of_datasources = ["servers[].datasources", "datasources[].servers"]
    if visible.sees(of_datasources, list(map(Table, archivist.tables_of_datasources))):
        datasources = read_active(cursor, archivist, definitions)
    versions = _read_versions(cursor, archivist, visible)
    snapshots = _read_snapshots(cursor, archivist, visible)
    running = read_running(cursor, archivist, state.servers, visible)
    servers = [_local_server(archivist, found, extensions)] if state.local_mode else []
    servers += [
        _remote_server(server.srvid, server.name, server.values, versions.get(server.srvid, {}), extensions)
        for server in state.servers
    ]
    for server in servers:
        srvid = server["srvid"]
        server["datasources"] = {
            name: name in datasources.active(srvid) for name in sorted(datasources.registered(srvid))
        }
        snapshot = dict(snapshots.get(srvid, dict(_NEVER, errors=[])))
        server["errors"] = snapshot.pop("errors")
        server["snapshots"] = {**snapshot, **running.get(srvid, UNKNOWN)._asdict()}
    return servers


def _read_versions(cursor: Any, archivist: Archivist, visible: Visible) -> Dict[int, Dict[str, str]]:
    """Return the versions that the collector has seen of each server's extensions."""
    versions: Dict[int, Dict[str, str]] = {}
    tables = list(map(Table, archivist.tables_of_versions))
    if visible.sees(["servers[].extensions", "servers[].powa_version"], tables):
        cursor.execute(compose(archivist.extension_versions, schema=identifier(archivist.schema)))
        for srvid, name, version in cursor.fetchall():
            versions.setdefault(srvid, {})[name] = version
    return versions


def _read_snapshots(cursor: Any, archivist: Archivist, visible: Visible) -> Dict[int, Dict[str, Any]]:
    """Return what was recorded of each server's last snapshot."""
    if not visible.sees(["servers[].snapshots", "servers[].errors"], [SNAPSHOTS]):
        return {}
    cursor.execute(compose(texts.SNAPSHOTS, schema=identifier(archivist.schema)))
    return {row.pop("srvid"): row for row in dicts(cursor)}


def _remote_server(
    srvid: int, name: str, values: Mapping[str, Any], versions: Mapping[str, str], extensions: Active
) -> Dict[str, Any]:
    retention = float(values["retention_seconds"])
    return {
        "srvid": srvid,
        "name": name,
        **{column: values[column] for column in ("hostname", "port", "alias", "username", "dbname", "frequency")},
        "coalesce": values["powa_coalesce"],
        "retention": values["retention"],
        # PostgreSQL 17 and later know endless intervals.
        "retention_seconds": int(retention) if math.isfinite(retention) else None,
        "allow_ui_connection": values["allow_ui_connection"],
        "password_stored": values["password_stored"],
        "enabled": values["frequency"] != NEVER,
        "postgresql_version": (values.get("version") or "").split(" ")[0] or None,
        "powa_version": versions.get("powa"),
        "extensions": {extension: versions.get(extension) for extension in sorted(extensions.active(srvid))},
    }


def _local_server(archivist: Archivist, found: Mapping[str, Any], extensions: Active) -> Dict[str, Any]:
    """The local server is described by settings, and its extensions are those of this database."""
    settings = found["settings"]
    installed = {extension["name"]: extension["version"] for extension in found["extensions"]}
    frequency = _seconds(settings.get("powa.frequency"))
    return {
        "srvid": 0,
        "name": LOCAL_NAME,
        **dict.fromkeys(("hostname", "port", "alias", "username"), None),
        "dbname": settings.get("powa.database"),
        "frequency": frequency,
        "coalesce": int(settings.get("powa.coalesce") or 0),
        "retention": settings.get("powa.retention"),
        "retention_seconds": max(0, _seconds(settings.get("powa.retention"))),
        "allow_ui_connection": True,
        "password_stored": False,
        # The background worker works in one database.
        "enabled": frequency != NEVER and settings.get("powa.database") == found["database"],
        "postgresql_version": found["postgresql_version"].split(" ")[0],
        "powa_version": archivist.version_text,
        "extensions": {name: installed.get(name) for name in sorted(extensions.active(0))},
    }


_UNITS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}


def _seconds(setting: Optional[str]) -> int:
    """Return a setting in seconds that PostgreSQL shows so: C(5min), C(1500ms), C(-1)."""
    text = setting or str(NEVER)
    number = text.rstrip("".join(sorted(set("".join(_UNITS)))))
    seconds = int(number) * _UNITS.get(text[len(number) :], 0.001)
    return NEVER if seconds < 0 else max(1, round(seconds))
