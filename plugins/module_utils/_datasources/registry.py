# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PoWA's registry should say about a declared datasource."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import DATABASE, Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    CLEANUP,
    SOURCE,
    TRANSIENT,
    function_names,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.source import sample_query
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import (
    Archivist,
    DatabaseModule,
    RegisteredFunction,
    Registration,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row


def registered_functions(definition: Definition, archivist: Archivist) -> Tuple[RegisteredFunction, ...]:
    """Return the functions that a declared datasource has in the registry."""
    cleanup = None
    if definition.query_cleanup:
        cleanup = archivist.cleanup_call(object_name(definition.name, CLEANUP))
    return tuple(
        RegisteredFunction(
            operation,
            object_name(definition.name, "_" + operation),
            object_name(definition.name, SOURCE) if operation == "snapshot" else None,
            cleanup if operation == "snapshot" else None,
        )
        for operation in archivist.operations
    )


def registry_rows(
    cursor: Any,
    definition: Definition,
    archivist: Archivist,
    srvids: Sequence[int],
    retention: Optional[str],
) -> List[Row]:
    """Return the rows of a declared datasource.

    :param srvids: its servers
    :param retention: the definition's, as PostgreSQL writes it
    """
    registration = Registration(
        name=definition.module,
        functions=registered_functions(definition, archivist),
        priority=definition.priority,
        enabled=definition.enabled,
        srvids=tuple(srvids),
        retention=retention,
    )
    if definition.scope != DATABASE:
        return archivist.registry_rows(registration)
    module = DatabaseModule(
        "{0}.{1}".format(archivist.quoted_schema, object_name(definition.name, TRANSIENT)),
        {query.min_version: sample_query(cursor, definition, query) for query in definition.queries},
        definition.databases,
    )
    return archivist.database_module_rows(registration, module)


def is_about(row: Row, definition: Definition) -> bool:
    """Whether a row is about a declared datasource, even if others of its extension share the row."""
    if row.module != definition.module or row.of_databases != (definition.scope == DATABASE):
        return False
    function = row.function
    return function is None or function in function_names(definition.name)
