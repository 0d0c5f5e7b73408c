# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables in which a hand-written datasource keeps its history, as the server has them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, dicts, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    HISTORY_TABLES,
    MARK,
    function_names,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import TYPE_NAMES
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Function
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.taken_history import Name, history_to_take
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import NOT_TRUSTED, Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import adopted_history as texts

#: What the samples that are not aggregated yet are in, beside the history of PoWA's form.
_CURRENT = "_current"
#: The columns of PoWA's form that hold samples, and those that say something about them.
_RECORDS, _RECORD = "records", "record"
_ABOUT_RECORDS = frozenset(["coalesce_range", "mins_in_range", "maxs_in_range"])


@dataclass(frozen=True)
class HistoryColumn:
    """A column of a table, or an attribute of its samples.

    :param own: whether its type is one of PostgreSQL's own
    :param not_null: whether it always has a value
    :param in_record: whether it is an attribute
    :param collation: its collation, if that treats different texts as equal
    """

    name: str
    type: str
    own: bool
    not_null: bool = False
    in_record: bool = False
    collation: Optional[str] = None


@dataclass(frozen=True)
class HandwrittenTable:
    """A table.

    :param plain: whether it is a table, and no other one is a part of it, or was
    :param size: bytes with indexes and TOAST
    :param stranger: its owner, or that of the type of its samples, if he is no trusted one
    :param samples: the column that holds its samples, or None if each row is one
    :param many: whether that is an array of them
    :param columns: of a sample, with those of its row
    :param present_name: its name until the task renames it, or None if it keeps its name
    :param stranger_of_schema: the owner of its schema, if he is no trusted one
    :param runs_functions: whether to read it could run functions that are not PostgreSQL's own
    :param row_security: whether policies may hide some of its rows
    """

    schema: str
    name: str
    plain: bool
    size: int
    stranger: Optional[str]
    samples: Optional[str]
    many: bool
    columns: Tuple[HistoryColumn, ...]
    present_name: Optional[str] = None
    stranger_of_schema: Optional[str] = None
    runs_functions: bool = False
    row_security: bool = False

    @property
    def identity(self) -> str:
        """The table as messages name it."""
        return "table {0}.{1}".format(self.schema, self.present_name or self.name)

    @property
    def refusal(self) -> Optional[str]:
        """Why nobody should read the table, or None."""
        if self.stranger:
            return (
                '{0} or the type of its samples belongs to role "{1}", which is {2}: check what they are, and give them'
                " to a superuser (ALTER ... OWNER TO)"
            ).format(self.identity, self.stranger, NOT_TRUSTED)
        if self.stranger_of_schema:
            return (
                '{0} is in a schema whose owner could replace it, and that is role "{1}", which is {2}: give the schema'
                " to a superuser (ALTER SCHEMA ... OWNER TO), or copy the rows into a table elsewhere, and give that"
            ).format(self.identity, self.stranger_of_schema, NOT_TRUSTED)
        if not self.plain:
            return (
                "{0} is not a plain table, but a view, or has its rows in other tables: copy the rows into a plain"
                " table, and give that"
            ).format(self.identity)
        if self.runs_functions:
            return (
                "{0} has an index, statistics or a constraint with functions that are not PostgreSQL's own, and reading"
                " the table could run them: drop that index, statistics or constraint, or copy the rows into a table"
                " without it, and give that"
            ).format(self.identity)
        if self.row_security:
            return (
                "{0} has row security, which may hide some of its rows: disable it (ALTER TABLE ... DISABLE ROW LEVEL"
                " SECURITY), or copy the rows into a table without it, and give that"
            ).format(self.identity)
        return None

    def column(self, name: str) -> Optional[HistoryColumn]:
        """Return the column of that name; where both have it, that of the sample."""
        found = {column.name: column for column in self.columns}
        return found.get(name)


@dataclass(frozen=True)
class Histories:
    """What a server has of the history of hand-written datasources.

    :param tables: those that the task takes, and their neighbours with samples that are not aggregated yet
    :param casts: types of theirs and types of ours that an INSERT would cast them to
    :param mentioned: the tables that the functions of each datasource mention which the task replaces, by its name
    """

    tables: Mapping[Name, HandwrittenTable] = field(default_factory=dict)
    casts: FrozenSet[Tuple[str, str]] = frozenset()
    mentioned: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def of(self, name: Name) -> List[HandwrittenTable]:
        """Return the table and its neighbour, as far as they exist."""
        return [self.tables[each] for each in (name, _neighbour(name)) if each in self.tables]


def read_histories(cursor: Any, archivist: Archivist, definitions: Sequence[Definition], catalog: Catalog) -> Histories:
    """Read the tables that hand-written datasources which the definitions adopt keep their history in."""
    names = [history_to_take(definition, archivist, catalog) for definition in definitions]
    tables = _read_tables(cursor, [name for name in names if name is not None])
    adopting = [(definition, _replaced_functions(definition, catalog)) for definition in definitions]
    mentioned = {
        definition.name: _mentioned(cursor, definition, functions, archivist)
        for definition, functions in adopting
        if functions
    }
    return Histories(tables, _read_casts(cursor, tables.values()), mentioned)


def with_tables(cursor: Any, histories: Histories, renamed: Mapping[Name, Name]) -> Histories:
    """Add tables that the task renames, by their new names.

    :param renamed: new name to present name
    """
    found = _read(cursor, list(renamed.values()))
    tables = {
        new: replace(found[present], name=new[1], present_name=present[1])
        for new, present in renamed.items()
        if present in found
    }
    casts = _read_casts(cursor, tables.values())
    return replace(histories, tables={**histories.tables, **tables}, casts=histories.casts | casts)


def _neighbour(name: Name) -> Name:
    return (name[0], name[1] + _CURRENT)


def _read_tables(cursor: Any, names: Sequence[Name]) -> Dict[Name, HandwrittenTable]:
    if not names:
        return {}
    return _read(cursor, [each for name in names for each in (name, _neighbour(name))])


def _read(cursor: Any, names: Sequence[Name]) -> Dict[Name, HandwrittenTable]:
    """Read tables, and hold those that may be read, so that they stay what was read of them."""
    locked = [name for name, table in _look(cursor, names).items() if table.refusal is None]
    for schema, name in locked:
        cursor.execute(compose(texts.LOCK_TO_READ, table=identifier(schema, name)))
    return _look(cursor, names)


def _look(cursor: Any, names: Sequence[Name]) -> Dict[Name, HandwrittenTable]:
    wanted = [{"schema": schema, "name": name} for schema, name in names]
    cursor.execute(compose(texts.TABLES, names=literal(json.dumps(wanted))))
    return {(row["schema"], row["name"]): _table(row) for row in dicts(cursor)}


def _table(row: Mapping[str, Any]) -> HandwrittenTable:
    of_rows = []
    samples, many, stranger, of_samples = None, False, row["stranger"], []
    for name, type_text, own, not_null, collation, record in row["columns"] or ():
        if record and samples is None and name == (_RECORDS if record[0] else _RECORD):
            samples, many = name, record[0]
            stranger = stranger or record[1]
            of_samples = [
                HistoryColumn(attribute, its_type, its_own, False, True, its_collation)
                for attribute, its_type, its_own, _not_null, its_collation, _record in record[2] or ()
            ]
        else:
            of_rows.append(HistoryColumn(name, type_text, own, not_null, collation=collation))
    if samples is not None:
        of_rows = [column for column in of_rows if column.name not in _ABOUT_RECORDS]
    return HandwrittenTable(
        row["schema"],
        row["name"],
        row["plain"],
        row["size"],
        stranger,
        samples,
        many,
        (*of_rows, *of_samples),
        stranger_of_schema=row["stranger_of_schema"],
        runs_functions=row["runs_functions"],
        row_security=row["row_security"],
    )


def _read_casts(cursor: Any, tables: Any) -> FrozenSet[Tuple[str, str]]:
    sources = sorted({column.type for table in tables for column in table.columns if column.own})
    if not sources:
        return frozenset()
    cursor.execute(compose(texts.CASTS, sources=literal(sources), targets=literal(list(TYPE_NAMES))))
    return frozenset((source, target) for source, target in cursor.fetchall())


def _replaced_functions(definition: Definition, catalog: Catalog) -> List[str]:
    """Return the functions of others that a datasource takes the place of."""
    if not definition.adopt:
        return []
    ours = function_names(definition.name)
    found = {name: catalog.get(Function, name) for name in ours}
    replaced = {name for name, function in found.items() if function is not None and not function.ours}
    replaced |= catalog.registered_functions.get(definition.module, set()) - set(ours)
    return sorted(replaced)


def _mentioned(cursor: Any, definition: Definition, functions: Sequence[str], archivist: Archivist) -> List[str]:
    cursor.execute(compose(texts.MENTIONED, functions=literal(list(functions)), mark=literal(MARK + "%")))
    own = [(archivist.schema, object_name(definition.name, suffix)) for suffix in HISTORY_TABLES]
    return [".".join(name) for name in cursor.fetchall() if tuple(name) not in own]
