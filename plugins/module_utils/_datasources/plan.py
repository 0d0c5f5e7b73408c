# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that one datasource needs: its objects, and what of them goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan, Replaced
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources import objects, reshape
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.build import Side, build_objects
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import (
    DATABASE,
    Definition,
    Removal,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.layout import Layout, layout_of
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import State
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.statements import (
    create_statements,
    drop_statement,
    is_made_anew,
    repair_statements,
)


def plan_datasource(
    cursor: Any, plan: Plan, definition: Definition, side: Side, state: State, paused: Tuple[int, ...]
) -> None:
    """Plan what makes the objects of a datasource as wanted."""
    layout = layout_of(definition, state.catalog)
    wanted = wanted_objects(definition, layout, side, state, paused)
    planner = _Planner(cursor, plan, definition.name, state, layout)
    planner.plan(wanted)
    names = {entry.name for entry in wanted if entry.kind == "function"}
    for suffix in ("_src", "_cleanup"):
        name = object_name(definition.name, suffix)
        # One host may be several kinds of servers in several tasks; only what no kind needs goes.
        needless = definition.scope == DATABASE if suffix == "_src" else not definition.query_cleanup
        if needless and name not in names:
            planner.drop("function", name)


def wanted_objects(
    definition: Definition, layout: Layout, side: Side, state: State, paused: Tuple[int, ...]
) -> List[Any]:
    """Return the objects of a datasource as this server is to have them."""
    path = state.quoted_query_schemas(definition)
    return build_objects(definition, layout, state.archivist, side, path, paused)


class _Planner:
    """Plans the objects of one datasource."""

    def __init__(self, cursor: Any, plan: Plan, datasource: str, state: State, layout: Layout) -> None:
        self.cursor = cursor
        self.datasource = datasource
        self.change_plan = plan
        self.state = state
        self.archivist = state.archivist
        self.layout = layout

    def plan(self, wanted: Sequence[Any]) -> None:
        """Plan all objects: waiting rows are taken first, and types come before the tables that use them."""
        wanted = [entry for entry in wanted if not self._renewed(entry)]
        rewritten = self._rewritten([entry for entry in wanted if entry.kind == "type"])
        for entry in wanted:
            if entry.kind == "function":
                entry = replace(entry, body=entry.body.as_string(self.cursor))
            found = self.found(entry)
            if found is None:
                statements = create_statements(entry, self.archivist)
                self.change_plan.add(self.identity(entry), None, entry.describe(), *statements)
            else:
                self._repair(entry, found, rewritten)

    def _renewed(self, wanted: Any) -> bool:
        """Plan a new transient table, if the one that is there has other columns."""
        found = self.found(wanted)
        if wanted.kind != "table" or not wanted.unlogged or found is None or wanted.columns == found.columns:
            return False
        current = self._there("table", "_history_current")
        record = self._there("type", "_history_record")
        statements = reshape.transient_statements(wanted, found, current, record, self.archivist)
        wanted = _with_other_grants(wanted, found)
        self.change_plan.add(
            self.identity(wanted), found.describe(), wanted.describe(), *statements, replaced=[_whole(found)]
        )
        return True

    def _there(self, kind: str, suffix: str) -> Any:
        found = self.state.catalog.get(kind, object_name(self.datasource, suffix))
        return found.object if found else None

    def found(self, wanted: Any) -> Any:
        """Return the object of the same kind and name that the server has, or None."""
        found = self.state.catalog.get(wanted.kind, wanted.name)
        return found.object if found else None

    def identity(self, wanted: Any) -> str:
        """Return the name of an object in the diff."""
        return "{0} {1}.{2}".format(wanted.kind, self.archivist.schema, wanted.name)

    def drop(self, kind: str, name: str) -> None:
        """Plan that an object goes, if it is there and ours."""
        found = self.state.catalog.get(kind, name)
        if found is not None and found.ours:
            statement = drop_statement(found.object, self.archivist)
            self.change_plan.add(
                self.identity(found.object), found.object.describe(), None, statement, replaced=[_whole(found.object)]
            )

    def _rewritten(self, types: Sequence[Any]) -> List[Tuple[Any, Any]]:
        """Return the record types, each as wanted and as found, if one has an attribute of another type now."""
        pairs = [(wanted, self.found(wanted)) for wanted in types if self.found(wanted)]
        changed = any(reshape.retyped(wanted, found, self.layout.renames) for wanted, found in pairs)
        return pairs if changed else []

    def _repair(self, wanted: Any, found: Any, rewritten: Sequence[Tuple[Any, Any]]) -> None:
        statements: List[Any] = []
        notes: List[str] = []
        replaced = [_whole(found)] if is_made_anew(wanted, found) else []
        renames = self.layout.renames
        history = wanted.kind == "table" and not wanted.unlogged
        if wanted.kind == "type" or history:
            wanted = reshape.ordered_like(wanted, found, renames)
        if wanted.kind == "type":
            if not rewritten:
                statements += reshape.type_statements(wanted, found, renames, self.archivist)
            elif wanted.name == rewritten[0][0].name:
                statements += reshape.replace_types(rewritten, renames, self.archivist)
                replaced = [_whole(old) for _new, old in rewritten]
        elif history:
            statements += reshape.history_statements(wanted, found, renames, bool(rewritten), self.archivist)
            notes = self._rewrite_note(wanted, found, rewritten)
            columns = reshape.replaced_columns(wanted, found, renames, bool(rewritten))
            replaced = [Replaced("table", found.name, column) for column in columns]
            if rewritten and wanted.name.endswith("_history"):
                statements += reshape.drop_replaced_types(rewritten, self.archivist)
        wanted = _with_other_grants(wanted, found)
        if not (wanted.kind == "type" and rewritten):
            statements += repair_statements(wanted, found, self.archivist)
        after = "\n".join([wanted.describe(), *notes])
        self.change_plan.add(self.identity(wanted), found.describe(), after, *statements, replaced=replaced)

    def _rewrite_note(self, wanted: Any, found: Any, rewritten: Sequence[Tuple[Any, Any]]) -> List[str]:
        """Say that a table is rewritten, and how large it is."""
        renames = self.layout.renames
        changes = reshape.retyped(wanted, found, renames)
        changes += reshape.retyped(*rewritten[0], renames) if rewritten else []
        return [
            "rewritten, {0} bytes: {1} from {2} to {3}".format(found.size, name, before, after)
            for name, before, after in changes
        ]


def _whole(found: Any) -> Replaced:
    return Replaced(found.kind, found.name, None)


def _with_other_grants(wanted: Any, found: Any) -> Any:
    """Add the rights that others gave: they are not ours to take, but for PUBLIC's right to call a function."""
    if wanted.kind == "function":
        return replace(wanted, execute=tuple(sorted(set(wanted.execute) | {role for role in found.execute if role})))
    if wanted.kind == "table":
        grants: Dict[str, Tuple[str, ...]] = dict(found.grants)
        for role, privileges in wanted.grants.items():
            grants[role] = tuple(sorted(set(privileges) | set(grants.get(role, ()))))
        return replace(wanted, grants=grants)
    return wanted


def plan_removal(plan: Plan, removal: Removal, side: Side, state: State) -> None:
    """Plan that the objects of a datasource go; its rows in the registry are planned with those of others."""
    suffixes: List[Tuple[str, str]] = [("function", suffix) for suffix in ("_src", "_cleanup")]
    if side.stores:
        suffixes += [("function", suffix) for suffix in objects.OPERATION_SUFFIXES + objects.READ_SUFFIXES]
        suffixes.append(("table", "_src_tmp"))
        if removal.drop_history:
            suffixes += [("table", suffix) for suffix in objects.HISTORY_TABLES]
            suffixes += [("type", suffix) for suffix in objects.TYPE_SUFFIXES]
    for kind, suffix in suffixes:
        found = state.catalog.get(kind, object_name(removal.name, suffix))
        if found is not None:
            identity = "{0} {1}.{2}".format(kind, state.archivist.schema, found.object.name)
            statement = drop_statement(found.object, state.archivist)
            plan.add(identity, found.object.describe(), None, statement, replaced=[_whole(found.object)])
