# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that one datasource needs: of its objects as they are to its objects as wanted."""

from __future__ import annotations

from typing import List, Tuple, Type

from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.wanted import Wanted
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import DATABASE, Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    CLEANUP,
    HISTORY_TABLES,
    OPERATION_SUFFIXES,
    READ_SUFFIXES,
    RUN,
    RUN_CLEANUP,
    SOURCE,
    TRANSIENT,
    TYPE_SUFFIXES,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import (
    DatabaseObject,
    Function,
    RecordType,
    Table,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side


def plan_datasource(plan: Plan, wanted: Wanted, catalog: Catalog) -> None:
    """Plan the changes that bring the objects of a datasource to what is wanted.

    Waiting rows are taken into history first, and types come before the tables that use them.
    """
    if any(_differs(entry, catalog) for entry in wanted.objects):
        # A host compiles whatever a task imports, each time, and most runs change nothing.
        from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.object_changes import ObjectChanges

        ObjectChanges(plan, wanted, catalog).plan()
    definition = wanted.definition
    names = {entry.name for entry in wanted.objects if isinstance(entry, Function)}
    # Several tasks may declare one host as several kinds of server, so only what no kind needs is dropped.
    needless = [SOURCE, RUN] if definition.scope == DATABASE else []
    needless += [] if definition.query_cleanup else [CLEANUP, RUN_CLEANUP]
    for suffix in needless:
        found = catalog.get(Function, object_name(definition.name, suffix))
        if found is not None and found.ours and found.object.name not in names:
            plan_drop(plan, found.object)


def _differs(wanted: DatabaseObject, catalog: Catalog) -> bool:
    found = catalog.there(wanted)
    return found is None or found != wanted.keeping(found)


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
