# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server as it is: PoWA, its settings, servers, datasources and collector, read in a fixed number of statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._collector.channel import Collector, at_work
from ansible_collections.pgfleet.powa.plugins.module_utils._collector.reconcile import read_last_srvid
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection, connected
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import (
    compose,
    dicts,
    identifier,
    joined,
    literal,
    raw,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import read_state
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored_definitions import read_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.creators import read_creators
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.detect import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.libraries import read_libraries
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import LOCAL, REMOTE, REPOSITORY, Side
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import (
    NUMBERS,
    SERVERS,
    Table,
    Visible,
    read_visible,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.find import find_problems
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.hindering import HINDERING
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.costs import Held, free_bytes, read_held
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.impostors import returned_impostors
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.info_datasources import (
    read_names,
    read_samples,
    returned_datasources,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.info_servers import read_servers
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import archivist as archivist_texts
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import info as texts

if TYPE_CHECKING:
    from ansible_collections.pgfleet.powa.plugins.module_utils._readers.expected_costs import Asked

#: What is known of a database without PoWA.
_WITHOUT_POWA: Dict[str, Any] = {
    "powa_version": None,
    "powa_schema": None,
    "server_kind": [],
    "servers": [],
    "datasources": [],
    "expected_costs": [],
    "tables": [],
    "impostors": [],
    "transient_rows": [],
    "schema_creators": [],
    "collector": None,
}


def look(params: Mapping[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Return all that module server_info returns. The session is read-only, and nothing is changed in any mode.

    :raises PowaError: when the database cannot be reached, or has a PoWA that this collection does not know
    """
    asked = _asked(params)
    subject, wrong = ("the datasources", asked.problems) if asked else ("", ())
    with connected(params, True, subject, wrong, ("datasources",)) as connection:
        is_on_this_host = connection.is_on_this_host
        found, visible, last_srvid = connection.read(lambda cursor: _read(cursor, params, is_on_this_host, asked))
        remotes = [server for server in found["servers"] if server["srvid"]]
        if remotes and params["collector_timeout"] > 0 and not found["standby"]:
            found["collector"] = _ask_collector(connection, remotes, last_srvid, params["collector_timeout"])
    found["not_visible"] = visible.returned()
    return {"changed": False, **found, "problems": find_problems(found)}


def _asked(params: Mapping[str, Any]) -> Optional[Asked]:
    """Return the datasources that the task asks the costs of, if it does."""
    if params["datasources"] is None:
        if params["remote_results"]:
            raise PowaError(
                "remote_results: found results of remotes without datasources that they are about: give datasources,"
                " or leave the results out"
            )
        return None
    # A host compiles whatever a task imports, each time, and few tasks ask.
    from ansible_collections.pgfleet.powa.plugins.module_utils._readers.expected_costs import parse_asked

    return parse_asked(params)


def _read(
    cursor: Any, params: Mapping[str, Any], is_on_this_host: bool, asked: Optional[Asked]
) -> Tuple[Dict[str, Any], Visible, int]:
    """Return what the server says, what the role sees of it, and the number of the server registered last."""
    visible = read_visible(cursor)
    found = _read_server(cursor, params, visible, is_on_this_host)
    cursor.execute(archivist_texts.FIND_POWA)
    if cursor.fetchone()[0] is None:
        if asked:
            asked.refuse()
        return {**found, **_WITHOUT_POWA}, visible, 0
    archivist = detect_archivist(cursor, visible)
    found.update(_read_powa(cursor, archivist, found, params, visible, asked))
    return found, visible, _read_last_srvid(cursor, archivist, found["servers"], visible)


def _read_server(cursor: Any, params: Mapping[str, Any], visible: Visible, is_on_this_host: bool) -> Dict[str, Any]:
    visible.sees_server()
    facts = compose(texts.FACTS, sees_size=literal(visible.size), sees_settings=literal(visible.settings))
    cursor.execute(facts)
    (found,) = dicts(cursor)
    folder = found.pop("folder")
    found["disk_free"] = free_bytes(folder, is_on_this_host) if params["disk_free"] is None else params["disk_free"]
    libraries = read_libraries(cursor)
    found["libraries"] = {"loaded": list(libraries.loaded), "configured": list(libraries.configured)}
    cursor.execute(texts.EXTENSIONS)
    found["extensions"] = dicts(cursor)
    # In the order of the options; one role may be both.
    roles = dict.fromkeys(params[option] for option in ("monitoring_role", "collector_role") if params[option])
    cursor.execute(compose(texts.ROLES, names=literal(list(roles)), hindering=literal(list(HINDERING))))
    found["roles"] = dicts(cursor)
    found["monitoring_role"] = params["monitoring_role"]
    found["collector_role"] = params["collector_role"]
    return found


def _read_powa(
    cursor: Any,
    archivist: Archivist,
    found: Mapping[str, Any],
    params: Mapping[str, Any],
    visible: Visible,
    asked: Optional[Asked],
) -> Dict[str, Any]:
    sees_kind = bool(params["server_kind"]) or _sees_kind(archivist, visible)
    stored = read_definitions(cursor, archivist)
    names = read_names(cursor, archivist, stored)
    definitions = [stored.stored[name].definition for name in sorted(stored.stored)]
    monitoring_role, collector_role = params["monitoring_role"] or None, params["collector_role"] or None
    state = read_state(cursor, names, definitions, Side((), monitoring_role, collector_role), visible)
    servers = read_servers(cursor, archivist, state, definitions, found, visible)
    tables = _read_tables(cursor, archivist, visible)
    samples = read_samples(cursor, archivist, state, definitions, visible)
    held = read_held(cursor, archivist, state, samples.readable, servers, samples.last)
    server_kind = list(params["server_kind"] or _server_kind(servers, params["monitoring_role"], sees_kind))
    return {
        "powa_version": archivist.version_text,
        "powa_schema": archivist.schema,
        "server_kind": server_kind,
        "servers": servers,
        "datasources": returned_datasources(
            cursor, names, definitions, state, servers, samples, held, tables, params, visible
        ),
        "expected_costs": _expected_costs(cursor, asked, server_kind, held, visible),
        "tables": [{"name": table["name"], "bytes": table["bytes"]} for table in tables],
        "impostors": returned_impostors(stored.impostors, names),
        "transient_rows": _read_transient_rows(cursor, archivist, tables, visible),
        "schema_creators": [
            {"role": creator.role, "cure": creator.cure(found["database"])}
            for creator in read_creators(cursor, archivist.schema)
        ],
        "collector": None,
    }


def _expected_costs(
    cursor: Any, asked: Optional[Asked], server_kind: Sequence[str], held: Held, visible: Visible
) -> List[Dict[str, Any]]:
    if asked is None:
        return []
    from ansible_collections.pgfleet.powa.plugins.module_utils._readers.expected_costs import read_costs_of

    return read_costs_of(cursor, asked, server_kind, held, visible)


def _sees_kind(archivist: Archivist, visible: Visible) -> bool:
    """Return whether the session's role sees what tells the kind of a server."""
    tables = [Table(table.name) for table in archivist.registry_tables([])]
    of_datasources = visible.sees(["datasources[].server_kind"], [SERVERS, *tables])
    return visible.sees(["server_kind"], [SERVERS]) and of_datasources


def _read_last_srvid(cursor: Any, archivist: Archivist, servers: Sequence[Mapping[str, Any]], visible: Visible) -> int:
    """Return the highest number that a server had, or has: the collector may have a worker for one that was removed."""
    remotes = [server["srvid"] for server in servers if server["srvid"]]
    if remotes and visible.sees(["collector.workers"], [NUMBERS]):
        return read_last_srvid(cursor, archivist)
    return max(remotes, default=0)


def _read_tables(cursor: Any, archivist: Archivist, visible: Visible) -> List[Dict[str, Any]]:
    schema = identifier(archivist.schema)
    sees_others = visible.sees(["tables", "transient_rows"], [Table("powa_functions")])
    registered = compose(texts.REGISTERED, schema=schema) if sees_others else raw("false")
    cursor.execute(compose(texts.TABLES, schema_name=literal(archivist.schema), registered=registered))
    return dicts(cursor)


def _server_kind(servers: Sequence[Mapping[str, Any]], monitoring_role: Optional[str], sees_kind: bool) -> List[str]:
    """Infer from the registered servers what this server is: without any of its own, it is a remote."""
    kind = [REMOTE] if monitoring_role else []
    if any(server["srvid"] for server in servers):
        kind.append(REPOSITORY)
    if any(server["srvid"] == 0 and server["enabled"] for server in servers):
        kind.append(LOCAL)
    return kind or ([REMOTE] if sees_kind else [])


def _read_transient_rows(
    cursor: Any, archivist: Archivist, tables: Sequence[Mapping[str, Any]], visible: Visible
) -> List[Dict[str, Any]]:
    """Return what was left behind in transient tables that may hold anything, by table and server."""
    parts = [
        compose(texts.TRANSIENT_ROWS, name=literal(table["name"]), table=identifier(archivist.schema, table["name"]))
        for table in tables
        if table["transient"]
        and table["has_times"]
        and table["live_rows"]
        and visible.sees(["transient_rows"], [Table(table["name"], ("srvid", "ts"))])
    ]
    if not parts:
        return []
    cursor.execute(joined(parts, texts.EITHER))
    return [
        {"table": table, "srvid": srvid, "rows": rows, "oldest_age": age}
        for table, srvid, rows, age in cursor.fetchall()
    ]


def _ask_collector(
    connection: Connection, servers: Sequence[Mapping[str, Any]], last_srvid: int, timeout: int
) -> Dict[str, Any]:
    """Return what the collector says about its workers, or that it does not answer."""
    names = {server["srvid"]: server["name"] for server in servers}
    enabled = {server["srvid"] for server in servers if server["enabled"]}
    workers: Dict[int, str] = {}
    message: Optional[str] = None
    try:
        workers = Collector(connection, timeout).workers(range(1, last_srvid + 1))
    except PowaError as error:
        message = str(error)
    return {
        "answers": message is None,
        "message": message,
        "workers": [
            {"srvid": srvid, "server": names.get(srvid, "removed"), "status": status}
            for srvid, status in sorted(workers.items())
        ],
        "reload_required": message is None and not enabled <= at_work(workers),
        "restart_required": not set(workers) <= enabled,
    }
