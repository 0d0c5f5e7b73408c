# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of PoWA's own tables, as wanted and as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._driver import (
    compose,
    identifier,
    is_composed,
    joined,
    literal,
)

_READ = "SELECT pg_catalog.to_jsonb(t) FROM {table} AS t WHERE t.{column} = ANY ({values}::text[])"
_INSERT = "INSERT INTO {table} ({columns}) VALUES ({values})"
_UPDATE = "UPDATE {table} AS t SET {assignments} WHERE {condition}"
_DELETE = "DELETE FROM {table} AS t WHERE {condition}"


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
                _READ,
                table=identifier(schema, self.name),
                column=identifier(self.column),
                values=literal(list(self.values)),
            )
        )
        return [
            Row(
                self.name,
                {column: row[column] for column in self.key},
                {column: value for column, value in row.items() if column not in self.key},
            )
            for (row,) in cursor.fetchall()
        ]


@dataclass(frozen=True)
class Row:
    """One row. As wanted, it has only the values that matter; all others are the table's defaults.

    A value may be composed SQL, for what is known only when it runs.
    """

    table: str
    key: Mapping[str, Any]
    values: Mapping[str, Any]

    @property
    def identity(self) -> str:
        """The row's name in a diff."""
        return "row {0} ({1})".format(
            self.table, ", ".join("{0}={1}".format(column, value) for column, value in sorted(self.key.items()))
        )

    def describe(self, like: Mapping[str, Any]) -> str:
        """Return the values of the columns that C(like) has, one on a line."""
        return "\n".join("{0}: {1}".format(column, self.values.get(column)) for column in sorted(like))

    def differs(self, wanted: "Row") -> bool:
        """Whether a wanted value is not what this row has."""
        return any(self.values.get(column) != value for column, value in wanted.values.items())

    def insert(self, schema: str) -> Any:
        """Return the statement that makes this row."""
        row: Dict[str, Any] = dict(self.key, **self.values)
        return compose(
            _INSERT,
            table=identifier(schema, self.table),
            columns=joined(identifier(column) for column in row),
            values=joined(_value(value) for value in row.values()),
        )

    def update(self, schema: str) -> Any:
        """Return the statement that gives the row its wanted values."""
        return compose(
            _UPDATE,
            table=identifier(schema, self.table),
            assignments=joined(
                compose("{column} = {value}", column=identifier(column), value=_value(value))
                for column, value in self.values.items()
            ),
            condition=self._condition(),
        )

    def delete(self, schema: str) -> Any:
        """Return the statement that removes the row."""
        return compose(_DELETE, table=identifier(schema, self.table), condition=self._condition())

    def _condition(self) -> Any:
        return joined(
            (
                compose("t.{column} = {value}", column=identifier(column), value=_value(value))
                for column, value in self.key.items()
            ),
            " AND ",
        )


def _value(value: Any) -> Any:
    return value if is_composed(value) else literal(value)
