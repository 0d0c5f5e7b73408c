# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of database objects that a datasource consists of. Each creates, alters, drops and describes itself.

The same classes hold objects as wanted and objects as the server has them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, List, Mapping, NamedTuple, Optional, Tuple, Type, TypeVar

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import (
    compose,
    identifier,
    joined,
    literal,
    raw,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Hazard, Replaced
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    FUNCTION_SUFFIXES,
    INDEX_SUFFIXES,
    TABLE_SUFFIXES,
    TYPE_SUFFIXES,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.grants import EXECUTE, Grants, Privileges
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import QUERIES_ROLE
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import objects as texts

#: The parameters of our functions, and the same as C(proargtypes) has them.
SERVER = "_srvid integer"
SERVER_AND_RANGE = "_srvid integer, _from timestamp with time zone, _to timestamp with time zone"
PARAMETER_TYPES = {SERVER: "23", SERVER_AND_RANGE: "23 1184 1184"}

#: The strongest lock of what rewrites or scans a table.
EXCLUSIVE = "ACCESS EXCLUSIVE"

Self = TypeVar("Self", bound="DatabaseObject")


class TableColumn(NamedTuple):
    """A column of a table, or an attribute of a type; C(type) as C(format_type) writes it."""

    name: str
    type: str
    not_null: bool = False

    def describe(self) -> str:
        """Return the column as one line of a diff."""
        return "{0} {1}{2}".format(self.name, self.type, " not null" if self.not_null else "")

    def definition(self) -> Any:
        """Return the column as CREATE TABLE and CREATE TYPE write it."""
        return compose(
            "{name} {type}{not_null}",
            name=identifier(self.name),
            type=raw(self.type),
            not_null=raw(" NOT NULL" if self.not_null else ""),
        )


@dataclass(frozen=True)
class DatabaseObject(ABC):
    """An object of a database.

    :param comment: its comment, or None
    """

    #: What PostgreSQL calls such objects, in lower case.
    kind: ClassVar[str]

    schema: str
    name: str
    comment: Optional[str]

    @property
    def identity(self) -> str:
        """The object's name in messages and diffs, such as C(table public.powa_lock_modes_history)."""
        return "{0} {1}.{2}".format(self.kind, self.schema, self.name)

    @property
    def qualified(self) -> Any:
        """The quoted name with its schema."""
        return identifier(self.schema, self.name)

    @property
    def target(self) -> Any:
        """The object as COMMENT ON, GRANT ... ON and DROP name it."""
        return compose("{kind} {name}", kind=raw(self.kind.upper()), name=self.qualified)

    @property
    def replaced(self) -> List[Replaced]:
        """The whole object, for a plan that drops or replaces it."""
        return [Replaced(self.kind, self.schema, self.name)]

    @abstractmethod
    def describe(self) -> str:
        """Return the object as the lines of a diff."""

    @abstractmethod
    def create(self) -> List[Any]:
        """Return the statements that create the object, with its comment and grants."""

    @abstractmethod
    def alter(self: Self, found: Self) -> List[Any]:
        """Return the statements that make an object of the server like this one.

        These ignore the columns of types and tables, which C(reshape) changes.
        """

    def drop(self) -> List[Any]:
        """Return the statements that drop the object, and fail if another one depends on it."""
        return [compose(texts.DROP, target=self.target)]

    def set_comment(self) -> List[Any]:
        """Return the statements that give the object its comment."""
        return [compose(texts.COMMENT, target=self.target, comment=literal(self.comment))]

    def keeping(self: Self, found: Self) -> Self:
        """Return this object with the grants that others gave on the one that the server has."""
        return self

    def replaced_by(self: Self, wanted: Self) -> bool:
        """Whether this object of the server has to be dropped to become the wanted one."""
        return False

    def hazards(self: Self, wanted: Self) -> List[Hazard]:
        """Return what it costs to alter this object of the server into the wanted one."""
        return []


@dataclass(frozen=True)
class RecordType(DatabaseObject):
    """A composite type."""

    kind = "type"

    columns: Tuple[TableColumn, ...]

    def describe(self) -> str:
        return "\n".join([column.describe() for column in self.columns] + ["comment: {0}".format(self.comment)])

    def create(self) -> List[Any]:
        attributes = joined(column.definition() for column in self.columns)
        return [compose(texts.CREATE_TYPE, name=self.qualified, attributes=attributes), *self.set_comment()]

    def alter(self, found: "RecordType") -> List[Any]:
        return self.set_comment() if self.comment != found.comment else []


@dataclass(frozen=True)
class Table(DatabaseObject):
    """A table.

    :param server_key: whether C(srvid) has a cascading foreign key to C(powa_servers) in the same schema
    :param toast_target: whether C(toast_tuple_target) is set as for PoWA's own history
    :param main_columns: the columns with storage MAIN
    :param grants: role to the privileges that it has, C("") for PUBLIC; as wanted, at least these
    :param size: bytes with indexes and TOAST; as wanted, 0
    :param is_plain: whether it has pages of its own, unlike a view, a foreign table or the parent of partitions
    """

    kind = "table"

    columns: Tuple[TableColumn, ...]
    unlogged: bool = False
    server_key: bool = False
    toast_target: bool = False
    main_columns: Tuple[str, ...] = ()
    grants: Mapping[str, Privileges] = field(default_factory=dict)
    size: int = field(default=0, compare=False)
    is_plain: bool = field(default=True, compare=False)

    @property
    def replaced(self) -> List[Replaced]:
        # Dropping a table drops its row type, which a function may have as a parameter.
        return [*super().replaced, Replaced(RecordType.kind, self.schema, self.name)]

    def describe(self) -> str:
        lines = ["unlogged" if self.unlogged else "logged"]
        lines += [column.describe() for column in self.columns]
        lines += ["key to powa_servers"] if self.server_key else []
        lines += ["toast_tuple_target 128"] if self.toast_target else []
        lines += ["storage main: {0}".format(", ".join(self.main_columns))] if self.main_columns else []
        lines.append("comment: {0}".format(self.comment))
        return "\n".join(lines + Grants(self.grants).describe())

    def create(self) -> List[Any]:
        columns = joined((column.definition() for column in self.columns), ",\n    ")
        text = texts.CREATE_UNLOGGED_TABLE if self.unlogged else texts.CREATE_TABLE
        return [
            compose(text, name=self.qualified, columns=columns),
            *self._settings(None),
            *self.set_comment(),
            *Grants(self.grants).grant(self.target, {}),
        ]

    def alter(self, found: "Table") -> List[Any]:
        statements: List[Any] = []
        if self.unlogged != found.unlogged:
            text = texts.SET_UNLOGGED if self.unlogged else texts.SET_LOGGED
            statements.append(compose(text, name=self.qualified))
        statements += self._settings(found)
        if statements or self.comment != found.comment:
            statements += self.set_comment()
        return statements + Grants(self.grants).grant(self.target, found.grants)

    def keeping(self, found: "Table") -> "Table":
        if found == self:
            return self
        return replace(
            self,
            grants=Grants(self.grants).merged(found.grants),
            server_key=self.server_key or found.server_key,
            toast_target=self.toast_target or found.toast_target,
            main_columns=self.main_columns or found.main_columns,
        )

    def hazards(self, wanted: "Table") -> List[Hazard]:
        hazards = []
        if wanted.unlogged != self.unlogged:
            becomes = "it becomes unlogged" if wanted.unlogged else "it becomes logged"
            hazards.append(Hazard("rewritten", self.identity, becomes, EXCLUSIVE, self.size))
        if wanted.server_key and not self.server_key:
            hazards.append(
                Hazard(
                    "read",
                    self.identity,
                    "PostgreSQL checks its new foreign key to powa_servers",
                    "SHARE ROW EXCLUSIVE",
                    self.size,
                )
            )
        return hazards

    def _settings(self, found: Optional["Table"]) -> List[Any]:
        statements = []
        if self.server_key and not (found and found.server_key):
            servers = identifier(self.schema, "powa_servers")
            statements.append(compose(texts.ADD_SERVER_KEY, name=self.qualified, servers=servers))
        if self.toast_target and not (found and found.toast_target):
            statements.append(compose(texts.SET_TOAST_TARGET, name=self.qualified))
        for column in self.main_columns:
            if not found or column not in found.main_columns:
                statements.append(compose(texts.SET_STORAGE_MAIN, name=self.qualified, column=identifier(column)))
        return statements


@dataclass(frozen=True)
class Index(DatabaseObject):
    """An index of a table of ours. Its comment names the columns, so that a changed index has another comment.

    :param columns: composed SQL as wanted; unknown for an index of the server
    :param width: the number of columns
    :param size: bytes of its table; as wanted, 0
    """

    kind = "index"

    table: str
    method: str
    width: int
    columns: Any = field(default=None, compare=False)
    size: int = field(default=0, compare=False)

    def describe(self) -> str:
        return "on {0} using {1}, {2} columns\ncomment: {3}".format(self.table, self.method, self.width, self.comment)

    def create(self) -> List[Any]:
        table = identifier(self.schema, self.table)
        parts = {"name": identifier(self.name), "table": table, "method": raw(self.method), "columns": self.columns}
        return [compose(texts.CREATE_INDEX, **parts), *self.set_comment()]

    def alter(self, found: "Index") -> List[Any]:
        return [*found.drop(), *self.create()] if self != found else []

    def hazards(self, wanted: "Index") -> List[Hazard]:
        if self == wanted:
            return []
        return [Hazard("rebuilt", self.identity, "its definition changes", EXCLUSIVE, self.size)]


@dataclass(frozen=True)
class Function(DatabaseObject):
    """A function.

    :param columns: what a set-returning function returns, or empty
    :param returns: the type that any other function returns
    :param body: its text
    :param search_path: its own, or None for that of the session
    :param execute: roles that may call it, C("") for PUBLIC; as wanted, at least these, and PUBLIC only if named
    :param parameters: C(SERVER) or C(SERVER_AND_RANGE)
    :param owner: its owner; as wanted, None for whoever makes it
    """

    kind = "function"

    columns: Tuple[TableColumn, ...]
    returns: str
    body: str
    volatility: str
    search_path: Optional[str]
    execute: Tuple[str, ...] = ()
    parameters: str = SERVER
    language: str = "plpgsql"
    security_definer: bool = False
    owner: Optional[str] = None

    @property
    def target(self) -> Any:
        types = ", ".join(parameter.split(" ", 1)[1] for parameter in self.parameters.split(", "))
        return compose("FUNCTION {name}({types})", name=self.qualified, types=raw(types))

    def describe(self) -> str:
        lines = ["({0}) returns {1}".format(self.parameters, self.returns)]
        lines += ["out {0}".format(column.describe()) for column in self.columns]
        lines.append("{0}, language {1}".format(self.volatility.lower(), self.language))
        lines.append("security {0}".format("definer" if self.security_definer else "invoker"))
        lines += ["owner {0}".format(self.owner)] if self.owner == QUERIES_ROLE else []
        lines.append("search_path {0}".format(self.search_path or "of the session"))
        lines.append("comment: {0}".format(self.comment))
        lines += ["grant execute to {0}".format(role or "public") for role in sorted(self.execute)]
        return "\n".join(lines) + "\n" + self.body.strip("\n")

    def create(self) -> List[Any]:
        # PostgreSQL lets PUBLIC call a new function.
        statements = [self._create(""), *self.set_comment(), *self._grants().grant(self.target, {"": EXECUTE})]
        if self.owner == QUERIES_ROLE:
            statements.append(compose(texts.SET_OWNER, target=self.target, owner=identifier(self.owner)))
        return statements

    def alter(self, found: "Function") -> List[Any]:
        statements: List[Any] = []
        if self._head() != found._head():
            if found.replaced_by(self):
                return [*found.drop(), *self.create()]
            statements.append(self._create(texts.OR_REPLACE))
        if statements or self.comment != found.comment:
            statements += self.set_comment()
        return statements + self._grants().grant(self.target, found._grants().privileges)

    def keeping(self, found: "Function") -> "Function":
        others = {role for role in found.execute if role}
        if self._gets_owner(found):
            return replace(self, execute=tuple(sorted(set(self.execute) | (others - {found.owner}))))
        return replace(self, execute=tuple(sorted(set(self.execute) | others)), owner=found.owner)

    def replaced_by(self, wanted: "Function") -> bool:
        return wanted._gets_owner(self) or (self.returns, self.columns) != (wanted.returns, wanted.columns)

    def _gets_owner(self, found: "Function") -> bool:
        """Whether it has to belong to the role of local mode and does not, or the other way round."""
        return (self.owner == QUERIES_ROLE) != (found.owner == QUERIES_ROLE)

    def _head(self) -> Any:
        return replace(self, comment=None, execute=())

    def _grants(self) -> Grants:
        return Grants(dict.fromkeys(self.execute, EXECUTE))

    def _create(self, or_replace: str) -> Any:
        out = [
            compose(", OUT {name} {type}", name=identifier(column.name), type=raw(column.type))
            for column in self.columns
        ]
        settings = raw("")
        if self.search_path is not None:
            settings = compose(texts.FUNCTION_SEARCH_PATH, search_path=raw(self.search_path))
        return compose(
            texts.CREATE_FUNCTION,
            replace=raw(or_replace),
            name=self.qualified,
            parameters=raw(self.parameters),
            out=joined(out, ""),
            returns=raw(self.returns),
            language=raw(self.language),
            volatility=raw(self.volatility),
            security=raw(texts.SECURITY_DEFINER if self.security_definer else ""),
            settings=settings,
            body=literal(self.body),
        )


#: The suffixes of every object that a datasource may have, by kind.
SUFFIXES: Mapping[Type[DatabaseObject], Tuple[str, ...]] = {
    Function: FUNCTION_SUFFIXES,
    Table: TABLE_SUFFIXES,
    RecordType: TYPE_SUFFIXES,
    Index: INDEX_SUFFIXES,
}
