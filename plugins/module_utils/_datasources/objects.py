# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The database objects of a datasource, as wanted and as they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Tuple

#: The suffixes of every object that a datasource may have, by kind.
OPERATION_SUFFIXES = ("_snapshot", "_aggregate", "_purge", "_reset", "_unregister")
READ_SUFFIXES = ("_get", "_rate")
FUNCTION_SUFFIXES = ("_src", "_cleanup") + OPERATION_SUFFIXES + READ_SUFFIXES
TABLE_SUFFIXES = ("_src_tmp", "_history_current", "_history")
TYPE_SUFFIXES = ("_history_record", "_history_record_minmax")
INDEX_SUFFIXES = ("_history_current_srvid", "_history_ts")
#: What keeps history, and stays when a datasource goes.
HISTORY_TABLES = ("_history", "_history_current")

#: The parameters of our functions, and the same as C(proargtypes) has them.
SERVER = "_srvid integer"
SERVER_AND_RANGE = "_srvid integer, _from timestamp with time zone, _to timestamp with time zone"
PARAMETER_TYPES = {SERVER: "23", SERVER_AND_RANGE: "23 1184 1184"}


@dataclass(frozen=True)
class TableColumn:
    """A column of a table, or an attribute of a type; C(type) as C(format_type) writes it."""

    name: str
    type: str
    not_null: bool = False

    def describe(self) -> str:
        """Return the column as one line of a diff."""
        return "{0} {1}{2}".format(self.name, self.type, " not null" if self.not_null else "")


@dataclass(frozen=True)
class RecordType:
    """A composite type."""

    name: str
    columns: Tuple[TableColumn, ...]
    comment: Optional[str]

    kind = "type"

    def describe(self) -> str:
        """Return the type as the lines of a diff."""
        return "\n".join([column.describe() for column in self.columns] + ["comment: {0}".format(self.comment)])


@dataclass(frozen=True)
class Table:
    """A table.

    :param server_key: whether C(srvid) is a key to C(powa_servers) that cascades
    :param toast_target: whether C(toast_tuple_target) is set as for PoWA's own history
    :param main_columns: the columns with storage MAIN
    :param grants: role to the privileges that it has; as wanted, at least
    :param size: bytes with indexes and TOAST; as wanted, 0
    """

    name: str
    columns: Tuple[TableColumn, ...]
    unlogged: bool
    server_key: bool
    toast_target: bool
    main_columns: Tuple[str, ...]
    comment: Optional[str]
    grants: Mapping[str, Tuple[str, ...]] = field(default_factory=dict)
    size: int = field(default=0, compare=False)

    kind = "table"

    def describe(self) -> str:
        """Return the table as the lines of a diff."""
        lines = ["unlogged" if self.unlogged else "logged"]
        lines += [column.describe() for column in self.columns]
        lines.append("key to powa_servers: {0}".format("yes" if self.server_key else "no"))
        lines.append("toast_tuple_target 128: {0}".format("yes" if self.toast_target else "no"))
        lines.append("storage main: {0}".format(", ".join(self.main_columns) or "no column"))
        lines.append("comment: {0}".format(self.comment))
        lines += ["grant {0} to {1}".format(", ".join(self.grants[role]), role) for role in sorted(self.grants)]
        return "\n".join(lines)


@dataclass(frozen=True)
class Index:
    """An index of a table of ours.

    :param columns: composed SQL as wanted, and only counted as it is
    :param comment: the mark, and what the columns are: it differs where another index is needed
    """

    name: str
    table: str
    method: str
    width: int
    comment: Optional[str]
    columns: Any = field(default=None, compare=False)

    kind = "index"

    def describe(self) -> str:
        """Return the index as the lines of a diff."""
        return "on {0} using {1}, {2} columns\ncomment: {3}".format(self.table, self.method, self.width, self.comment)


@dataclass(frozen=True)
class Function:
    """A function.

    :param parameters: C(SERVER) or C(SERVER_AND_RANGE)
    :param columns: what a set-returning function returns, or empty
    :param returns: the type that any other function returns
    :param body: its text; as wanted, composed SQL until it is rendered
    :param search_path: its own, or None for that of the session
    :param execute: roles that may call it, C("") for PUBLIC; as wanted, at least
    """

    name: str
    columns: Tuple[TableColumn, ...]
    returns: str
    body: Any
    volatility: str
    search_path: Optional[str]
    comment: Optional[str]
    execute: Tuple[str, ...] = ()
    parameters: str = SERVER
    language: str = "plpgsql"
    security_definer: bool = False

    kind = "function"

    def describe(self) -> str:
        """Return the function as the lines of a diff."""
        lines = ["({0}) returns {1}".format(self.parameters, self.returns)]
        lines += ["out {0}".format(column.describe()) for column in self.columns]
        lines.append("{0}, language {1}".format(self.volatility.lower(), self.language))
        lines.append("security {0}".format("definer" if self.security_definer else "invoker"))
        lines.append("search_path {0}".format(self.search_path or "of the session"))
        lines += ["comment: {0}".format(self.comment)]
        lines += ["grant execute to {0}".format(role or "public") for role in sorted(self.execute)]
        return "\n".join(lines) + "\n" + str(self.body).strip("\n")
