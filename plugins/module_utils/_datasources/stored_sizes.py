# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much history datasources have, and what it takes on disk."""

from __future__ import annotations

from typing import Any, Dict, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import Stored, sample_width
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import CURRENT, HISTORY, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Table
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import sizes as texts


def read_stored(cursor: Any, state: DatasourcesState, definitions: Sequence[Definition]) -> Dict[str, Stored]:
    """Return it by datasource, read in one statement. Without statistics of PostgreSQL there are no samples.

    :param definitions: those whose history and latest samples the session's role may read, if they are there
    """
    parts = [_part(definition, state.archivist) for definition in definitions if _has_history(definition, state)]
    if not parts:
        return {}
    cursor.execute(joined(parts, texts.EITHER))
    widths = {definition.name: sample_width(definition.metrics) for definition in definitions}
    return {
        name: Stored(widths[name] if width is None else width, samples, size)
        for name, samples, width, size in cursor.fetchall()
    }


def _has_history(definition: Definition, state: DatasourcesState) -> bool:
    """Whether the tables are ours, with pages of their own and records of one type, whatever else was done to them."""
    tables = [state.catalog.get(Table, object_name(definition.name, suffix)) for suffix in (CURRENT, HISTORY)]
    found = [entry.object for entry in tables if entry is not None and entry.object.is_plain]
    if len(found) != len(tables) or state.catalog.strangers(definition.name):
        return False
    record, records = (
        {column.name: column.type for column in table.columns}.get(name)
        for table, name in zip(found, ("record", "records"))
    )
    return record is not None and records == record + "[]"


def _part(definition: Definition, archivist: Archivist) -> Any:
    current, history = (object_name(definition.name, suffix) for suffix in (CURRENT, HISTORY))
    return compose(
        texts.STORED,
        name=literal(definition.name),
        current=identifier(archivist.schema, current),
        history=identifier(archivist.schema, history),
        table=literal("{0}.{1}".format(archivist.quoted_schema, history)),
    )
