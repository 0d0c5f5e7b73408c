# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The declared datasources of a server as module server_info returns them."""

from __future__ import annotations

from typing import Any, Collection, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    CURRENT,
    HISTORY,
    MARK,
    RECORD,
    TABLE_SUFFIXES,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored_definitions import Definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import RecordType, Table
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import LOCAL, REPOSITORY
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import DRIFT, SERVER_NUMBERS, Visible
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import Table as VisibleTable
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.costs import Held
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.drift import Drift, find_drift
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import info as texts

#: The columns that the search for the last sample needs, whatever else was done to the history tables.
_CURRENT = {"srvid", "record"}
_HISTORY = {"srvid", "coalesce_range"}
#: The parts of a result that tell of samples.
_OF_SAMPLES = (
    *("datasources[].servers[].{0}".format(part) for part in ("has_samples", "last_sample", "recent", "cost")),
    "datasources[].cost",
)


class Sample(NamedTuple):
    """The last sample of a datasource of a server: its time, and its age in seconds, or None if over a day old."""

    time: Optional[str]
    age: Optional[int]


class Samples(NamedTuple):
    """The last samples.

    :param last: by datasource and srvid, only those that have samples
    :param hidden: the datasources whose samples the session's role may not read
    :param readable: those whose tables are there, ours, and readable
    """

    last: Mapping[Tuple[str, int], Sample]
    hidden: Collection[str] = ()
    readable: Sequence[Definition] = ()


def read_names(cursor: Any, archivist: Archivist, definitions: Definitions) -> List[str]:
    """Return the names of all datasources of which the server has anything left."""
    cursor.execute(compose(texts.MARKED_TABLES, mark=literal(MARK), schema=literal(archivist.schema)))
    # The mark alone does not make a table ours.
    marked = {name for name, table in cursor.fetchall() if table.startswith(object_name(name, "_"))}
    return sorted(marked | set(definitions.stored) | set(definitions.damaged))


def read_samples(
    cursor: Any, archivist: Archivist, state: DatasourcesState, definitions: Sequence[Definition], visible: Visible
) -> Samples:
    """Return the last sample of each datasource of each server, in one statement."""
    parts, hidden, readable = [], set(), []
    for definition in definitions:
        tables = [object_name(definition.name, suffix) for suffix in (CURRENT, HISTORY)]
        record = state.catalog.get(RecordType, object_name(definition.name, RECORD))
        if (
            record is None
            or state.catalog.strangers(definition.name)
            or not all(needed <= _columns(state, table) for table, needed in zip(tables, (_CURRENT, _HISTORY)))
        ):
            continue
        if not visible.sees(_OF_SAMPLES, [SERVER_NUMBERS, *map(VisibleTable, tables)]):
            hidden.add(definition.name)
            continue
        readable.append(definition)
        current, history = (identifier(archivist.schema, table) for table in tables)
        parts.append(
            compose(
                texts.SAMPLES,
                name=literal(definition.name),
                current=current,
                history=history,
                schema=identifier(archivist.schema),
            )
        )
    if not parts:
        return Samples({}, hidden)
    cursor.execute(compose(texts.SAMPLES_OF_ALL, samples=joined(parts, texts.EITHER)))
    last = {(name, srvid): Sample(time, age) for name, srvid, time, age in cursor.fetchall()}
    return Samples(last, hidden, readable)


def _columns(state: DatasourcesState, table: str) -> Any:
    found = state.catalog.get(Table, table)
    return {column.name for column in found.object.columns} if found else set()


def returned_datasources(
    cursor: Any,
    names: Sequence[str],
    definitions: Sequence[Definition],
    state: DatasourcesState,
    servers: Sequence[Mapping[str, Any]],
    samples: Samples,
    held: Held,
    tables: Sequence[Mapping[str, Any]],
    params: Mapping[str, Any],
    visible: Visible,
) -> List[Dict[str, Any]]:
    """Return each datasource with its definition, drift, sizes, and what each server has of it."""
    declared = {definition.name: definition for definition in definitions}
    drifts = _drifts(cursor, definitions, state, servers, params, visible)
    sizes = {table["name"]: table["bytes"] for table in tables}
    return [
        {
            "name": name,
            **_definition_and_drift(name, declared.get(name), drifts.get(name), state),
            "servers": _of_servers(name, state, servers, samples, held),
            "bytes": {
                kind: sizes.get(object_name(name, suffix), 0)
                for kind, suffix in zip(("transient", "current", "history"), TABLE_SUFFIXES)
            },
            "cost": held.cost(name),
        }
        for name in names
    ]


def _drifts(
    cursor: Any,
    definitions: Sequence[Definition],
    state: DatasourcesState,
    servers: Sequence[Mapping[str, Any]],
    params: Mapping[str, Any],
    visible: Visible,
) -> Mapping[str, Drift]:
    works_alone = any(server["srvid"] == 0 and server["enabled"] for server in servers)
    return find_drift(
        cursor,
        definitions,
        state,
        params["server_kind"],
        (LOCAL,) if works_alone else (REPOSITORY,),
        params["monitoring_role"],
        params["collector_role"],
        visible.hides("datasources[].server_kind"),
        visible.hides(DRIFT),
    )


def _definition_and_drift(
    name: str, definition: Optional[Definition], drift: Optional[Drift], state: DatasourcesState
) -> Dict[str, Any]:
    return {
        # As it is stored, so that fields of later versions are included.
        "definition": _declaration(state, name) if definition else None,
        "module": definition.module if definition else name,
        "server_kind": list(drift.server_kind) if drift else [],
        "damaged": _damage(state, name),
        "refused": list(drift.refused) if drift else [],
        "drift": [dict(change) for change in drift.changes] if drift else [],
    }


def _declaration(state: DatasourcesState, name: str) -> Dict[str, Any]:
    stored = state.catalog.stored(name)
    return dict(stored.fields) if stored else {}


def _damage(state: DatasourcesState, name: str) -> Optional[str]:
    damaged = state.catalog.damaged(name)
    if damaged is None:
        return None
    # The problem that reports it names the cure.
    return "the comment of {0} should hold the definition, found {1}".format(damaged.object, damaged.found)


def _of_servers(
    name: str, state: DatasourcesState, servers: Sequence[Mapping[str, Any]], samples: Samples, held: Held
) -> List[Dict[str, Any]]:
    waiting = state.paused(name)
    return [
        {
            **_of_server(server, name, server["srvid"] in waiting, samples),
            **held.of_server(name, server["srvid"]),
        }
        for server in servers
        if name in server["datasources"]
    ]


def _of_server(server: Mapping[str, Any], name: str, is_paused: bool, samples: Samples) -> Dict[str, Any]:
    sample = samples.last.get((name, server["srvid"]))
    return {
        "srvid": server["srvid"],
        "name": server["name"],
        "enabled": server["datasources"][name],
        "paused": is_paused,
        "has_samples": None if name in samples.hidden else sample is not None,
        "last_sample": sample.time if sample else None,
        "age": sample.age if sample else None,
    }
