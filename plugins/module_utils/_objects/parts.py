# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the objects of one datasource are built from: its definition, its layout and their server."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Callable, Dict, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Column, Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    CURRENT,
    HISTORY,
    TRANSIENT,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import Stored, mark
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import ColumnType
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.layout import Layout
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import TableColumn
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist, Grantees

TIMESTAMP = "timestamp with time zone"

#: Where functions look up names that run nothing of a user's. All else in them is qualified.
OWN_PATH = "pg_catalog, pg_temp"


@dataclass(frozen=True)
class Parts:
    """The parts of one datasource.

    :param layout: the columns of its history
    :param stored: what the server should store about it
    :param grantees: roles of a repository and their rights
    :param taken: hand-written tables whose rows its history has
    :param search_path: where the query looks up names, as a function's SET writes it
    :param render: returns composed SQL as a text
    """

    definition: Definition
    layout: Layout
    stored: Stored
    archivist: Archivist
    grantees: Grantees
    search_path: str
    render: Callable[[Any], str]
    taken: Tuple[str, ...] = ()

    @property
    def comment(self) -> str:
        """The comment of every object that does not hold the definition."""
        return mark(self.definition.name)

    @property
    def schema(self) -> Any:
        """PoWA's schema, quoted."""
        return identifier(self.archivist.schema)

    @cached_property
    def tables(self) -> Dict[str, Any]:
        """The tables, qualified and quoted, by the placeholders of our SQL."""
        suffixes = {"transient": TRANSIENT, "current": CURRENT, "history": HISTORY}
        return {placeholder: self.qualified(suffix) for placeholder, suffix in suffixes.items()}

    def name(self, suffix: str) -> str:
        """Return the name of an object of the datasource."""
        return object_name(self.definition.name, suffix)

    def qualified(self, suffix: str) -> Any:
        """Return the same, qualified and quoted."""
        return identifier(self.archivist.schema, self.name(suffix))


def typed(columns: Sequence[Column]) -> Tuple[TableColumn, ...]:
    """Return columns of a definition as columns of a table that may be NULL."""
    return tuple(TableColumn(column.name, column.type.name) for column in columns)


def listed(alias: str, columns: Sequence[Column]) -> Any:
    """Return columns of a table, qualified by its alias, with commas between them."""
    return joined(identifier(alias, column.name) for column in columns)


def comparable(value: Any, column_type: ColumnType) -> Any:
    """Return SQL of a value as rows can be grouped and partitioned by it, whatever the others are.

    What can only be hashed is compared by its text, since what stands beside it may only be sorted.
    """
    return value if column_type.sortable else compose("{value}::pg_catalog.text", value=value)


def kept_as(column_type: str) -> Any:
    """Return the type to which values that were kept are cast.

    Of an integer, a cast to "bit" would keep one bit. There is none to bit varying, so PostgreSQL refuses that.
    """
    return raw('bit varying::"bit"' if column_type == '"bit"' else column_type)


def for_each(columns: Sequence[Column], text: str) -> Any:
    """Return SQL once for each column, with the column's name as its C({name})."""
    return joined((compose(text, name=identifier(column.name)) for column in columns), "")
