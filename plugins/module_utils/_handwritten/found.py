# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What hand-written datasources consist of on a server: functions that others made, and their transient tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import MARK as DATASOURCE_MARK
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import handwritten as texts

#: PostgreSQL cuts longer identifiers (NAMEDATALEN - 1).
MAX_IDENTIFIER_BYTES = 63
TRANSIENT_SUFFIX = "_tmp"

#: What PostgreSQL takes without quotes as it is written.
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_$]*\Z")

#: PostgreSQL's own columns of every table.
_SYSTEM_COLUMNS = frozenset("tableoid xmin cmin xmax cmax ctid".split())

#: A schema and a name.
Name = Tuple[str, str]


@dataclass(frozen=True)
class ResultColumn:
    """A column of a function's result or of a table; C(type) as C(format_type) writes it."""

    name: str
    type: str

    def describe(self) -> str:
        """Return the column as one line of a diff."""
        return "{0} {1}".format(self.name, self.type)


SRVID = ResultColumn("srvid", "integer")


@dataclass(frozen=True)
class FoundFunction:
    """A function of one integer.

    :param columns: of its result; empty where it has none that are known before it is called
    :param problem: why its result can not be copied into a table, or None
    """

    columns: Tuple[ResultColumn, ...]
    comment: Optional[str]
    problem: Optional[str]

    @property
    def declared(self) -> bool:
        """Whether the module datasources made it."""
        return bool(self.comment) and str(self.comment).startswith(DATASOURCE_MARK)


@dataclass(frozen=True)
class FoundTable:
    """A relation with the name of a transient table.

    :param is_table: whether it is a plain table
    :param not_null: whether its column srvid can not be NULL
    :param grants: role to the privileges that it has; C("") for PUBLIC
    :param dependents: what would go with it
    """

    oid: int
    is_table: bool
    unlogged: bool
    columns: Tuple[ResultColumn, ...]
    not_null: bool
    comment: Optional[str]
    extension: Optional[str]
    grants: Mapping[str, Tuple[str, ...]]
    dependents: Tuple[str, ...]

    @property
    def declared(self) -> bool:
        """Whether the module datasources made it."""
        return bool(self.comment) and str(self.comment).startswith(DATASOURCE_MARK)

    def fits(self, columns: Sequence[ResultColumn]) -> bool:
        """Whether the collector can copy a result with these columns into it."""
        return self.is_table and self.columns == (SRVID, *columns)


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
    """Return a user's text so that it fits into a sentence."""
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def read_functions(cursor: Any, names: Iterable[str]) -> Dict[Name, FoundFunction]:
    """Read the functions of these names in all schemas, in one statement."""
    cursor.execute(compose(texts.FUNCTIONS, names=literal(sorted(set(names)))))
    found = {}
    for schema, name, returns, comment, columns in cursor.fetchall():
        result = tuple(ResultColumn(column, type_text) for column, type_text, _kind in columns or ())
        kinds = [kind for _column, _type, kind in columns or ()]
        found[(schema, name)] = FoundFunction(result, comment, _result_problem(returns, result, kinds))
    return found


def _result_problem(returns: str, columns: Sequence[ResultColumn], kinds: Sequence[str]) -> Optional[str]:
    if not columns:
        return (
            "returns {0}, which has no columns: declare them as OUT parameters, as RETURNS TABLE, or return a"
            " composite type"
        ).format(returns)
    pseudo = [column for column, kind in zip(columns, kinds) if kind == "p"]
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


def read_tables(cursor: Any, names: Iterable[Name]) -> Dict[Name, FoundTable]:
    """Read what has the names of transient tables, in one statement."""
    wanted = set(names)
    cursor.execute(
        compose(
            texts.RELATIONS,
            schemas=literal(sorted({schema for schema, _name in wanted})),
            names=literal(sorted({name for _schema, name in wanted})),
        )
    )
    titles = [column.name for column in cursor.description]
    found = {}
    for values in cursor.fetchall():
        row = dict(zip(titles, values))
        columns = row["columns"] or ()
        found[(row["nspname"], row["relname"])] = FoundTable(
            row["oid"],
            row["relkind"] == "r",
            row["relpersistence"] == "u",
            tuple(ResultColumn(name, type_text) for name, type_text, _not_null in columns),
            [SRVID.name, True] in [[name, not_null] for name, _type, not_null in columns],
            row["comment"],
            row["extension"],
            {role: tuple(privileges) for role, privileges in (row["grants"] or {}).items()},
            tuple(row["dependents"] or ()),
        )
    return found


def read_extension_schemas(cursor: Any) -> Dict[str, str]:
    """Return the extensions of the database, each with its schema."""
    cursor.execute(texts.EXTENSIONS)
    return dict(cursor.fetchall())


def column_list(columns: Iterable[ResultColumn]) -> str:
    """Return columns as a sentence has them."""
    return ", ".join(column.describe() for column in columns)
