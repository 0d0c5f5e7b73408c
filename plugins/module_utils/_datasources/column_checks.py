# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the columns that a server has of datasources, found out before anything is written."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import first_line
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources import reshape
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.build import Side
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import Definition, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.layout import Layout, layout_of
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.plan import wanted_objects
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import State
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import reshape as texts


def refusals_of_columns(cursor: Any, definitions: Sequence[Definition], side: Side, state: State) -> List[str]:
    """Return what is wrong with the columns that the server has."""
    problems = []
    for definition in definitions:
        where = 'datasource "{0}", '.format(definition.name)
        if definition.adopt:
            problems += [where + problem for problem in _misfits(definition, side, state)]
        if side.stores:
            problems += [where + problem for problem in _ambiguous_renames(definition, state)]
            problems += [where + problem for problem in _of_another_kind(definition, state)]
            problems += [where + problem for problem in _undeclared_values(cursor, definition, side, state)]
    return problems


def _misfits(definition: Definition, side: Side, state: State) -> List[str]:
    """Objects that are to be taken over have the columns that we would give them."""
    problems = []
    nothing = Catalog({"type": {}, "table": {}, "index": {}, "function": {}}, ())
    for wanted in wanted_objects(definition, layout_of(definition, nothing), side, state, ()):
        entry = state.catalog.get(wanted.kind, wanted.name)
        if entry is None or entry.ours:
            continue
        if entry.extension:
            problems.append(
                "adopt: {0} {1}.{2} belongs to the extension {3}: choose another name".format(
                    wanted.kind, state.archivist.schema, wanted.name, entry.extension
                )
            )
        elif wanted.kind in ("type", "table") and _types(wanted) != _types(entry.object):
            problems.append(
                "adopt: {0} {1}.{2} has the columns ({3}), expected ({4}): change it, or choose another name".format(
                    wanted.kind, state.archivist.schema, wanted.name, _listed(entry.object), _listed(wanted)
                )
            )
    return problems


def _types(entry: Any) -> Dict[str, str]:
    return {column.name: column.type for column in entry.columns}


def _listed(entry: Any) -> str:
    return ", ".join(column.describe() for column in entry.columns)


def _ambiguous_renames(definition: Definition, state: State) -> List[str]:
    layout = layout_of(definition, state.catalog)
    kept = layout.kept_keys | layout.kept_metrics
    return [
        'renamed_from: both "{0}" and "{1}" have values already, so neither can become the other:'
        " leave renamed_from out".format(column.renamed_from, column.name)
        for column in definition.columns
        if column.renamed_from in kept
    ]


def _of_another_kind(definition: Definition, state: State) -> List[str]:
    """A key and a metric of one name would hide the values of what was there before."""
    layout = layout_of(definition, state.catalog)
    keys = {column.name for column in definition.stored_keys}
    return [
        '{0}: "{1}" was a {2} before, whose values stay in the history under that name:'
        " give the {3} another name".format(field, name, before, now)
        for field, names, before, now in (
            ("keys", layout.kept_metrics & keys, "metric", "key"),
            ("metrics", layout.kept_keys & {column.name for column in definition.metrics}, "key", "metric"),
        )
        for name in sorted(names)
    ]


def _undeclared_values(cursor: Any, definition: Definition, side: Side, state: State) -> List[str]:
    """A column that somebody added by hand goes, but not with values in it."""
    problems = []
    layout = layout_of(definition, state.catalog)
    for wanted in wanted_objects(definition, layout, side, state, ()):
        entry = state.catalog.get(wanted.kind, wanted.name)
        if entry is None or wanted.kind != "table" or wanted.unlogged:
            continue
        for column in reshape.extra_columns(wanted, entry.object, layout.renames):
            table = identifier(state.archivist.schema, wanted.name)
            cursor.execute(compose(texts.HOLDS_VALUES, table=table, column=identifier(column)))
            if cursor.fetchone()[0]:
                problems.append(
                    'keys: column "{0}" of table {1}.{2} was not made by this collection and holds values:'
                    " declare it as a key, or drop it by hand".format(column, state.archivist.schema, wanted.name)
                )
    return problems


def values_that_do_not_fit(cursor: Any, definitions: Sequence[Definition], side: Side, state: State) -> List[str]:
    """Return the columns of another type which can not hold what history has; it is read as a whole for that."""
    problems = []
    for definition in definitions if side.stores else ():
        layout = layout_of(definition, state.catalog)
        for field, name, new_type, statement in _casts(definition, layout, side, state):
            cursor.execute(texts.SAVEPOINT)
            try:
                cursor.execute(statement)
            except (driver.psycopg2.DataError, driver.psycopg2.ProgrammingError) as error:
                cursor.execute(texts.ROLLBACK)
                problem = (
                    'datasource "{0}", {1}: the history has values of "{2}" that do not become {3} ({4}):'
                    " declare a type that holds them, or give the column another name".format(
                        definition.name, field, name, new_type, first_line(error)
                    )
                )
                if problem not in problems:
                    problems.append(problem)
    return problems


def _casts(definition: Definition, layout: Layout, side: Side, state: State) -> Iterator[Tuple[str, str, str, Any]]:
    """Give field, column and type of each value that gets another, with a statement that casts all of them."""
    old_names = {new: old for old, new in layout.renames.items()}
    for wanted in wanted_objects(definition, layout, side, state, ()):
        found = state.catalog.get(wanted.kind, wanted.name)
        if found is None or wanted.kind not in ("type", "table") or getattr(wanted, "unlogged", False):
            continue
        for name, _before, after in reshape.retyped(wanted, found.object, layout.renames):
            column, parts = identifier(old_names.get(name, name)), {"type": raw(after)}
            if wanted.kind == "table":
                table = identifier(state.archivist.schema, wanted.name)
                yield "keys", name, after, compose(texts.CAST_KEY, table=table, column=column, **parts)
            elif wanted.name.endswith("_history_record"):
                for text, suffix in ((texts.CAST_CURRENT, "_history_current"), (texts.CAST_HISTORY, "_history")):
                    history = state.catalog.get("table", object_name(definition.name, suffix))
                    if history is not None:
                        table = identifier(state.archivist.schema, history.object.name)
                        yield "metrics", name, after, compose(text, table=table, column=column, **parts)
