# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much history datasources have, and what it takes on disk."""

from __future__ import annotations

from typing import Any, Dict, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import Stored, sample_width
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.names import HISTORY, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.objects import Table
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import State
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import sizes as texts


def read_stored(cursor: Any, state: State, definitions: Sequence[Definition]) -> Dict[str, Stored]:
    """Return it by datasource, read in one statement, without those that PostgreSQL has no statistics of.

    :param definitions: those whose history the session's role may read, if it is there
    """
    parts = [_part(definition, state.archivist) for definition in definitions if _has_history(definition, state)]
    if not parts:
        return {}
    cursor.execute(joined(parts, texts.EITHER))
    widths = {definition.name: sample_width(definition.metrics) for definition in definitions}
    return {name: Stored(widths[name], samples, size) for name, samples, size in cursor.fetchall()}


def _has_history(definition: Definition, state: State) -> bool:
    """Whether the table is ours and has records, whatever else was done to it.

    Views, foreign tables and the parents of partitions have no size.
    """
    found = state.catalog.get(Table, object_name(definition.name, HISTORY))
    columns = {column.name for column in found.object.columns} if found else set()
    return (
        found is not None
        and found.object.size > 0
        and "records" in columns
        and not state.catalog.strangers(definition.name)
    )


def _part(definition: Definition, archivist: Archivist) -> Any:
    table = object_name(definition.name, HISTORY)
    return compose(
        texts.STORED,
        name=literal(definition.name),
        history=identifier(archivist.schema, table),
        table=literal("{0}.{1}".format(archivist.quoted_schema, table)),
    )
