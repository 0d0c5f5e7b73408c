# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of PoWA's own tables, as wanted and as the server has them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import rows as texts

#: The column that names a module of databases.
_OF_DATABASES = "db_module"
#: The columns that name a module of PoWA 4, an extension of PoWA 5, or a module of databases.
_MODULE_COLUMNS = ("module", "extname", _OF_DATABASES)

#: The column that tells the servers of a row apart.
_SERVER = "srvid"
#: The column that says whether PoWA itself or somebody else wrote a row.
_ADDED_MANUALLY = "added_manually"


@dataclass(frozen=True)
class RowTable:
    """A table and the rows of it to read: those whose C(column) is one of C(values)."""

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
        """What identifies the row: its table and key."""
        return (self.table, *(self.key[column] for column in sorted(self.key)))

    @property
    def place_of_any_server(self) -> Tuple[Any, ...]:
        """The same without the server."""
        return (self.table, *(self.key[column] for column in sorted(self.key) if column != _SERVER))

    @property
    def srvid(self) -> Optional[int]:
        """The server that it is about, or None."""
        return self.key.get(_SERVER)

    @cached_property
    def module(self) -> str:
        """The name that the registry has the row under."""
        return str(next(self.key[column] for column in _MODULE_COLUMNS if column in self.key))

    @property
    def function(self) -> Optional[str]:
        """The function that the row registers, or None if it is about a whole module."""
        function = self.key.get("function_name") or self.values.get("function_name")
        return None if function is None else str(function)

    @property
    def by_powa(self) -> bool:
        """Whether PoWA itself wrote the row."""
        return self.values.get(_ADDED_MANUALLY) is False

    @property
    def by_others(self) -> bool:
        """Whether somebody other than PoWA wrote the row."""
        return self.values.get(_ADDED_MANUALLY) is True

    def marked(self, by_powa: bool) -> "Row":
        """Return the row marked as written by PoWA, or by somebody else."""
        return Row(self.table, self.key, {**self.values, _ADDED_MANUALLY: not by_powa})

    @property
    def is_extension(self) -> bool:
        """Whether the row is the one of PoWA 5 that says what an extension is, for all servers."""
        return self.table == "powa_extensions" and _SERVER not in self.key

    @property
    def of_databases(self) -> bool:
        """Whether the row is about a datasource that is collected from each database (PoWA 5)."""
        return _OF_DATABASES in self.key

    def activated(self, active: bool, databases: Optional[Sequence[str]]) -> "Row":
        """Return the row of one server with its datasource made active there, or inactive.

        :param databases: with scope C(database), those to take samples in, or None for all
        """
        values: Dict[str, Any] = {"enabled": active}
        if self.of_databases:
            # The collector ignores `enabled`, and looks only at the databases.
            listed = None if databases is None else list(databases)
            values["dbnames"] = listed if active else []
        return Row(self.table, self.key, values)

    def identity(self, srvids: Sequence[Optional[int]]) -> str:
        """Return what a diff calls this row of these servers."""
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
        """Whether this row lacks a wanted value."""
        return any(self.values.get(column) != value for column, value in wanted.values.items())


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
