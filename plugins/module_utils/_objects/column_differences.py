# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the columns that a server has of a table or type differ from the wanted ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Mapping, Sequence, Tuple, TypeVar

from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import RecordType, Table, TableColumn

#: The objects whose columns may change.
Columned = TypeVar("Columned", Table, RecordType)


def renamed(columns: Sequence[TableColumn], renames: Mapping[str, str]) -> Dict[str, TableColumn]:
    """Return the columns by their new names."""
    return {
        renames.get(column.name, column.name): column._replace(name=renames[column.name])
        if column.name in renames
        else column
        for column in columns
    }


def retyped(wanted: Columned, found: Columned, renames: Mapping[str, str]) -> List[Tuple[str, str, str]]:
    """Return name, present type and wanted type of the columns whose type changes."""
    there = renamed(found.columns, renames)
    return [
        (column.name, there[column.name].type, column.type)
        for column in wanted.columns
        if column.name in there and there[column.name].type != column.type
    ]


def ordered_like(wanted: Columned, found: Columned, renames: Mapping[str, str]) -> Columned:
    """Return a table or type with its columns in the order in which the server has them, new ones last."""
    there = list(renamed(found.columns, renames))
    position = {name: number for number, name in enumerate(there)}
    columns = sorted(wanted.columns, key=lambda column: position.get(column.name, len(there)))
    return replace(wanted, columns=tuple(columns))


def extra_columns(wanted: Columned, found: Columned, renames: Mapping[str, str]) -> List[str]:
    """Return the columns that nobody declared, now or before."""
    names = {column.name for column in wanted.columns}
    return [name for name in renamed(found.columns, renames) if name not in names]
