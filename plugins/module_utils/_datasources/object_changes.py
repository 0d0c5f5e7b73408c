# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes of the objects of one datasource, where the server does not have them as wanted."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Tuple, Type

from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Hazard, Plan, Replaced
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.wanted import Wanted
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    CURRENT,
    HISTORY,
    RECORD,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects import reshape
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.column_differences import ordered_like, retyped
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import (
    DatabaseObject,
    Function,
    RecordType,
    Table,
)

#: Record types that are replaced, each as wanted and as found.
Rewritten = Sequence[Tuple[RecordType, RecordType]]


class ObjectChanges:
    """Plans the changes of the objects of one datasource."""

    def __init__(self, plan: Plan, wanted: Wanted, catalog: Catalog) -> None:
        self.changes = plan
        self.wanted = wanted
        self.catalog = catalog
        self.renames = wanted.layout.renames
        self.rewritten = self._rewritten()

    def plan(self) -> None:
        """Plan all changes."""
        renewed = [entry for entry in self.wanted.objects if self._renew(entry)]
        for entry in self.wanted.objects:
            if entry in renewed:
                continue
            found = self.catalog.there(entry)
            if found is None:
                self.changes.add(entry.identity, None, entry.describe(), *entry.create())
            elif found == entry.keeping(found) and not self.rewritten:
                continue
            elif isinstance(entry, Function) and isinstance(found, Function) and not self._ours(entry):
                # Its parameter may have another name, which PostgreSQL does not replace.
                made = entry.keeping(found)
                self.changes.add(
                    entry.identity,
                    found.describe(),
                    made.describe(),
                    *found.drop(),
                    *made.create(),
                    replaced=found.replaced,
                )
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
        changed = any(retyped(entry, found, self.renames) for entry, found in pairs)
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

    def _ours(self, wanted: DatabaseObject) -> bool:
        found = self.catalog.get(type(wanted), wanted.name)
        return found is None or found.ours

    def _found(self, kind: Type[Any], suffix: str) -> Optional[Any]:
        found = self.catalog.get(kind, object_name(self.wanted.definition.name, suffix))
        return found.object if found else None

    def _change_type(self, wanted: RecordType, found: RecordType) -> None:
        wanted = ordered_like(wanted, found, self.renames)
        if not self.rewritten:
            self._change(wanted, found, reshape.type_statements(wanted, found, self.renames), [], [])
            return
        # The statements for the first of the two types replace both.
        first = wanted.name == self.rewritten[0][0].name
        statements = reshape.replace_types(self.rewritten, self.renames) if first else []
        replaced = [part for _new, old in self.rewritten for part in old.replaced] if first else []
        self.changes.add(wanted.identity, found.describe(), wanted.describe(), *statements, replaced=replaced)

    def _change_history(self, wanted: Table, found: Table) -> None:
        wanted = ordered_like(wanted, found, self.renames)
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
