# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The side of a datasource that runs the user's SQL: its source function, its cleanup, and the query as text."""

from __future__ import annotations

from typing import Any, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import (
    compose,
    identifier,
    joined,
    literal,
    raw,
    user_sql,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Column, Definition, Query
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.extension_names import (
    lookup,
    names_of_extensions,
    split_at_names,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import CLEANUP, RUN, RUN_CLEANUP, SOURCE
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Function, TableColumn
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.parts import (
    OWN_PATH,
    TIMESTAMP,
    Parts,
    listed,
    typed,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import QUERIES_ROLE, Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import functions as bodies


def source_path(definition: Definition, archivist: Archivist, search_path: Sequence[str]) -> str:
    """Return where a query looks up names: with security_definer, never where anybody may create objects.

    :param search_path: quoted schemas besides PoWA's
    """
    own = [] if definition.security_definer else [archivist.quoted_schema]
    return ", ".join(dict.fromkeys(["pg_catalog", *own, *search_path, "pg_temp"]))


def source_function(parts: Parts, execute: Tuple[str, ...]) -> Function:
    """Return the function that returns a sample, or what the collector has copied.

    :param execute: roles that may call it
    """
    definition = parts.definition
    return Function(
        schema=parts.archivist.schema,
        name=parts.name(SOURCE),
        comment=parts.stored.comment(),
        columns=(TableColumn("ts", TIMESTAMP), *typed(definition.columns)),
        returns="SETOF record",
        body=parts.render(
            compose(
                bodies.SOURCE,
                columns=listed("t", definition.columns),
                transient=parts.tables["transient"],
                branches=_branches(definition),
            )
        ),
        volatility="STABLE",
        search_path=parts.search_path,
        execute=execute,
        security_definer=definition.security_definer,
    )


def cleanup_function(parts: Parts, execute: Tuple[str, ...]) -> Function:
    """Return the function that the registry's query_cleanup calls: a text there may hold no brace.

    :param execute: roles that may call it
    """
    definition = parts.definition
    cleanup = _dollar_quoted(user_sql(definition.query_cleanup or ""), definition)
    return Function(
        schema=parts.archivist.schema,
        name=parts.name(CLEANUP),
        comment=parts.comment,
        columns=(),
        returns="void",
        body=parts.render(compose(bodies.CLEANUP, cleanup=cleanup)),
        volatility="VOLATILE",
        search_path=parts.search_path,
        execute=execute,
        security_definer=definition.security_definer,
    )


def run_function(parts: Parts) -> Function:
    """Return the function that returns a sample in local mode, where a superuser calls it.

    It runs as its owner: a role with the rights of the monitoring role, or with security_definer who made it.
    """
    definition = parts.definition
    text = bodies.RUN_AS_OWNER if definition.security_definer else bodies.RUN
    return Function(
        schema=parts.archivist.schema,
        name=parts.name(RUN),
        comment=parts.comment,
        columns=(TableColumn("ts", TIMESTAMP), *typed(definition.columns)),
        returns="SETOF record",
        body=parts.render(compose(text, name=literal(definition.name), branches=_branches(definition))),
        volatility="STABLE",
        search_path=parts.search_path,
        security_definer=True,
        owner=None if definition.security_definer else QUERIES_ROLE,
    )


def run_cleanup_function(parts: Parts, monitoring_role: str) -> Function:
    """Return the function that cleans up in local mode, with the rights of the monitoring role."""
    definition = parts.definition
    return Function(
        schema=parts.archivist.schema,
        name=parts.name(RUN_CLEANUP),
        comment=parts.comment,
        columns=(),
        returns="void",
        body=parts.render(
            compose(
                bodies.RUN_CLEANUP,
                name=literal(definition.name),
                view=parts.qualified(RUN_CLEANUP + "_view"),
                cleanup=parts.qualified(CLEANUP),
                role=identifier(monitoring_role),
            )
        ),
        volatility="VOLATILE",
        search_path=OWN_PATH,
    )


def sample_query(cursor: Any, definition: Definition, query: Query) -> str:
    """Return the SELECT of the declared columns, with the declared types, from a user's query."""
    if names_of_extensions(query.sql):
        return _sample_with_extensions(cursor, definition, query)
    sample = compose(bodies.SAMPLE, columns=_cast_columns(definition.columns), query=user_sql(query.sql))
    return str(sample.as_string(cursor))


def _sample_with_extensions(cursor: Any, definition: Definition, query: Query) -> str:
    """Return a SELECT that looks up the schemas of the extensions in the database where it runs."""
    texts = joined(
        compose("q.{name}::{type}::pg_catalog.text", name=identifier(column.name), type=raw(column.type.name))
        for column in definition.columns
    )
    pieces = split_at_names(compose(bodies.ALL_ROWS, columns=texts, query=user_sql(query.sql)).as_string(cursor))
    sample = compose(
        bodies.SAMPLE_WITH_EXTENSIONS,
        columns=joined(
            compose(
                "q.fields[{place}]::{type} AS {name}",
                place=literal(place),
                type=raw(column.type.name),
                name=identifier(column.name),
            )
            for place, column in enumerate(definition.columns, start=1)
        ),
        query=joined(
            (
                # What a backslash between ' means depends on a setting of each database.
                _dollar_quoted(user_sql(piece), definition)
                if place % 2 == 0
                else compose("e.{name}", name=identifier(piece))
                for place, piece in enumerate(pieces)
            ),
            " OPERATOR(pg_catalog.||) ",
        ),
        schemas=lookup(names_of_extensions(query.sql)),
    )
    return str(sample.as_string(cursor))


def _cast_columns(columns: Sequence[Column]) -> Any:
    return joined(
        compose("q.{name}::{type}", name=identifier(column.name), type=raw(column.type.name)) for column in columns
    )


def _branches(definition: Definition) -> Any:
    if len(definition.queries) == 1 and definition.queries[0].min_version == 0:
        return compose(bodies.SOURCE_ONE_QUERY, query=_quoted_query(definition, definition.queries[0]))
    return compose(
        bodies.SOURCE_BY_VERSION,
        name=literal(definition.name),
        branches=joined((_branch(definition, query) for query in reversed(definition.queries)), "\n"),
    )


def _branch(definition: Definition, query: Query) -> Any:
    return compose(
        bodies.SOURCE_VERSION_BRANCH, min_version=literal(query.min_version), query=_quoted_query(definition, query)
    )


def _quoted_query(definition: Definition, query: Query) -> Any:
    """Quote a query with dollars, so that it stays readable in the function."""
    columns = _cast_columns(definition.columns)
    return _dollar_quoted(compose(bodies.TIMED_SAMPLE, columns=columns, query=user_sql(query.sql)), definition)


def _dollar_quoted(text: Any, definition: Definition) -> Any:
    everything = str(definition.as_dict())
    tag = "query"
    while "${0}$".format(tag) in everything:
        tag += "_"
    quote = raw("${0}$".format(tag))
    return joined((quote, text, quote), "\n")
