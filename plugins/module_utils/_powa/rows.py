# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of PoWA's own tables, as wanted and as they are, and what writes any number of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import rows as texts

INSERT = "insert"
UPDATE = "update"
DELETE = "delete"

#: The tables of the registry of PoWA 4 and 5, each after those that it has keys to.
_TABLES = (
    "powa_extensions",
    "powa_functions",
    "powa_extension_functions",
    "powa_extension_config",
    "powa_db_modules",
    "powa_db_module_functions",
    "powa_db_module_src_queries",
    "powa_db_module_config",
)

#: The columns that name a module of PoWA 4, an extension of PoWA 5, or a module of databases.
_MODULE_COLUMNS = ("module", "extname", "db_module")

#: The column that tells the servers of a row apart.
_SERVER = "srvid"


@dataclass(frozen=True)
class RowTable:
    """A table and the part of it that is looked at: rows whose C(column) is one of C(values)."""

    name: str
    key: Tuple[str, ...]
    column: str
    values: Tuple[str, ...]

    def read(self, cursor: Any, schema: str) -> List["Row"]:
        """Read the rows in one statement."""
        cursor.execute(
            compose(
                texts.READ,
                table=identifier(schema, self.name),
                column=identifier(self.column),
                values=literal(list(self.values)),
            )
        )
        rows = []
        for row, srvids in cursor.fetchall():
            key = {column: row.pop(column) for column in self.key if column != _SERVER}
            rows += [Row(self.name, _with_server(key, srvid), row) for srvid in srvids]
        return rows


@dataclass(frozen=True)
class Row:
    """One row. As wanted, it has only the values that matter; all others are the table's defaults."""

    table: str
    key: Mapping[str, Any]
    values: Mapping[str, Any]

    @cached_property
    def place(self) -> Tuple[Any, ...]:
        """What no other row has: its table and key."""
        return (self.table, *(self.key[column] for column in sorted(self.key)))

    @property
    def place_of_any_server(self) -> Tuple[Any, ...]:
        """The same without the server."""
        return (self.table, *(self.key[column] for column in sorted(self.key) if column != _SERVER))

    @property
    def srvid(self) -> Optional[int]:
        """The server that it is about, or None where it is about none."""
        return self.key.get(_SERVER)

    @cached_property
    def module(self) -> str:
        """The name that the registry has the row under."""
        return str(next(self.key[column] for column in _MODULE_COLUMNS if column in self.key))

    @property
    def function(self) -> Optional[str]:
        """The function that the row registers, or None where it is about all of a module."""
        function = self.key.get("function_name") or self.values.get("function_name")
        return None if function is None else str(function)

    def identity(self, srvids: Sequence[Optional[int]]) -> str:
        """Return the name in a diff of this row of all these servers."""
        key = dict(self.key)
        if _SERVER in key:
            key[_SERVER] = _ranges(sorted(srvid for srvid in srvids if srvid is not None))
        return "row {0} ({1})".format(
            self.table, ", ".join("{0}={1}".format(column, value) for column, value in sorted(key.items()))
        )

    def describe(self, like: Mapping[str, Any]) -> str:
        """Return the values of the columns that C(like) has, one on a line."""
        return "\n".join("{0}: {1}".format(column, self.values.get(column)) for column in sorted(like))

    def differs(self, wanted: "Row") -> bool:
        """Whether a wanted value is not what this row has."""
        return any(self.values.get(column) != value for column, value in wanted.values.items())


@dataclass(frozen=True)
class RowChange:
    """The same change of a row of several servers.

    :param operation: C(INSERT), C(UPDATE) or C(DELETE)
    :param schema: that of the table
    :param row: that of any of the servers
    :param srvids: the servers; of a row that is about none, just None
    """

    operation: str
    schema: str
    row: Row
    srvids: Tuple[Optional[int], ...]


#: Operation, schema, table and columns of changes that one statement makes.
_Kind = Tuple[str, str, str, Tuple[str, ...]]


def write_statements(changes: Iterable[RowChange]) -> List[Any]:
    """Return the statements that make all changes: one for each operation, table and set of columns.

    What goes, goes first, and what keys of other tables refer to goes last and comes first.
    """
    kinds: Dict[_Kind, List[RowChange]] = {}
    for change in changes:
        columns = () if change.operation == DELETE else tuple(change.row.values)
        kinds.setdefault((change.operation, change.schema, change.row.table, columns), []).append(change)
    return [_statement(kind, kinds[kind]) for kind in sorted(kinds, key=_turn)]


def _turn(kind: _Kind) -> Tuple[bool, int]:
    operation, _schema, table, _columns = kind
    position = _TABLES.index(table)
    return (operation != DELETE, -position if operation == DELETE else position)


def _statement(kind: _Kind, changes: Sequence[RowChange]) -> Any:
    operation, schema, name, columns = kind
    table = identifier(schema, name)
    told = [
        {"row": dict(change.row.key, **change.row.values), "srvids": [srvid or 0 for srvid in change.srvids]}
        for change in changes
    ]
    key = changes[0].row.key
    rows = compose(texts.ROWS, table=table, rows=literal(json.dumps(told)))
    equal = [compose("t.{column} = r.{column}", column=identifier(column)) for column in key]
    if operation == DELETE:
        return compose(texts.DELETE, table=table, rows=rows, condition=joined(equal, " AND "))
    if operation == UPDATE:
        return compose(
            texts.UPDATE,
            table=table,
            rows=rows,
            assignments=joined(compose("{column} = r.{column}", column=identifier(column)) for column in columns),
            condition=joined(equal, " AND "),
        )
    written = [*key, *columns]
    return compose(
        texts.INSERT,
        table=table,
        rows=rows,
        columns=joined(identifier(column) for column in written),
        values=joined(identifier("r", column) for column in written),
    )


def _with_server(key: Mapping[str, Any], srvid: Optional[int]) -> Mapping[str, Any]:
    return key if srvid is None else {_SERVER: srvid, **key}


def _ranges(numbers: Sequence[int]) -> str:
    """Return sorted numbers as people write them: C(1-3,7)."""
    ranges: List[List[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(low) if low == high else "{0}-{1}".format(low, high) for low, high in ranges)
