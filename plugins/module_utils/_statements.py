# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SQL that makes, repairs and drops an object."""

from __future__ import annotations

from typing import Any, List

from ansible_collections.pgfleet.powa.plugins.module_utils._archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._driver import compose, identifier, joined, literal, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import objects as texts


def create_statements(wanted: Any, archivist: Archivist) -> List[Any]:
    """Return the statements that make an object with its comment and grants."""
    statements = [_CREATE[wanted.kind](wanted, archivist)]
    if wanted.kind == "table":
        statements += _table_settings(wanted, None, archivist)
    statements.append(_comment(wanted, archivist))
    return statements + _grants(wanted, None, archivist)


def repair_statements(wanted: Any, found: Any, archivist: Archivist) -> List[Any]:
    """Return the statements that make an object that is there with the same columns as wanted."""
    statements: List[Any] = []
    name = identifier(archivist.schema, wanted.name)
    if wanted.kind == "function" and _function_head(wanted) != _function_head(found):
        if wanted.returns != found.returns:
            statements.append(drop_statement(found, archivist))
        statements.append(_create_function(wanted, archivist))
    if wanted.kind == "table":
        if wanted.unlogged and not found.unlogged:
            statements.append(compose(texts.SET_UNLOGGED, name=name))
        statements += _table_settings(wanted, found, archivist)
    if wanted.kind == "index" and wanted != found:
        statements.append(compose(texts.DROP_INDEX, name=name))
        statements.append(_create_index(wanted, archivist))
    if statements or wanted.comment != found.comment:
        statements.append(_comment(wanted, archivist))
    return statements + _grants(wanted, found, archivist)


def drop_statement(found: Any, archivist: Archivist) -> Any:
    """Return the statement that drops an object, and fails if something else depends on it."""
    text = {"type": texts.DROP_TYPE, "table": texts.DROP_TABLE, "function": texts.DROP_FUNCTION}[found.kind]
    return compose(text, name=identifier(archivist.schema, found.name))


def _function_head(function: Any) -> Any:
    return (function.returns, function.body, function.volatility, function.search_path)


def _create_type(wanted: Any, archivist: Archivist) -> Any:
    attributes = [
        compose("{name} {type}", name=identifier(column.name), type=raw(column.type)) for column in wanted.attributes
    ]
    return compose(texts.CREATE_TYPE, name=identifier(archivist.schema, wanted.name), attributes=joined(attributes))


def _create_table(wanted: Any, archivist: Archivist) -> Any:
    columns = [
        compose(
            "{name} {type}{not_null}",
            name=identifier(column.name),
            type=raw(column.type),
            not_null=raw(" NOT NULL" if column.not_null else ""),
        )
        for column in wanted.columns
    ]
    text = texts.CREATE_UNLOGGED_TABLE if wanted.unlogged else texts.CREATE_TABLE
    return compose(text, name=identifier(archivist.schema, wanted.name), columns=joined(columns, ",\n    "))


def _table_settings(wanted: Any, found: Any, archivist: Archivist) -> List[Any]:
    name = identifier(archivist.schema, wanted.name)
    statements = []
    if wanted.server_key and not (found and found.server_key):
        servers = identifier(archivist.schema, "powa_servers")
        statements.append(compose(texts.ADD_SERVER_KEY, name=name, servers=servers))
    if wanted.toast_target and not (found and found.toast_target):
        statements.append(compose(texts.SET_TOAST_TARGET, name=name))
    for column in wanted.main_columns:
        if not found or column not in found.main_columns:
            statements.append(compose(texts.SET_STORAGE_MAIN, name=name, column=identifier(column)))
    return statements


def _create_index(wanted: Any, archivist: Archivist) -> Any:
    return compose(
        texts.CREATE_INDEX,
        name=identifier(wanted.name),
        table=identifier(archivist.schema, wanted.table),
        method=raw(wanted.method),
        columns=wanted.columns,
    )


def _create_function(wanted: Any, archivist: Archivist) -> Any:
    out = [
        compose(", OUT {name} {type}", name=identifier(column.name), type=raw(column.type))
        for column in wanted.out_columns
    ]
    return compose(
        texts.CREATE_FUNCTION,
        name=identifier(archivist.schema, wanted.name),
        out=joined(out, ""),
        returns=raw(wanted.returns),
        volatility=raw(wanted.volatility),
        search_path=raw(wanted.search_path),
        body=literal(wanted.body),
    )


def _comment(wanted: Any, archivist: Archivist) -> Any:
    name = identifier(archivist.schema, wanted.name)
    if wanted.kind == "function":
        return compose(texts.COMMENT_FUNCTION, name=name, comment=literal(wanted.comment))
    return compose(texts.COMMENT, kind=raw(wanted.kind.upper()), name=name, comment=literal(wanted.comment))


def _grants(wanted: Any, found: Any, archivist: Archivist) -> List[Any]:
    name = identifier(archivist.schema, wanted.name)
    statements = []
    if wanted.kind == "function":
        granted = found.execute if found else ("",)
        if "" in granted:
            statements.append(compose(texts.REVOKE_PUBLIC, name=name))
        statements += [
            compose(texts.GRANT_FUNCTION, name=name, role=identifier(role))
            for role in wanted.execute
            if role not in granted
        ]
    if wanted.kind == "table":
        for role, privileges in wanted.grants.items():
            missing = sorted(set(privileges) - set(found.grants.get(role, ()) if found else ()))
            if missing:
                statements.append(
                    compose(
                        texts.GRANT_TABLE,
                        name=name,
                        role=identifier(role),
                        privileges=joined(raw(privilege) for privilege in missing),
                    )
                )
    return statements


_CREATE = {"type": _create_type, "table": _create_table, "index": _create_index, "function": _create_function}
