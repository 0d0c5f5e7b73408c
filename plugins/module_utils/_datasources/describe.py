# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users' queries, described by the server that will run them."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import first_line
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import (
    compose,
    identifier,
    joined,
    literal,
    user_sql,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import Definition, Query
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.types import (
    TYPE_NAMES,
    UNDECLARED,
    ColumnType,
    type_of_oid,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import describe as texts

#: Types by column, by datasource.
Described = Dict[str, Dict[str, ColumnType]]

#: Tells the columns of one query from those of the next; no query of a user returns it.
_END = "pgfleet.powa: end of a query"


class Describer:
    """Describes queries in a READ ONLY transaction, which the caller ends.

    :param role: who will run the queries; None for the role of this session
    :param search_path_of: returns where the query of a definition looks up names
    """

    def __init__(
        self,
        cursor: Any,
        server_version_num: int,
        role: Optional[str],
        search_path_of: Callable[[Definition], str],
    ) -> None:
        self._cursor = cursor
        self._version = server_version_num
        self._role = role
        self._search_path_of = search_path_of
        self.types: Described = {}
        self.problems: List[str] = []

    def describe(self, definitions: Sequence[Definition]) -> None:
        """Describe the query of each definition, and compare it with what is declared."""
        for definition in definitions:
            query = self._query(definition)
            if query is not None and self._describe(definition, query) and definition.query_cleanup:
                self._explain_cleanup(definition)

    def describe_together(self, definitions: Sequence[Definition]) -> None:
        """Do the same for any number of definitions in a fixed number of statements, unless one is wrong."""
        chosen = [(definition, self._query(definition)) for definition in definitions]
        queries = [(definition, query) for definition, query in chosen if query is not None]
        if not queries:
            return
        selected = joined(
            compose(texts.SELECTED, alias=identifier("q{0}".format(number)), end=identifier(_END))
            for number in range(len(queries))
        )
        sources = joined(
            (
                compose(texts.SOURCE, query=user_sql(query.sql), alias=identifier("q{0}".format(number)))
                for number, (_definition, query) in enumerate(queries)
            ),
            "\n",
        )
        self._enter(queries[0][0])
        try:
            self._run(compose(texts.DESCRIBE_TOGETHER, selected=selected, sources=sources))
            description = list(self._cursor.description)
        except driver.psycopg2.Error:
            if self._cursor.connection.closed:
                raise
            description = []
        self._leave()
        if not description:
            self.describe(definitions)
            return
        for definition, _query in queries:
            end = next(position for position, column in enumerate(description) if column.name == _END)
            self._compare(definition, description[:end])
            description = description[end + 1 :]

    def _query(self, definition: Definition) -> Optional[Query]:
        query = definition.query_for(self._version)
        if query is None:
            self.problems.append(
                'datasource "{0}", queries: none runs on this server\'s version {1}:'
                " add one with a lower min_version".format(definition.name, self._version)
            )
        return query

    def _enter(self, definition: Definition) -> None:
        self._cursor.execute(texts.SAVEPOINT)
        path = literal(self._search_path_of(definition))
        self._cursor.execute(compose(texts.SET_SEARCH_PATH, search_path=path))
        if self._role and not definition.security_definer:
            self._cursor.execute(compose(texts.SET_ROLE, role=identifier(self._role)))

    def _run(self, statement: Any) -> None:
        """Run a statement with a user's SQL in it, provided that this SQL does not make it several statements."""
        body = compose(texts.ONE_STATEMENT, statement=literal(statement.as_string(self._cursor)))
        self._cursor.execute(compose(texts.DO, body=literal(body.as_string(self._cursor))))
        self._cursor.execute(statement)

    def _leave(self) -> None:
        if not self._cursor.connection.closed:
            self._cursor.execute(texts.ROLLBACK)

    def _describe(self, definition: Definition, query: Query) -> bool:
        self._enter(definition)
        try:
            self._run(compose(texts.DESCRIBE, query=user_sql(query.sql)))
            self._compare(definition, self._cursor.description)
            return True
        except driver.psycopg2.Error as error:
            self._refused(definition, _field(definition, query), error)
            return False
        finally:
            self._leave()

    def _explain_cleanup(self, definition: Definition) -> None:
        self._enter(definition)
        try:
            self._run(compose(texts.EXPLAIN, statement=user_sql(definition.query_cleanup or "")))
        except driver.psycopg2.Error as error:
            self._refused(definition, "query_cleanup", error)
        self._leave()

    def _refused(self, definition: Definition, field: str, error: Exception) -> None:
        if self._cursor.connection.closed:
            raise error
        if getattr(error, "pgcode", None) == driver.errorcodes.INVALID_CURSOR_DEFINITION:
            self.problems.append(
                'datasource "{0}", {1}: found more than one statement, expected one: remove the others'.format(
                    definition.name, field
                )
            )
            return
        role = None if definition.security_definer else self._role
        self.problems.append(
            'datasource "{0}", {1}: PostgreSQL refuses it{2} ({3}):'
            " correct it, or grant the role the right that it needs".format(
                definition.name, field, ' for role "{0}"'.format(role) if role else "", first_line(error)
            )
        )

    def _compare(self, definition: Definition, description: Optional[Sequence[Any]]) -> None:
        types, problems = _compare(definition, description or ())
        self.types[definition.name] = types
        query = definition.query_for(self._version)
        where = 'datasource "{0}", {1}'.format(definition.name, _field(definition, query))
        self.problems += ["{0}: {1}".format(where, problem) for problem in problems]


def may_become(cursor: Any, role: str) -> Optional[str]:
    """Return why the session cannot switch to a role, or None."""
    cursor.execute(texts.SAVEPOINT)
    try:
        cursor.execute(compose(texts.SET_ROLE, role=identifier(role)))
        return None
    except driver.psycopg2.Error as error:
        return (
            'cannot switch to monitoring_role "{0}" to try the queries ({1}):'
            " log in as a superuser or as a member of that role".format(role, first_line(error))
        )
    finally:
        cursor.execute(texts.ROLLBACK)


def _field(definition: Definition, query: Optional[Query]) -> str:
    if len(definition.queries) == 1:
        return "query"
    return "queries[min_version={0}]".format(query and query.min_version)


def _compare(definition: Definition, description: Sequence[Any]) -> Tuple[Dict[str, ColumnType], List[str]]:
    problems: List[str] = []
    returned: Dict[str, int] = {}
    for column in description:
        if column.name in returned:
            problems.append('it returns two columns called "{0}": give each its own name (AS ...)'.format(column.name))
        returned[column.name] = column.type_code
    declared = {column.name for column in definition.columns}
    extra = [name for name in returned if name not in declared]
    missing = [column.name for column in definition.columns if column.name not in returned]
    if extra or missing:
        problems.append(
            "it returns the columns ({0}), but the keys and metrics are ({1}):"
            " change the query or the declaration until they match".format(
                ", ".join(returned), ", ".join(column.name for column in definition.columns)
            )
        )
    types: Dict[str, ColumnType] = {}
    for column in definition.columns:
        if column.name not in returned:
            continue
        oid = returned[column.name]
        found = type_of_oid(oid)
        if column.type is UNDECLARED and found is None:
            problems.append(
                'column "{0}" has a type with oid {1}, expected one of {2}: cast it in the query'.format(
                    column.name, oid, ", ".join(TYPE_NAMES)
                )
            )
        elif column.type is UNDECLARED and found is not None:
            types[column.name] = found
            if column.is_key and not found.groupable:
                problems.append(
                    'key "{0}" is {1}, which GROUP BY cannot use: cast it to jsonb in the query'.format(
                        column.name, found.name
                    )
                )
        elif oid != column.type.oid:
            problems.append(
                'column "{0}" is {1}, but declared as {2}: declare the type that the query returns, or cast it'.format(
                    column.name, found.name if found else "of a type with oid {0}".format(oid), column.type.name
                )
            )
    return types, problems
