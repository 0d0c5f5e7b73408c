# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SQL that makes, repairs and drops an object."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, List

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import objects as texts


def create_statements(wanted: Any, archivist: Archivist) -> List[Any]:
    """Return the statements that make an object with its comment and grants."""
    statements = [_CREATE[wanted.kind](wanted, archivist)]
    if wanted.kind == "table":
        statements += _table_settings(wanted, None, archivist)
    statements.append(_comment(wanted, archivist))
    return statements + _grants(wanted, None, archivist)


def repair_statements(wanted: Any, found: Any, archivist: Archivist) -> List[Any]:
    """Return the statements that make an object that is there as wanted, but for the columns of types and tables."""
    statements: List[Any] = []
    name = identifier(archivist.schema, wanted.name)
    if wanted.kind == "function" and _function_head(wanted) != _function_head(found):
        if is_made_anew(wanted, found):
            statements.append(drop_statement(found, archivist))
            found = replace(found, execute=("",))
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


def is_made_anew(wanted: Any, found: Any) -> bool:
    """Whether a function can not be changed, but is dropped and created."""
    return wanted.kind == "function" and (wanted.returns, wanted.columns) != (found.returns, found.columns)


def drop_statement(found: Any, archivist: Archivist) -> Any:
    """Return the statement that drops an object, and fails if something else depends on it."""
    name = identifier(archivist.schema, found.name)
    if found.kind == "function":
        return compose(texts.DROP_FUNCTION, name=name, types=_parameter_types(found))
    return compose({"type": texts.DROP_TYPE, "table": texts.DROP_TABLE}[found.kind], name=name)


def comment_statement(found: Any, comment: str, archivist: Archivist) -> Any:
    """Return the statement that gives an object that is there another comment."""
    return _comment(replace(found, comment=comment), archivist)


def _parameter_types(function: Any) -> Any:
    return raw(", ".join(parameter.split(" ", 1)[1] for parameter in function.parameters.split(", ")))


def _function_head(function: Any) -> Any:
    return (
        function.returns,
        function.columns,
        function.body,
        function.volatility,
        function.search_path,
        function.language,
        function.security_definer,
    )


def _create_type(wanted: Any, archivist: Archivist) -> Any:
    attributes = [
        compose("{name} {type}", name=identifier(column.name), type=raw(column.type)) for column in wanted.columns
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
        compose(", OUT {name} {type}", name=identifier(column.name), type=raw(column.type)) for column in wanted.columns
    ]
    settings = raw("")
    if wanted.search_path is not None:
        settings = compose(texts.FUNCTION_SEARCH_PATH, search_path=raw(wanted.search_path))
    return compose(
        texts.CREATE_FUNCTION,
        name=identifier(archivist.schema, wanted.name),
        parameters=raw(wanted.parameters),
        out=joined(out, ""),
        returns=raw(wanted.returns),
        language=raw(wanted.language),
        volatility=raw(wanted.volatility),
        security=raw(texts.SECURITY_DEFINER if wanted.security_definer else ""),
        settings=settings,
        body=literal(wanted.body),
    )


def _comment(wanted: Any, archivist: Archivist) -> Any:
    name = identifier(archivist.schema, wanted.name)
    comment = literal(wanted.comment)
    if wanted.kind == "function":
        return compose(texts.COMMENT_FUNCTION, name=name, types=_parameter_types(wanted), comment=comment)
    return compose(texts.COMMENT, kind=raw(wanted.kind.upper()), name=name, comment=comment)


def _grants(wanted: Any, found: Any, archivist: Archivist) -> List[Any]:
    name = identifier(archivist.schema, wanted.name)
    statements = []
    if wanted.kind == "function":
        granted = found.execute if found else ("",)
        types = _parameter_types(wanted)
        if "" in granted and "" not in wanted.execute:
            statements.append(compose(texts.REVOKE_PUBLIC, name=name, types=types))
        for role in wanted.execute:
            if role in granted:
                continue
            if role:
                statements.append(compose(texts.GRANT_FUNCTION, name=name, types=types, role=identifier(role)))
            else:
                statements.append(compose(texts.GRANT_PUBLIC, name=name, types=types))
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
