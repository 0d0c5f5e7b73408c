# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that one datasource needs: of its objects as they are to its objects as wanted."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple, Type

from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Hazard, Plan, Replaced
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources import reshape
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import DATABASE, Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.names import (
    CLEANUP,
    CURRENT,
    HISTORY,
    HISTORY_TABLES,
    OPERATION_SUFFIXES,
    READ_SUFFIXES,
    RECORD,
    RUN,
    RUN_CLEANUP,
    SOURCE,
    TRANSIENT,
    TYPE_SUFFIXES,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.objects import (
    DatabaseObject,
    Function,
    RecordType,
    Table,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.wanted import Wanted
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side

#: Record types that are replaced, each as wanted and as found.
Rewritten = Sequence[Tuple[RecordType, RecordType]]


def plan_datasource(plan: Plan, wanted: Wanted, catalog: Catalog) -> None:
    """Plan the changes that bring the objects of a datasource to what is wanted.

    Waiting rows are taken into history first, and types come before the tables that use them.
    """
    _Planner(plan, wanted, catalog).plan_objects()
    definition = wanted.definition
    names = {entry.name for entry in wanted.objects if isinstance(entry, Function)}
    # Several tasks may declare one host as several kinds of server, so only what no kind needs is dropped.
    needless = [SOURCE, RUN] if definition.scope == DATABASE else []
    needless += [] if definition.query_cleanup else [CLEANUP, RUN_CLEANUP]
    for suffix in needless:
        found = catalog.get(Function, object_name(definition.name, suffix))
        if found is not None and found.ours and found.object.name not in names:
            plan_drop(plan, found.object)


def plan_drop(plan: Plan, found: DatabaseObject) -> None:
    """Plan that an object is dropped."""
    plan.add(found.identity, found.describe(), None, *found.drop(), replaced=found.replaced)


def plan_removal(plan: Plan, removal: Removal, side: Side, catalog: Catalog) -> None:
    """Plan that the objects of a datasource are dropped; its rows in the registry are planned with those of others."""
    suffixes: List[Tuple[Type[DatabaseObject], str]] = [
        (Function, suffix) for suffix in (SOURCE, CLEANUP, RUN, RUN_CLEANUP)
    ]
    if side.stores:
        suffixes += [(Function, suffix) for suffix in OPERATION_SUFFIXES + READ_SUFFIXES]
        suffixes.append((Table, TRANSIENT))
        if removal.drop_history:
            suffixes += [(Table, suffix) for suffix in HISTORY_TABLES]
            suffixes += [(RecordType, suffix) for suffix in TYPE_SUFFIXES]
    for kind, suffix in suffixes:
        found = catalog.get(kind, object_name(removal.name, suffix))
        if found is not None:
            plan_drop(plan, found.object)


class _Planner:
    """Plans the objects of one datasource."""

    def __init__(self, plan: Plan, wanted: Wanted, catalog: Catalog) -> None:
        self.changes = plan
        self.wanted = wanted
        self.catalog = catalog
        self.renames = wanted.layout.renames
        self.rewritten = self._rewritten()

    def plan_objects(self) -> None:
        renewed = [entry for entry in self.wanted.objects if self._renew(entry)]
        for entry in self.wanted.objects:
            if entry in renewed:
                continue
            found = self.catalog.there(entry)
            if found is None:
                self.changes.add(entry.identity, None, entry.describe(), *entry.create())
            elif found == entry.keeping(found) and not self.rewritten:
                continue
            elif isinstance(entry, RecordType) and isinstance(found, RecordType):
                self._change_type(entry, found)
            elif isinstance(entry, Table) and isinstance(found, Table) and not entry.unlogged:
                self._change_history(entry, found)
            else:
                replaced = found.replaced if found.replaced_by(entry) else []
                self._change(entry, found, [], replaced, [])

    def _rewritten(self) -> Rewritten:
        """Return the record types if the type of any attribute changes."""
        types = [entry for entry in self.wanted.objects if isinstance(entry, RecordType)]
        pairs = [(entry, found) for entry in types for found in [self.catalog.there(entry)] if found is not None]
        changed = any(reshape.retyped(entry, found, self.renames) for entry, found in pairs)
        return pairs if changed else []

    def _renew(self, wanted: DatabaseObject) -> bool:
        """Plan a new transient table if the existing one has other columns."""
        if not isinstance(wanted, Table) or not wanted.unlogged:
            return False
        found = self.catalog.there(wanted)
        if found is None or wanted.columns == found.columns:
            return False
        current = self._found(Table, CURRENT)
        record = self._found(RecordType, RECORD)
        statements = reshape.transient_statements(wanted, found, current, record)
        after = wanted.keeping(found).describe()
        self.changes.add(wanted.identity, found.describe(), after, *statements, replaced=found.replaced)
        return True

    def _found(self, kind: Type[Any], suffix: str) -> Optional[Any]:
        found = self.catalog.get(kind, object_name(self.wanted.definition.name, suffix))
        return found.object if found else None

    def _change_type(self, wanted: RecordType, found: RecordType) -> None:
        wanted = reshape.ordered_like(wanted, found, self.renames)
        if not self.rewritten:
            self._change(wanted, found, reshape.type_statements(wanted, found, self.renames), [], [])
            return
        # The statements for the first of the two types replace both.
        first = wanted.name == self.rewritten[0][0].name
        statements = reshape.replace_types(self.rewritten, self.renames) if first else []
        replaced = [part for _new, old in self.rewritten for part in old.replaced] if first else []
        self.changes.add(wanted.identity, found.describe(), wanted.describe(), *statements, replaced=replaced)

    def _change_history(self, wanted: Table, found: Table) -> None:
        wanted = reshape.ordered_like(wanted, found, self.renames)
        rewrite = bool(self.rewritten)
        statements = reshape.history_statements(wanted, found, self.renames, rewrite)
        if rewrite and wanted.name == object_name(self.wanted.definition.name, HISTORY):
            statements += reshape.drop_replaced_types(self.rewritten)
        columns = reshape.replaced_columns(wanted, found, self.renames, rewrite)
        replaced = [Replaced(found.kind, found.schema, found.name, column) for column in columns]
        hazards = reshape.rewrite_hazards(wanted, found, self.renames, self.rewritten)
        self._change(wanted, found, statements, replaced, hazards)

    def _change(
        self,
        wanted: DatabaseObject,
        found: DatabaseObject,
        statements: Sequence[Any],
        replaced: Sequence[Replaced],
        hazards: Sequence[Hazard],
    ) -> None:
        wanted = wanted.keeping(found)
        self.changes.add(
            wanted.identity,
            found.describe(),
            wanted.describe(),
            *statements,
            *wanted.alter(found),
            replaced=replaced,
            hazards=[*hazards, *found.hazards(wanted)],
        )
