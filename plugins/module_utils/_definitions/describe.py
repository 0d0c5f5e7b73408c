# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users' queries, described by the server that will run them, and compared with what is declared."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import (
    DATABASE,
    Column,
    Definition,
    Query,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.described_texts import (
    CANCELED,
    Answer,
    DescribeTexts,
    ReturnedColumn,
    UserText,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.extension_names import (
    names_of_extensions,
    with_schemas,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import (
    UNDECLARED,
    ColumnType,
    Typed,
    is_same_type,
    type_of_oid,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.users_session import StuckError

#: Types by column, by datasource.
Described = Dict[str, Dict[str, Typed]]


class _Asked(NamedTuple):
    """A text of a definition.

    :param field: what a sentence calls it
    """

    definition: Definition
    field: str
    text: UserText

    @property
    def where(self) -> str:
        return 'datasource "{0}", {1}'.format(self.definition.name, self.field)


class Describer:
    """Describes the queries of definitions in a fixed number of statements.

    :param describe_texts: asks the server
    :param role: who will run the queries, which is no superuser; None if the task does not say
    :param search_path_of: returns where the query of a definition looks up names
    :param extension_schemas: by extension that a query names and that this database has, its schema, quoted; None if
        not all that has one of the names there belongs to the extension
    """

    def __init__(
        self,
        cursor: Any,
        describe_texts: DescribeTexts,
        server_version_num: int,
        role: Optional[str],
        search_path_of: Callable[[Definition], str],
        extension_schemas: Mapping[str, Optional[str]],
        group: str = "pg_monitor",
    ) -> None:
        self._cursor = cursor
        self._describe_texts = describe_texts
        self._version = server_version_num
        self._role = role
        self._search_path_of = search_path_of
        self._extension_schemas = extension_schemas
        self._group = group
        self.types: Described = {}
        #: How many rows the planner expects of each datasource.
        self.rows: Dict[str, float] = {}
        self.problems: List[str] = []
        #: One sentence for each text whose declared types count although the role may not run it.
        self.untried: List[str] = []

    def describe(self, definitions: Sequence[Definition]) -> None:
        """Describe the query of each definition, and compare it with what is declared."""
        asked = [text for definition in definitions for text in self._texts(definition)]
        if not asked:
            return
        try:
            answers = self._describe_texts(self._cursor, self._role, [entry.text for entry in asked])
        except StuckError as stuck:
            known = stuck.position is not None and stuck.position < len(asked)
            self.problems.append(_too_slow(asked[stuck.position or 0].where if known else "a query of the datasources"))
            return
        wrong_queries = set()
        for entry, answer in zip(asked, answers):
            if entry.text.is_cleanup and entry.definition.name in wrong_queries:
                continue
            # With security_definer the columns tell of a cast that is refused, even one that the role may not run.
            runs_cast = entry.definition.security_definer and any(column.is_foreign for column in answer.columns)
            if answer.sqlstate is not None and not runs_cast:
                self._refused(entry, answer)
                wrong_queries.add(entry.definition.name)
            elif not entry.text.is_cleanup:
                self._compare(entry, answer)
                if answer.rows is not None:
                    self.rows[entry.definition.name] = answer.rows

    def _texts(self, definition: Definition) -> List[_Asked]:
        query = definition.query_for(self._version)
        if query is None:
            self.problems.append(
                'datasource "{0}", queries: none runs on this server\'s version {1}:'
                " add one with a lower min_version".format(definition.name, self._version)
            )
            return []
        field = _field(definition, query)
        wrong = [
            (name, objects)
            for name, objects in names_of_extensions(query.sql).items()
            if self._extension_schemas.get(name) is None
        ]
        if wrong:
            self.problems += [self._wrong_extension(definition.name, field, *each) for each in wrong]
            return []
        path = self._search_path_of(definition)
        sql = with_schemas(query.sql, self._extension_schemas)
        asked = [_Asked(definition, field, UserText(sql, path, False))]
        if definition.query_cleanup:
            asked.append(_Asked(definition, "query_cleanup", UserText(definition.query_cleanup, path, True)))
        return asked

    def _refused(self, asked: _Asked, answer: Answer) -> None:
        codes = driver.errorcodes
        if answer.sqlstate == codes.INSUFFICIENT_PRIVILEGE and self._runs_with_other_rights(asked.definition):
            self._untried(asked, answer)
        elif answer.sqlstate == codes.INVALID_CURSOR_DEFINITION:
            self.problems.append(
                "{0}: found more than one statement, expected one: remove the others".format(asked.where)
            )
        elif answer.sqlstate == codes.READ_ONLY_SQL_TRANSACTION:
            self.problems.append(
                "{0}: it writes or locks rows ({1}), expected a query that only reads: remove that part,"
                " such as FOR UPDATE".format(asked.where, answer.message)
            )
        elif answer.sqlstate == codes.LOCK_NOT_AVAILABLE:
            self.problems.append(
                "{0}: another session holds a lock that planning it needs ({1}): run the task again once that session"
                " has ended".format(asked.where, answer.message)
            )
        elif answer.sqlstate == CANCELED:
            self.problems.append(_too_slow(asked.where))
        else:
            advice = "correct it, or grant the role the right that it needs"
            not_found = answer.sqlstate in (codes.UNDEFINED_TABLE, codes.UNDEFINED_FUNCTION, codes.UNDEFINED_OBJECT)
            if not_found and asked.definition.scope == DATABASE:
                advice = (
                    "correct it, and write the schema before names that are not in pg_catalog, the only schema that the"
                    " collector searches, or {name of the extension} before those of an extension"
                )
            who = ' for role "{0}"'.format(self._role) if self._role else ""
            self.problems.append(
                "{0}: PostgreSQL refuses it{1} ({2}): {3}".format(asked.where, who, answer.message, advice)
            )

    def _runs_with_other_rights(self, definition: Definition) -> bool:
        """Whether the query will not run with the rights of the role that tried it."""
        return definition.security_definer or self._role is None

    def _untried(self, asked: _Asked, answer: Answer) -> None:
        definition = asked.definition
        why = (
            "it runs as the owner of the function, and this module tries no query with the rights of a superuser"
            if definition.security_definer
            else "the task names no monitoring_role, and this module tries no query with the rights of a superuser"
        )
        who = 'role "{0}"'.format(self._role) if self._role else "a role with only {0}".format(self._group)
        sentence = "{0}: {1}, but {2} may not run it ({3})".format(asked.where, why, who, answer.message)
        undeclared = [] if asked.text.is_cleanup else definition.undeclared()
        if undeclared:
            names = ", ".join(map(_undeclared, undeclared))
            advice = "" if definition.security_definer else ", or give monitoring_role"
            self.problems.append("{0}: declare the types of {1}{2}".format(sentence, names, advice))
        else:
            cast = (
                ", and values of another type would be cast by code of that type's owner, here with the rights of the"
                " function's owner"
            )
            self.untried.append(
                "{0}: it was not tried, and is taken as it is declared{1}".format(
                    sentence, cast if definition.security_definer and not asked.text.is_cleanup else ""
                )
            )

    def _wrong_extension(self, datasource: str, field: str, name: str, objects: Sequence[str]) -> str:
        begin = 'datasource "{0}", {1}: it names the extension "{2}", '.format(datasource, field, name)
        if name not in self._extension_schemas:
            return begin + (
                "which is not installed in this database, where queries are tried: create the extension, or leave the"
                " datasource out"
            )
        return begin + (
            "and in that extension's schema not everything with the name {0} belongs to the extension: drop or rename"
            " the rest, or leave the datasource out".format(" or ".join(objects))
        )

    def _compare(self, asked: _Asked, answer: Answer) -> None:
        types, problems = _compare(asked.definition, answer.columns)
        self.types[asked.definition.name] = types
        self.problems += ["{0}: {1}".format(asked.where, problem) for problem in problems]


def _undeclared(column: Column) -> str:
    if column.cast_from is None:
        return column.name
    return "{0} (instead of {1} the one that the column gets, such as text)".format(column.name, column.cast_from)


def _too_slow(where: str) -> str:
    return (
        "{0}: PostgreSQL did not finish planning it within the timeout, and was stopped: look for a lock, or for a"
        " function that runs while a query is planned (IMMUTABLE or STABLE, also inside a view)"
    ).format(where)


def _field(definition: Definition, query: Query) -> str:
    if len(definition.queries) == 1:
        return "query"
    return "queries[min_version={0}]".format(query.min_version)


def _compare(definition: Definition, columns: Sequence[ReturnedColumn]) -> Tuple[Dict[str, Typed], List[str]]:
    problems: List[str] = []
    returned: Dict[str, ReturnedColumn] = {}
    for result in columns:
        if result.name in returned:
            problems.append('it returns two columns called "{0}": give each its own name (AS ...)'.format(result.name))
        returned[result.name] = result
    declared = {column.name for column in definition.columns}
    extra = [name for name in returned if name not in declared]
    missing = [column.name for column in definition.columns if column.name not in returned]
    if extra or missing:
        problems.append(
            "it returns {0}, but the keys and metrics are ({1}):"
            " change the query or the declaration until they match".format(
                "the columns ({0})".format(", ".join(returned)) if returned else "no column",
                ", ".join(column.name for column in definition.columns),
            )
        )
    types: Dict[str, Typed] = {}
    for column in definition.columns:
        if column.name not in returned:
            continue
        result = returned[column.name]
        found = type_of_oid(result.oid) or UNDECLARED
        problem = _misfit(column, result, found, definition.security_definer)
        if problem:
            problems.append(problem)
        else:
            types[column.name] = Typed(found, result.type if result.is_cast else None)
    return types, problems


def _misfit(column: Column, result: ReturnedColumn, found: ColumnType, security_definer: bool) -> Optional[str]:
    """Return what is wrong with a column that a query returns, or None.

    :param found: the type that a column of ours has for it
    """
    name = "{0}, which is stored as {1}".format(result.type, found.name) if result.is_cast else result.type
    declared = column.cast_from or column.type.name
    as_declared = is_same_type(declared, result.type) if column.cast_from else column.type in (UNDECLARED, found)
    if not as_declared:
        return 'column "{0}" is {1}, but declared as {2}: declare the type that the query returns, or cast it'.format(
            column.name, name, declared
        )
    if security_definer and result.is_foreign:
        return (
            'column "{0}" is {1} by a cast that may run code of the type\'s owner (even if an extension has made it),'
            " here with the rights of the function's owner: cast it in the query, or leave security_definer out"
        ).format(column.name, name)
    if column.is_key and not found.groupable:
        return 'key "{0}" is {1}, which GROUP BY cannot use: cast it to jsonb in the query'.format(column.name, name)
    return None
