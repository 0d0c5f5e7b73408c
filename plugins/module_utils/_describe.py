# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users' queries, described by the server that will run them."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils import _driver
from ansible_collections.pgfleet.powa.plugins.module_utils._archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._connection import first_line
from ansible_collections.pgfleet.powa.plugins.module_utils._definition import Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._driver import compose, identifier, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._types import type_of_oid

# A line of its own, so that a comment at the query's end does not swallow the parenthesis.
_DESCRIBE = """SELECT * FROM (
{query}
) AS q LIMIT 0"""
_SET_ROLE = "SET LOCAL ROLE {role}"


def describe_queries(
    cursor: Any, definitions: Sequence[Definition], archivist: Archivist, role: Optional[str]
) -> List[str]:
    """Compare what queries return with what is declared, and return the problems.

    The cursor is in a READ ONLY transaction, which the caller ends.

    :param role: who will run the queries; None for the role of this session
    """
    problems: List[str] = []
    if not definitions:
        return problems
    archivist.set_search_path(cursor)
    if role:
        cursor.execute("SAVEPOINT describe")
        try:
            cursor.execute(compose(_SET_ROLE, role=identifier(role)))
        except _driver.psycopg2.Error as error:
            cursor.execute("ROLLBACK TO SAVEPOINT describe")
            return [
                'monitoring_role "{0}" can not be taken to try the queries ({1}):'
                " log in as a superuser or as a member of that role".format(role, first_line(error))
            ]
    for definition in definitions:
        query = definition.query_for(archivist.server_version_num)
        where = 'datasource "{0}", '.format(definition.name) + (
            "query" if len(definition.queries) == 1 else "queries[min_version={0}]".format(query and query.min_version)
        )
        if query is None:
            problems.append(
                "{0}: none is for this server's version {1}: add one with a lower min_version".format(
                    'datasource "{0}", queries'.format(definition.name), archivist.server_version_num
                )
            )
            continue
        cursor.execute("SAVEPOINT describe")
        try:
            cursor.execute(compose(_DESCRIBE, query=raw(query.sql)))
            problems += ["{0}: {1}".format(where, problem) for problem in _compare(definition, cursor.description)]
        except _driver.psycopg2.Error as error:
            problems.append(
                "{0}: the server refuses it{1} ({2}): correct the query, or what the role may read".format(
                    where, ' for role "{0}"'.format(role) if role else "", first_line(error)
                )
            )
        cursor.execute("ROLLBACK TO SAVEPOINT describe")
    return problems


def _compare(definition: Definition, description: Optional[Sequence[Any]]) -> List[str]:
    problems: List[str] = []
    returned: Dict[str, int] = {}
    for column in description or ():
        if column.name in returned:
            problems.append('it returns two columns "{0}": give each its own name (AS ...)'.format(column.name))
        returned[column.name] = column.type_code
    declared = {column.name for column in definition.columns}
    extra = [name for name in returned if name not in declared]
    missing = [column.name for column in definition.columns if column.name not in returned]
    if extra or missing:
        problems.append(
            "it returns ({0}), declared are ({1}):"
            " make the columns of the query and the keys and metrics the same".format(
                ", ".join(returned), ", ".join(column.name for column in definition.columns)
            )
        )
    for column in definition.columns:
        oid = returned.get(column.name, column.type.oid)
        if oid != column.type.oid:
            found = type_of_oid(oid)
            problems.append(
                'column "{0}" is {1}, declared {2}: declare the type that the query returns, or cast it there'.format(
                    column.name, found.name if found else "of a type with oid {0}".format(oid), column.type.name
                )
            )
    return problems
