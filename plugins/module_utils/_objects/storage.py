# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the samples of a datasource are stored: its record types, its tables and their indexes."""

from __future__ import annotations

from typing import Any, List, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Column
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    CURRENT,
    HISTORY,
    INDEX_SUFFIXES,
    MINMAX,
    RECORD,
    TRANSIENT,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import (
    Index,
    RecordType,
    Table,
    TableColumn,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.parts import TIMESTAMP, Parts, typed
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.taken_history import comment_of_history


def record_types(parts: Parts) -> List[RecordType]:
    """Return the types of a sample, and of the least and greatest values of a range of samples."""
    return [
        RecordType(
            parts.archivist.schema, parts.name(suffix), parts.comment, (TableColumn("ts", TIMESTAMP), *typed(metrics))
        )
        for suffix, metrics in ((RECORD, parts.layout.metrics), (MINMAX, parts.layout.minmax))
    ]


def tables(parts: Parts) -> List[Table]:
    """Return the transient table and the tables of history."""
    schema, layout, definition = parts.archivist.schema, parts.layout, parts.definition
    record, minmax = (
        "{0}.{1}".format(parts.archivist.quoted_schema, parts.name(suffix)) for suffix in (RECORD, MINMAX)
    )
    srvid = TableColumn("srvid", "integer", True)
    keys = [TableColumn(column.name, column.type.name, not column.nullable) for column in definition.stored_keys]
    keys_ever = [
        TableColumn(column.name, column.type.name, column.name not in layout.nullable) for column in layout.keys
    ]
    transient = Table(
        schema=schema,
        name=parts.name(TRANSIENT),
        comment=parts.comment,
        columns=(srvid, TableColumn("ts", TIMESTAMP, True), *keys, *typed(definition.metrics)),
        unlogged=True,
        grants=parts.grantees.transient,
    )
    current = Table(
        schema=schema,
        name=parts.name(CURRENT),
        comment=parts.comment,
        columns=(srvid, *keys_ever, TableColumn("record", record, True)),
        server_key=True,
        grants=parts.grantees.history,
    )
    history = Table(
        schema=schema,
        name=parts.name(HISTORY),
        comment=comment_of_history(parts.comment, parts.taken),
        columns=(
            srvid,
            *keys_ever,
            TableColumn("coalesce_range", "tstzrange", True),
            TableColumn("records", record + "[]", True),
            TableColumn("mins_in_range", minmax, True),
            TableColumn("maxs_in_range", minmax, True),
        ),
        server_key=True,
        toast_target=True,
        main_columns=("mins_in_range", "maxs_in_range"),
        grants=parts.grantees.history,
    )
    return [transient, current, history]


def indexes(parts: Parts) -> List[Index]:
    """Return the indexes of history: by server, and by server, keys and range."""
    schema, keys = parts.archivist.schema, parts.layout.keys
    gist = [identifier("srvid"), *(_index_key(column) for column in keys), identifier("coalesce_range")]
    shape = ", ".join(_shape(keys))
    by_server, by_keys = (parts.name(suffix) for suffix in INDEX_SUFFIXES)
    return [
        Index(schema, by_server, parts.comment, parts.name(CURRENT), "btree", 1, identifier("srvid")),
        Index(
            schema,
            by_keys,
            "{0}: keys ({1})".format(parts.comment, shape),
            parts.name(HISTORY),
            "gist",
            len(gist),
            joined(gist),
        ),
    ]


def _shape(keys: Sequence[Column]) -> List[str]:
    return [column.type.name if column.type.fixed else "hash of " + column.type.name for column in keys]


def _index_key(column: Column) -> Any:
    """Return a key of fixed length as it is, and the hash of any other: a long one would not fit into an index page."""
    if column.type.fixed:
        return identifier(column.name)
    return compose(column.type.hashed, name=identifier(column.name))
