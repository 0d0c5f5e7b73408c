# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a definition to the database objects that it needs on a kind of server."""

from __future__ import annotations

from typing import List

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import CLUSTER
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import DatabaseObject
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.operations import operation_functions
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.parts import Parts
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.readers import reading_functions
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.source import (
    cleanup_function,
    run_cleanup_function,
    run_function,
    source_function,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.storage import indexes, record_types, tables
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import LOCAL, REMOTE, Side


def build_objects(parts: Parts, side: Side) -> List[DatabaseObject]:
    """Return the objects of a datasource, in an order in which they can be created."""
    definition = parts.definition
    objects: List[DatabaseObject] = []
    if side.stores:
        objects += [*record_types(parts), *tables(parts), *indexes(parts)]
    if definition.scope == CLUSTER:
        monitors = {side.monitoring_role} if REMOTE in side.server_kind and side.monitoring_role else set()
        execute = tuple(sorted(set(parts.grantees.functions) | monitors))
        objects.append(source_function(parts, execute))
        if definition.query_cleanup and side.runs_queries:
            callers = set(execute) | ({side.monitoring_role} if side.monitoring_role else set())
            objects.append(cleanup_function(parts, tuple(sorted(callers))))
        if LOCAL in side.server_kind:
            objects.append(run_function(parts))
            if definition.query_cleanup and side.monitoring_role:
                objects.append(run_cleanup_function(parts, side.monitoring_role))
    if side.stores:
        objects += [*operation_functions(parts), *reading_functions(parts)]
    return objects
