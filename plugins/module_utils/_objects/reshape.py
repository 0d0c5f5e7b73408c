# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SQL that changes the columns of existing types and tables without losing their values.

Adding, removing or renaming a column rewrites no history; changing its type does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Hazard
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.column_differences import (
    Columned,
    extra_columns,
    renamed,
    retyped,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import (
    EXCLUSIVE,
    RecordType,
    Table,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.parts import kept_as
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import reshape as texts

#: The suffixes of record types while they are replaced, by their usual ones; none is longer.
_OLD_SUFFIXES = {
    "_history_record_minmax": "_old_minmax",
    "_history_record": "_old_record",
}

#: The columns of history with records, by the kind of their type.
_RECORDS = ("record", "records")
_EXTREMES = ("mins_in_range", "maxs_in_range")


def _old_name(wanted: RecordType) -> str:
    suffix = next(suffix for suffix in _OLD_SUFFIXES if wanted.name.endswith(suffix))
    return str(wanted.name[: -len(suffix)] + _OLD_SUFFIXES[suffix])


def replaced_columns(wanted: Table, found: Table, renames: Mapping[str, str], rewrite: bool) -> List[str]:
    """Return the present names of the columns of a history table that change their type or are dropped."""
    gone = {name for name, _before, _after in retyped(wanted, found, renames)} | set(
        extra_columns(wanted, found, renames)
    )
    if rewrite:
        gone |= set(_RECORDS + _EXTREMES)
    return [column.name for column in found.columns if renames.get(column.name, column.name) in gone]


def rewrite_hazards(
    wanted: Table, found: Table, renames: Mapping[str, str], rewritten: Sequence[Tuple[RecordType, RecordType]]
) -> List[Hazard]:
    """Return one hazard for each column whose new type rewrites a history table.

    :param rewritten: the record types that are replaced, each as wanted and as found
    """
    changes = retyped(wanted, found, renames)
    changes += retyped(*rewritten[0], renames) if rewritten else []
    return [
        Hazard("rewritten", found.identity, "{0} from {1} to {2}".format(name, before, after), EXCLUSIVE, found.size)
        for name, before, after in changes
    ]


def type_statements(wanted: RecordType, found: RecordType, renames: Mapping[str, str]) -> List[Any]:
    """Return the statements that give a record type the wanted attributes, if none changes its type."""
    name = wanted.qualified
    there = renamed(found.columns, renames)
    statements = _rename_statements(found, renames, texts.ALTER_TYPE, texts.RENAME_ATTRIBUTE, name)
    actions = [
        compose(texts.ADD_ATTRIBUTE, name=identifier(column.name), type=raw(column.type))
        for column in wanted.columns
        if column.name not in there
    ]
    actions += [
        compose(texts.DROP_ATTRIBUTE, name=identifier(column)) for column in extra_columns(wanted, found, renames)
    ]
    if actions:
        statements.append(compose(texts.ALTER_TYPE, name=name, actions=joined(actions)))
    return statements


def _rename_statements(found: Columned, renames: Mapping[str, str], alter: str, rename: str, name: Any) -> List[Any]:
    return [
        compose(
            alter,
            name=name,
            actions=compose(rename, name=identifier(column.name), new_name=identifier(renames[column.name])),
        )
        for column in found.columns
        if column.name in renames
    ]


def history_statements(wanted: Table, found: Table, renames: Mapping[str, str], rewrite: bool) -> List[Any]:
    """Return the statements that give a history table the wanted columns.

    :param rewrite: whether the record types were replaced, so that every record is cast to the new ones
    """
    name = wanted.qualified
    there = renamed(found.columns, renames)
    statements = _rename_statements(found, renames, texts.ALTER_TABLE, texts.RENAME_COLUMN, name)
    actions = []
    for column in wanted.columns:
        parts = {"name": identifier(column.name), "type": raw(column.type)}
        now = there.get(column.name)
        if now is None:
            actions.append(compose(texts.ADD_COLUMN, **parts))
        elif rewrite and column.name in _RECORDS + _EXTREMES:
            actions.append(compose(texts.CAST_COLUMN, **parts))
            if column.name in wanted.main_columns:
                # With the type, PostgreSQL resets the column's storage.
                actions.append(compose(texts.KEEP_STORAGE_MAIN, name=parts["name"]))
        elif now.type != column.type:
            actions.append(compose(texts.RETYPE_COLUMN, cast=kept_as(column.type), **parts))
        if column.not_null != bool(now and now.not_null):
            actions.append(compose(texts.SET_NOT_NULL if column.not_null else texts.DROP_NOT_NULL, name=parts["name"]))
    actions += [compose(texts.DROP_COLUMN, name=identifier(column)) for column in extra_columns(wanted, found, renames)]
    if actions:
        statements.append(compose(texts.ALTER_TABLE, name=name, actions=joined(actions)))
    return statements


def transient_statements(
    wanted: Table, found: Table, current: Optional[Table], record: Optional[RecordType]
) -> List[Any]:
    """Return the statements that take the rows of a transient table into history, and replace the table.

    They have to run before anything else changes.

    :param current: the table that takes the rows, and C(record) the type that they become, as the server has them
    """
    statements: List[Any] = []
    name = wanted.qualified
    there = {column.name for column in found.columns}
    keys = [column for column in current.columns if column.name not in ("srvid", "record")] if current else []
    usable = {"srvid", "ts"} <= there and all(column.name in there for column in keys if column.not_null)
    if current is not None and record is not None and usable:
        copied = [column for column in keys if column.name in there]
        values = [
            compose("{name}::{type}", name=identifier("t", column.name), type=kept_as(column.type))
            if column.name in there
            else compose("NULL::{type}", type=raw(column.type))
            for column in record.columns
        ]
        statements.append(
            compose(
                texts.TAKE_ROWS,
                current=current.qualified,
                keys=joined((compose(", {name}", name=identifier(column.name)) for column in copied), ""),
                values=joined(
                    (
                        compose(", {name}::{type}", name=identifier("t", column.name), type=kept_as(column.type))
                        for column in copied
                    ),
                    "",
                ),
                record=joined(values),
                record_type=record.qualified,
                transient=name,
                servers=identifier(wanted.schema, "powa_servers"),
            )
        )
    return [*statements, *found.drop(), *wanted.keeping(found).create()]


def replace_types(pairs: Sequence[Tuple[RecordType, RecordType]], renames: Mapping[str, str]) -> List[Any]:
    """Return the statements that replace types by others with the wanted attributes, and define the casts.

    :param pairs: each type as wanted and as found
    """
    statements: List[Any] = []
    for wanted, found in pairs:
        name = wanted.qualified
        statements.append(compose(texts.RENAME_TYPE, name=name, new_name=identifier(_old_name(wanted))))
        statements += wanted.create()
        parts = {"old": identifier(wanted.schema, _old_name(wanted)), "new": name}
        old_names = {renames.get(column.name, column.name): column.name for column in found.columns}
        values = [
            compose("(r).{name}::{type}", name=identifier(old_names[column.name]), type=kept_as(column.type))
            if column.name in old_names
            else compose("NULL::{type}", type=raw(column.type))
            for column in wanted.columns
        ]
        statements.append(
            compose(
                texts.CAST_RECORD, body=_body(compose(texts.CAST_RECORD_BODY, values=joined(values), **parts)), **parts
            )
        )
        columns = [identifier("c{0}".format(number)) for number, _column in enumerate(found.columns)]
        body = compose(
            texts.CAST_RECORDS_BODY,
            columns=joined(columns),
            values=joined(compose("u.{column}", column=column) for column in columns),
            **parts,
        )
        statements.append(compose(texts.CAST_RECORDS, body=_body(body), **parts))
    return statements


def _body(text: Any) -> Any:
    tag = raw("$powa_cast$")
    return joined((tag, text, tag), "\n")


def drop_replaced_types(pairs: Sequence[Tuple[RecordType, RecordType]]) -> List[Any]:
    """Return the statements that drop the replaced types, once no table uses them."""
    statements = []
    for wanted, found in pairs:
        old = identifier(wanted.schema, _old_name(wanted))
        statements.append(compose(texts.DROP_CAST, old=compose("{old}[]", old=old)))
        statements.append(compose(texts.DROP_CAST, old=old))
        statements += replace(found, name=_old_name(wanted)).drop()
    return statements
