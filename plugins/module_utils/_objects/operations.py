# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functions of a datasource that PoWA calls: snapshot, aggregate, purge, reset and, with PoWA 4, unregister."""

from __future__ import annotations

from typing import Any, List, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import DATABASE, Column
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import MINMAX, RECORD, RUN, RUN_CLEANUP
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Function
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.parts import (
    OWN_PATH,
    Parts,
    comparable,
    for_each,
    listed,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import functions as bodies


def operation_functions(parts: Parts) -> List[Function]:
    """Return the functions of all operations that this PoWA knows."""
    archivist, definition = parts.archivist, parts.definition
    texts = {
        "snapshot": _snapshot(parts),
        "aggregate": _aggregate(parts),
        "purge": compose(
            bodies.PURGE,
            lock=archivist.snapshot_lock(),
            history=parts.tables["history"],
            retention=archivist.retention(definition.module, definition.scope == DATABASE),
        ),
        "reset": compose(bodies.RESET, **parts.tables),
        "unregister": compose(bodies.UNREGISTER, schema=parts.schema, name=literal(definition.module)),
    }
    return [
        Function(
            schema=archivist.schema,
            name=parts.name("_" + operation),
            comment=parts.stored.comment() if "_" + operation == definition.holder else parts.comment,
            columns=(),
            returns="boolean" if operation == "unregister" else "void",
            body=parts.render(texts[operation]),
            volatility="VOLATILE",
            search_path=OWN_PATH,
            execute=parts.grantees.functions,
        )
        for operation in archivist.operations
    ]


def _snapshot(parts: Parts) -> Any:
    definition, layout = parts.definition, parts.layout
    values = [
        compose("NULL::{type}", type=raw(column.type.name))
        if column.name in layout.kept_metrics
        else identifier("s", column.name)
        for column in layout.metrics
    ]
    written = {
        "lock": parts.archivist.snapshot_lock(),
        "keys": for_each(definition.stored_keys, "{name}, "),
        "sample_keys": for_each(definition.stored_keys, "s.{name}, "),
        "sample_metrics": joined(values),
        "record_type": parts.qualified(RECORD),
    }
    if definition.scope == DATABASE:
        return compose(bodies.SNAPSHOT_OF_DATABASES, **written, **parts.tables)
    cleanup = raw("")
    if definition.query_cleanup:
        cleanup = compose(bodies.LOCAL_CLEANUP, function=parts.qualified(RUN_CLEANUP))
    return compose(
        bodies.SNAPSHOT,
        run=parts.qualified(RUN),
        run_columns=listed("r", definition.columns),
        typed_columns=joined(
            compose("{name} {type}", name=identifier(column.name), type=raw(column.type.name))
            for column in definition.columns
        ),
        compile_functions=compose(
            bodies.COMPILE_FUNCTIONS,
            schema=parts.schema,
            schema_name=literal(parts.archivist.schema),
            own_path=literal(OWN_PATH),
        ),
        cleanup=cleanup,
        **written,
        **parts.tables,
    )


def _aggregate(parts: Parts) -> Any:
    keys = parts.layout.keys
    grouped = _grouped(keys)
    return compose(
        bodies.AGGREGATE,
        lock=parts.archivist.snapshot_lock(),
        keys=for_each(keys, "{name}, "),
        current_keys=joined((compose("{key}, ", key=key) for key, _group in grouped), ""),
        group_keys=joined((compose(", {group}", group=group) for _key, group in grouped), ""),
        mins=_extremes(parts, "min"),
        maxs=_extremes(parts, "max"),
        minmax_type=parts.qualified(MINMAX),
        **parts.tables,
    )


def _grouped(keys: Sequence[Column]) -> List[Tuple[Any, Any]]:
    """Return each key as it is selected, and as rows are grouped by it.

    GROUP BY either sorts or hashes all of them, so what it can only hash is grouped by its text beside what it can only
    sort.
    """
    by_sorting = not all(key.type.hashable for key in keys)
    grouped = []
    for key in keys:
        name = compose("c.{name}", name=identifier(key.name))
        if key.type.sortable or not by_sorting:
            grouped.append((name, name))
        else:
            group = comparable(name, key.type)
            grouped.append((compose("({group})::{type}", group=group, type=raw(key.type.name)), group))
    return grouped


def _extremes(parts: Parts, function: str) -> Any:
    values = [compose("{function}((c.record).ts)", function=raw(function))]
    values += [
        compose("{function}((c.record).{name})", function=raw(function), name=identifier(column.name))
        for column in parts.layout.minmax
    ]
    return joined(values)
