# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task writes about servers: each kind of it in one statement, however many servers there are."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Set, Tuple, Union

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row, RowChange, write_statements
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import (
    DECLARED_TABLE,
    State,
    read_transient_tables,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.spec import Address
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import servers as texts

#: A server: its number, or where it is about to be registered.
Target = Union[int, Address]

#: Columns with a unique key: a change of one makes the collector's key checks wait, so it is written last.
UNIQUE = ("hostname", "port", "alias")


@dataclass
class ServerWrites:
    """All writes of a task, in the order in which they are made.

    :param deleted: servers that go with their history
    :param changed: the columns of each server that change, but for the unique ones
    :param registered: the columns of new servers
    :param deactivated: stats extensions to switch off
    :param activated: stats extensions to switch on
    :param declared: servers that a task has told of
    :param clear_aliases: servers whose alias another one may get
    :param unique: the unique columns of each server that change
    """

    deleted: List[int] = field(default_factory=list)
    changed: Dict[int, Mapping[str, Any]] = field(default_factory=dict)
    registered: List[Mapping[str, Any]] = field(default_factory=list)
    deactivated: List[Tuple[Target, str]] = field(default_factory=list)
    activated: List[Tuple[Target, str]] = field(default_factory=list)
    declared: List[Target] = field(default_factory=list)
    clear_aliases: List[int] = field(default_factory=list)
    unique: Dict[Target, Mapping[str, Any]] = field(default_factory=dict)
    _rows: Dict[Any, Tuple[str, Row, List[Target]]] = field(default_factory=dict)
    _told: Set[Any] = field(default_factory=set)

    def write_row(self, operation: str, row: Row, target: Target) -> None:
        """Write a row of the registry for a server, once: datasources of one extension share it on PoWA 5.

        :param row: that of any server
        """
        place = row.place_of_any_server
        if (place, target) in self._told:
            return
        self._told.add((place, target))
        kind = (operation, place, repr(sorted(row.values.items())))
        self._rows.setdefault(kind, (operation, row, []))[2].append(target)

    def apply(self, cursor: Any, state: State) -> None:
        """Write all of it; the caller owns the transaction."""
        schema = identifier(state.archivist.schema)
        self._delete(cursor, state)
        if self.changed:
            cursor.execute(_update(texts.UPDATE, schema, self.changed.items()))
        numbers = self._register(cursor, schema)

        def number(target: Target) -> int:
            return target if isinstance(target, int) else numbers[target]

        for text, extensions in (
            (texts.DEACTIVATE_EXTENSIONS, self.deactivated),
            (texts.ACTIVATE_EXTENSIONS, self.activated),
        ):
            if extensions:
                told = [{"srvid": number(target), "name": name} for target, name in extensions]
                cursor.execute(compose(text, schema=schema, extensions=_json(told)))
        rows = [
            RowChange(operation, state.archivist.schema, row, tuple(number(target) for target in targets))
            for operation, row, targets in self._rows.values()
        ]
        for statement in write_statements(rows):
            cursor.execute(statement)
        if self.declared:
            self._declare(cursor, state, [number(target) for target in self.declared])
        if self.clear_aliases:
            cursor.execute(compose(texts.CLEAR_ALIASES, schema=schema, srvids=literal(self.clear_aliases)))
        if self.unique:
            changes = [(number(target), values) for target, values in self.unique.items()]
            cursor.execute(_update(texts.UPDATE_UNIQUE, schema, changes))

    def _delete(self, cursor: Any, state: State) -> None:
        if not self.deleted:
            return
        srvids = literal(self.deleted)
        tables = read_transient_tables(cursor, state.archivist)
        if tables:
            deletions = [
                compose(texts.DELETION, name=identifier("t{0}".format(position)), table=table, srvids=srvids)
                for position, table in enumerate(tables)
            ]
            cursor.execute(compose(texts.DELETE_TRANSIENT_ROWS, deletions=joined(deletions)))
        schema = identifier(state.archivist.schema)
        cursor.execute(compose(texts.DELETE_SERVERS, schema=schema, srvids=srvids))

    def _register(self, cursor: Any, schema: Any) -> Dict[Address, int]:
        if not self.registered:
            return {}
        servers = _json(self.registered)
        cursor.execute(compose(texts.REGISTER, schema=schema, servers=servers))
        addresses = [{column: server[column] for column in ("hostname", "port")} for server in self.registered]
        cursor.execute(compose(texts.NUMBERS, schema=schema, servers=_json(addresses)))
        return {(hostname, port): srvid for hostname, port, srvid in cursor.fetchall()}

    def _declare(self, cursor: Any, state: State, srvids: Sequence[int]) -> None:
        schema = identifier(state.archivist.schema)
        table = identifier(state.archivist.schema, DECLARED_TABLE)
        if state.declared is None:
            cursor.execute(compose(texts.CREATE_DECLARED, schema=schema, table=table))
            cursor.execute(compose(texts.COMMENT_DECLARED, table=table))
        cursor.execute(compose(texts.DECLARE, table=table, srvids=literal(list(srvids))))


def _update(text: str, schema: Any, changes: Iterable[Tuple[int, Mapping[str, Any]]]) -> Any:
    servers = _json([{"id": srvid, "changed": values} for srvid, values in changes])
    return compose(text, schema=schema, changed=compose(texts.CHANGED, schema=schema, servers=servers))


def _json(value: Any) -> Any:
    return literal(json.dumps(value))
