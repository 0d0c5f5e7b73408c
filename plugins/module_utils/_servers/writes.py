# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The writes about servers. Those of one task are made together, each kind in one statement for all servers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    Mapping,
    Optional,
    Sequence,
    Set,
    Tuple,
    Type,
    TypeVar,
    Union,
)

from ansible_collections.pgfleet.powa.plugins.module_utils._core import secrets
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Batch
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.row_changes import RowChange, write_statements
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import DECLARED_TABLE, read_transient_tables
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.spec import Address
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import servers as texts

if TYPE_CHECKING:
    from ansible_collections.pgfleet.powa.plugins.module_utils._servers.registering import Extension

#: A server: its number, or the address that it is about to be registered with.
Target = Union[int, Address]

#: Columns with a unique key: a change of one blocks the collector's foreign key checks, so it is written last.
UNIQUE = ("hostname", "port", "alias")


@dataclass(frozen=True)
class ServerWrite(Batch):
    """One write about a server of the repository."""

    archivist: Archivist

    @classmethod
    def family(cls) -> Type[Batch]:
        return ServerWrite

    @staticmethod
    def run(cursor: Any, writes: Sequence["ServerWrite"]) -> None:
        _Run(cursor, writes).all()


@dataclass(frozen=True)
class DeleteServer(ServerWrite):
    """Deletes a server with its history."""

    srvid: int


@dataclass(frozen=True)
class ChangeServer(ServerWrite):
    """Changes columns of a server, except the unique ones."""

    srvid: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class RegisterServer(ServerWrite):
    """Registers a new server with all of its columns."""

    values: Mapping[str, Any]


@dataclass(frozen=True)
class SetPassword(ServerWrite):
    """Stores the password of a server, or removes it."""

    target: Target
    password: Optional[str] = field(repr=False)


@dataclass(frozen=True)
class SetExtension(ServerWrite):
    """Activates or deactivates a stats extension of a server."""

    target: Target
    name: str
    active: bool


@dataclass(frozen=True)
class WriteRow(ServerWrite):
    """Writes a row of the registry for a server.

    :param operation: C(INSERT) or C(UPDATE)
    :param row: the row of any one server
    """

    target: Target
    operation: str
    row: Row


@dataclass(frozen=True)
class DeclareServer(ServerWrite):
    """Remembers that a task has declared a server.

    :param create_table: whether the table for that has yet to be created
    """

    target: Target
    create_table: bool


@dataclass(frozen=True)
class ClearAlias(ServerWrite):
    """Clears a server's alias before new ones are written, since another server may get it."""

    srvid: int


@dataclass(frozen=True)
class ChangeUnique(ServerWrite):
    """Changes columns of a server that have a unique key."""

    target: Target
    values: Mapping[str, Any]


WriteKind = TypeVar("WriteKind", bound=ServerWrite)


class _Run:
    """Makes all writes of a task in the order that foreign keys and the collector need."""

    def __init__(self, cursor: Any, writes: Sequence[ServerWrite]) -> None:
        self.cursor = cursor
        self.writes = writes
        self.archivist = writes[0].archivist
        self.schema = identifier(self.archivist.schema)
        # A host compiles whatever a task imports, each time, and most tasks write nothing.
        from ansible_collections.pgfleet.powa.plugins.module_utils._servers.registering import registering

        self.registering = registering(cursor, self.archivist)
        self.numbers: Dict[Address, int] = {}

    def all(self) -> None:
        self._delete()
        self._update(texts.UPDATE, [(write.srvid, write.values) for write in self._of(ChangeServer)])
        self._register()
        self._set_passwords()
        self._set_extensions(False, self.registering.deactivate)
        self._set_extensions(True, self.registering.activate)
        self._write_rows()
        self._declare()
        cleared = [write.srvid for write in self._of(ClearAlias)]
        if cleared:
            self._execute(texts.CLEAR_ALIASES, srvids=literal(cleared))
        unique = [(self._number(write.target), write.values) for write in self._of(ChangeUnique)]
        self._update(texts.UPDATE_UNIQUE, unique)

    def _of(self, kind: Type[WriteKind]) -> List[WriteKind]:
        return [write for write in self.writes if isinstance(write, kind)]

    def _execute(self, text: str, **parts: Any) -> None:
        self.cursor.execute(compose(text, schema=self.schema, **parts))

    def _call(self, text: str, **parts: Any) -> None:
        """Run a statement that only calls a function of PoWA."""
        with self.archivist.own_search_path(self.cursor):
            self._execute(text, **parts)

    def _number(self, target: Target) -> int:
        return target if isinstance(target, int) else self.numbers[target]

    def _delete(self) -> None:
        deleted = [write.srvid for write in self._of(DeleteServer)]
        if not deleted:
            return
        srvids = literal(deleted)
        tables = read_transient_tables(self.cursor, self.archivist)
        if tables:
            deletions = [
                compose(texts.DELETION, name=identifier("t{0}".format(position)), table=table, srvids=srvids)
                for position, table in enumerate(tables)
            ]
            self.cursor.execute(compose(texts.DELETE_TRANSIENT_ROWS, deletions=joined(deletions)))
        self._call(texts.DELETE_SERVERS, srvids=srvids)

    def _update(self, text: str, changes: Iterable[Tuple[int, Mapping[str, Any]]]) -> None:
        servers = [{"id": srvid, "changed": values} for srvid, values in changes]
        if servers:
            self._execute(text, changed=compose(texts.CHANGED, schema=self.schema, servers=_json(servers)))

    def _register(self) -> None:
        registered = [write.values for write in self._of(RegisterServer)]
        if registered:
            self.numbers = self.registering.register(registered)

    def _set_passwords(self) -> None:
        passwords = {self._number(write.target): write.password for write in self._of(SetPassword)}
        if passwords:
            secrets.hush(self.cursor)
            secrets.put(self.cursor, passwords)
            self._execute(texts.SET_PASSWORDS)

    def _set_extensions(self, active: bool, write: Callable[[Sequence[Extension]], None]) -> None:
        from ansible_collections.pgfleet.powa.plugins.module_utils._servers.registering import Extension

        extensions = [
            Extension(self._number(made.target), made.name) for made in self._of(SetExtension) if made.active == active
        ]
        if extensions:
            write(extensions)

    def _write_rows(self) -> None:
        """Write each row of a server once: datasources of one extension share it on PoWA 5."""
        rows: Dict[Any, Tuple[WriteRow, List[int]]] = {}
        written: Set[Any] = set()
        for write in self._of(WriteRow):
            place, srvid = write.row.place_of_any_server, self._number(write.target)
            if (place, srvid) in written:
                continue
            written.add((place, srvid))
            kind = (write.operation, place, repr(sorted(write.row.values.items())))
            rows.setdefault(kind, (write, []))[1].append(srvid)
        changes = [
            RowChange(write.operation, self.archivist.schema, write.row, tuple(srvids))
            for write, srvids in rows.values()
        ]
        for statement in write_statements(changes):
            self.cursor.execute(statement)

    def _declare(self) -> None:
        declared = self._of(DeclareServer)
        if not declared:
            return
        table = identifier(self.archivist.schema, DECLARED_TABLE)
        if declared[0].create_table:
            self._execute(texts.CREATE_DECLARED, table=table)
            self._execute(texts.COMMENT_DECLARED, table=table)
        srvids = [self._number(write.target) for write in declared]
        self._execute(texts.DECLARE, table=table, srvids=literal(srvids))


def _json(value: Any) -> Any:
    return literal(json.dumps(value))
