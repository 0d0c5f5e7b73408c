# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the columns that a server has of datasources, found out before anything is written."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Sequence, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import first_line
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.wanted import (
    Wanted,
    objects_of_nothing,
    with_names,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import MAX_KEYS, Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    CURRENT,
    HISTORY,
    RECORD,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.column_differences import extra_columns, retyped
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.layout import Layout
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import DatabaseObject, RecordType, Table
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.parts import kept_as
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import reshape as texts


def refusals_of_columns(cursor: Any, wanted: Sequence[Wanted], side: Side, state: DatasourcesState) -> List[str]:
    """Return what is wrong with the columns that the server has."""
    problems = []
    for where, entry in with_names(wanted):
        if entry.definition.adopt:
            problems += [where + problem for problem in _misfits(cursor, entry, side, state)]
        if side.stores:
            problems += [where + problem for problem in refusals_of_layout(entry.definition, entry.layout)]
            problems += [where + problem for problem in _undeclared_values(cursor, entry, state.catalog)]
    return problems


def refusals_of_layout(definition: Definition, layout: Layout) -> List[str]:
    """Return what is wrong with the columns that the history would have."""
    return [
        *_ambiguous_renames(definition, layout),
        *_of_another_kind(definition, layout),
        *_too_many_keys(layout),
    ]


def _misfits(cursor: Any, wanted: Wanted, side: Side, state: DatasourcesState) -> List[str]:
    """Return which objects to be taken over are not what we would make: of another kind, or with other columns."""
    problems = []
    foreign = []
    for entry in objects_of_nothing(cursor, wanted.definition, side, state):
        found = state.catalog.get(type(entry), entry.name)
        if found is not None and not found.ours:
            foreign.append((entry, found))
    not_tables = _not_tables(cursor, [entry.name for entry, _found in foreign if isinstance(entry, Table)], state)
    for entry, found in foreign:
        if isinstance(entry, Table) and entry.name in not_tables:
            problems.append(
                "adopt: {0} is not a plain table, and reading a view runs code of its owner: rename or drop it, or"
                " choose another name".format(entry.identity)
            )
        elif found.extension:
            problems.append(
                "adopt: {0} belongs to the extension {1}: choose another name".format(entry.identity, found.extension)
            )
        elif _types(entry) != _types(found.object):
            problems.append(
                "adopt: {0} has the columns ({1}), expected ({2}): change it, or choose another name".format(
                    entry.identity, _listed(found.object), _listed(entry)
                )
            )
    return problems


def _not_tables(cursor: Any, names: Sequence[str], state: DatasourcesState) -> Set[str]:
    """Return which relations are views, or anything else that runs code when it is read."""
    if not names:
        return set()
    cursor.execute(compose(texts.NOT_TABLES, schema=literal(state.archivist.schema), names=literal(list(names))))
    return {name for (name,) in cursor.fetchall()}


def _columns(entry: DatabaseObject) -> Any:
    return entry.columns if isinstance(entry, (RecordType, Table)) else ()


def _types(entry: DatabaseObject) -> Dict[str, str]:
    return {column.name: column.type for column in _columns(entry)}


def _listed(entry: DatabaseObject) -> str:
    return ", ".join(column.describe() for column in _columns(entry))


def _ambiguous_renames(definition: Definition, layout: Layout) -> List[str]:
    kept = layout.kept_keys | layout.kept_metrics
    return [
        'renamed_from: both "{0}" and "{1}" have values already, so neither can become the other:'
        " leave renamed_from out".format(column.renamed_from, column.name)
        for column in definition.columns
        if column.renamed_from in kept
    ]


def _of_another_kind(definition: Definition, layout: Layout) -> List[str]:
    """Return the keys that were metrics, and the reverse: they would hide the values from before."""
    keys = {column.name for column in definition.stored_keys}
    return [
        '{0}: "{1}" was a {2} before, and its values stay in the history under that name:'
        " give the {3} another name".format(field, name, before, now)
        for field, names, before, now in (
            ("keys", layout.kept_metrics & keys, "metric", "key"),
            ("metrics", layout.kept_keys & {column.name for column in definition.metrics}, "key", "metric"),
        )
        for name in sorted(names)
    ]


def _too_many_keys(layout: Layout) -> List[str]:
    """Return that history has more keys than an index has room for, with those that are no longer declared."""
    if len(layout.keys) <= MAX_KEYS:
        return []
    return [
        "keys: its history has {0} with those that are no longer declared ({1}), expected at most {2}, which is what an"
        " index of PostgreSQL has room for: declare fewer new ones, or give the datasource another name".format(
            len(layout.keys), ", ".join(sorted(layout.kept_keys)), MAX_KEYS
        )
    ]


def _changed_tables(wanted: Wanted, catalog: Catalog) -> Iterator[Tuple[Table, Table]]:
    """Yield each history table as wanted and as found."""
    for entry in wanted.objects:
        if isinstance(entry, Table) and not entry.unlogged:
            found = catalog.there(entry)
            if found is not None:
                yield entry, found


def _undeclared_values(cursor: Any, wanted: Wanted, catalog: Catalog) -> List[str]:
    """Return the columns added by hand that hold values: only an empty one is dropped.

    What is not ours is not read, since anybody may have made it: it is refused anyway, or has the declared columns.
    """
    problems = []
    for entry, found in _changed_tables(wanted, catalog):
        there = catalog.get(Table, entry.name)
        if there is None or not there.ours:
            continue
        for column in extra_columns(entry, found, wanted.layout.renames):
            cursor.execute(compose(texts.HOLDS_VALUES, table=found.qualified, column=identifier(column)))
            if cursor.fetchone()[0]:
                problems.append(
                    'keys: column "{0}" of {1} was not made by this collection and holds values:'
                    " declare it as a key, or drop it by hand".format(column, found.identity)
                )
    return problems


def values_that_do_not_fit(cursor: Any, wanted: Sequence[Wanted], side: Side, state: DatasourcesState) -> List[str]:
    """Return the columns whose new type cannot hold their values; this reads the whole history."""
    problems = []
    for where, entry in with_names(wanted) if side.stores else ():
        for field, name, new_type, statement in _casts(entry, state.catalog):
            cursor.execute(texts.SAVEPOINT)
            try:
                cursor.execute(statement)
            except (driver.psycopg2.DataError, driver.psycopg2.ProgrammingError) as error:
                cursor.execute(texts.ROLLBACK)
                problem = (
                    '{0}{1}: the history has values of "{2}" that cannot become {3} ({4}):'
                    " declare a type that holds them, or give the column another name".format(
                        where, field, name, new_type, first_line(error)
                    )
                )
                if problem not in problems:
                    problems.append(problem)
    return problems


def _casts(wanted: Wanted, catalog: Catalog) -> Iterator[Tuple[str, str, str, Any]]:
    """Yield field, column and new type of each changed column, with a statement that casts all of its values."""
    renames = wanted.layout.renames
    old_names = {new: old for old, new in renames.items()}

    def parts(name: str, new_type: str, table: Table) -> Dict[str, Any]:
        return {"column": identifier(old_names.get(name, name)), "type": kept_as(new_type), "table": table.qualified}

    for entry, found in _changed_tables(wanted, catalog):
        for name, _before, after in retyped(entry, found, renames):
            yield "keys", name, after, compose(texts.CAST_KEY, **parts(name, after, found))
    for record in wanted.objects:
        if not isinstance(record, RecordType) or record.name != object_name(wanted.definition.name, RECORD):
            continue
        found_record = catalog.there(record)
        for name, _before, after in retyped(record, found_record, renames) if found_record else ():
            for text, suffix in ((texts.CAST_CURRENT, CURRENT), (texts.CAST_HISTORY, HISTORY)):
                history = catalog.get(Table, object_name(wanted.definition.name, suffix))
                if history is not None:
                    yield "metrics", name, after, compose(text, **parts(name, after, history.object))
