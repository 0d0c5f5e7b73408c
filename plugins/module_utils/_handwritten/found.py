# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What hand-written datasources consist of on a server: functions that others made, and their transient tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, dicts, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import MARK as DATASOURCE_MARK
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import MAX_IDENTIFIER_BYTES
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import table_of
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Table, TableColumn
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import NOT_TRUSTED, Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import catalog as catalog_texts
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import handwritten as texts

TRANSIENT_SUFFIX = "_tmp"

#: A name that PostgreSQL reads without quotes as it is written.
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_$]*\Z")

#: PostgreSQL's own columns of every table.
_SYSTEM_COLUMNS = frozenset("tableoid xmin cmin xmax cmax ctid".split())

#: A schema and a name.
Name = Tuple[str, str]


SRVID = TableColumn("srvid", "integer", True)


@dataclass(frozen=True)
class FoundFunction:
    """A function of one integer.

    :param columns: those of its result; empty if only a call shows them
    :param problem: why its result cannot be copied into a table, or None
    :param stranger: its owner, if he is neither a superuser nor the owner of the extension powa; otherwise None
    """

    columns: Tuple[TableColumn, ...]
    comment: Optional[str]
    problem: Optional[str]
    stranger: Optional[str] = None

    @property
    def declared(self) -> bool:
        """Whether the module datasources made it."""
        return self.stranger is None and is_declared(self.comment)


@dataclass(frozen=True)
class FoundTable:
    """A relation with the name of a transient table.

    :param table: the relation, as far as it resembles a table
    :param is_table: whether it is a plain table
    :param extension: the extension that it belongs to, or None
    :param stranger: its owner, if he is neither a superuser nor the owner of the extension powa; otherwise None
    """

    table: Table
    oid: int
    is_table: bool
    extension: Optional[str]
    stranger: Optional[str] = None

    @property
    def declared(self) -> bool:
        """Whether the module datasources made it."""
        return self.stranger is None and is_declared(self.table.comment)

    def fits(self, columns: Sequence[TableColumn]) -> bool:
        """Whether the collector can copy a result with these columns into it."""
        return self.is_table and same_columns(self.table.columns, (SRVID, *columns))


def is_declared(comment: Optional[str]) -> bool:
    """Whether the comment of an object says that the module datasources made it."""
    return comment is not None and comment.startswith(DATASOURCE_MARK)


def strangers_refusal(what: str, stranger: str) -> str:
    """Return why an object with an untrusted owner is not used."""
    return (
        '{0} belongs to role "{1}", which is {2}, and which could change it at any time into code that PoWA runs with'
        " the rights of other roles: check what it does, and give it to a superuser (ALTER ... OWNER TO), or drop it"
    ).format(what, stranger, NOT_TRUSTED)


def same_columns(some: Sequence[TableColumn], others: Sequence[TableColumn]) -> bool:
    """Whether columns are the same in number, order, name and type."""
    return [(column.name, column.type) for column in some] == [(column.name, column.type) for column in others]


def check_plain_name(name: str) -> Optional[str]:
    """Return why the collector could not use a query_source of that name, or None."""
    if not name:
        return "it is empty: give the name of a function"
    if not _PLAIN_NAME.match(name):
        return (
            'found "{0}", expected lower-case letters, digits and underscores, not beginning with a digit,'
            " since the collector uses it unquoted: rename the function"
        ).format(printable(name))
    if len(name) + len(TRANSIENT_SUFFIX) > MAX_IDENTIFIER_BYTES:
        return (
            "with {0} at its end it has {1} characters, and PostgreSQL allows {2}: rename the function to something"
            " shorter"
        ).format(TRANSIENT_SUFFIX, len(name) + len(TRANSIENT_SUFFIX), MAX_IDENTIFIER_BYTES)
    return None


def printable(text: str) -> str:
    """Return a user's text in a form that fits into a sentence."""
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def read_functions(cursor: Any, names: Iterable[str]) -> Dict[Name, FoundFunction]:
    """Read the functions of these names in all schemas, in one statement."""
    cursor.execute(compose(texts.FUNCTIONS, names=literal(sorted(set(names)))))
    found = {}
    for schema, name, returns, comment, columns, stranger in cursor.fetchall():
        result = tuple(TableColumn(column, type_text) for column, type_text, _is_pseudo in columns or ())
        pseudo = [TableColumn(column, type_text) for column, type_text, is_pseudo in columns or () if is_pseudo]
        found[(schema, name)] = FoundFunction(result, comment, _result_problem(returns, result, pseudo), stranger)
    return found


def _result_problem(returns: str, columns: Sequence[TableColumn], pseudo: Sequence[TableColumn]) -> Optional[str]:
    """Return why no table can take the result of a function, or None.

    :param pseudo: those of the columns whose type no table can have
    """
    if not columns:
        return (
            "returns {0}, which has no columns: declare them as OUT parameters, as RETURNS TABLE, or return a"
            " composite type"
        ).format(returns)
    if pseudo:
        return "returns the column {0}, whose type no table can have: choose another type".format(pseudo[0].describe())
    names = [column.name for column in columns]
    clashing = [name for name in names if name == SRVID.name or name in _SYSTEM_COLUMNS]
    if clashing:
        return ('returns a column "{0}", which is {1}: give the column another name in the function').format(
            clashing[0],
            "the first column of the transient table" if clashing[0] == SRVID.name else "a column of every table",
        )
    return None


def read_tables(cursor: Any, archivist: Archivist, names: Iterable[Name]) -> Dict[Name, FoundTable]:
    """Read the relations that have the names of transient tables, in one statement."""
    wanted = set(names)
    cursor.execute(
        compose(
            catalog_texts.RELATIONS,
            schemas=literal(sorted({schema for schema, _name in wanted})),
            names=literal(sorted({name for _schema, name in wanted})),
            servers=literal("{0}.powa_servers".format(archivist.quoted_schema)),
        )
    )
    return {
        (row["schema"], row["relname"]): FoundTable(
            table_of(row), row["oid"], row["relkind"] == "r", row["extension"], row["stranger"]
        )
        for row in dicts(cursor)
    }


def read_extension_schemas(cursor: Any) -> Dict[str, str]:
    """Return the extensions of the database, each with its schema."""
    cursor.execute(texts.EXTENSIONS)
    return dict(cursor.fetchall())


def column_list(columns: Iterable[TableColumn]) -> str:
    """Return columns as a sentence lists them."""
    return ", ".join("{0} {1}".format(column.name, column.type) for column in columns)
