# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The definition of a datasource from a metric of another tool."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import MAX_NAME_LENGTH
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import (
    RESERVED_COLUMNS,
    RESERVED_WORDS,
    collect_definitions,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.sql_text import clean_sql
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import POWA_NAMES
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.extensions import naming_extensions
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import (
    DATABASE,
    KEY,
    PRIMARY,
    STANDBY,
    CannotTakeError,
    Column,
    Metric,
    Variant,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.schemas import naming_public
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.tokens import outside, tokenize
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.units import unit_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.values import (
    INTERVAL,
    TEXT,
    UNITS,
    UNKNOWN,
    float_sql,
)

#: The oldest PostgreSQL that the collection supports, and the oldest that a definition may name.
_OLDEST, _OLDEST_NAMED = 130000, 90000
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
#: What PostgreSQL 10 gave other names, as a query calls it.
_RENAMED = re.compile(r"pg_(current_|last_|is_)?xlog_?\w*|pg_switch_xlog")
#: What a query that returns rows begins with.
_QUERIES = ("select", "with", "values", "table")
_ROLES = {
    PRIMARY: "WHERE (SELECT NOT pg_catalog.pg_is_in_recovery())",
    STANDBY: "WHERE (SELECT pg_catalog.pg_is_in_recovery())",
}
#: A column that not every version has needs a type that all versions can give it.
_COMMON_TYPE = "double precision"
_COMMON_KEY_TYPE = "text"
_NOTE_ON_NUMBER = "{0} becomes a number, and NULL where it is none: cast it in the query"
_NOTE_ON_NUMBERS = "{0} become numbers, and NULL where they are none: cast them in the query"


class Naming(NamedTuple):
    """How datasources are named.

    :param prefix: what the user wants in front of all names
    :param tool: what stands in front of a name that PoWA itself uses
    """

    prefix: str
    tool: str

    def name(self, name: str) -> str:
        """Return the name of a datasource, a plain one that no other has and that is short enough."""
        plain = re.sub(r"[^a-z0-9_]+", "_", (self.prefix + name).lower())
        if not plain or plain[0].isdigit():
            plain = "_" + plain
        if plain in POWA_NAMES or plain in RESERVED_WORDS:
            plain = "{0}_{1}".format(self.tool, plain)
        if len(plain) > MAX_NAME_LENGTH:
            digest = hashlib.sha256(plain.encode("utf-8")).hexdigest()[:6]
            plain = "{0}_{1}".format(plain[: MAX_NAME_LENGTH - 7], digest)
        return plain


def definition_of(metric: Metric, name: str) -> Dict[str, Any]:
    """Return the definition of a datasource.

    :raises CannotTakeError: with the reason, if there can be none
    """
    variants = _timeline([_cleaned(variant, metric.scope) for variant in metric.variants])
    for variant, following in zip(variants, [*variants[1:], None]):
        if following is None or following.min_version > _OLDEST:
            _check_functions(variant.sql)
    columns = _all_columns(variants)
    if all(column.kind == KEY for column in columns):
        raise CannotTakeError("it has no column with a number, only labels")
    common = _common_types(columns, variants)
    names = dict(zip((column.name for column in columns), _column_names(columns, metric.scope)))
    query_of = _Writer(columns, names, common, metric.role).query
    definition: Dict[str, Any] = {"name": name}
    if metric.description:
        definition["description"] = " ".join(metric.description.split())
    queries = [{"min_version": variant.min_version, "query": query_of(variant)} for variant in variants]
    if len(queries) == 1 and not variants[0].min_version:
        definition["query"] = queries[0]["query"]
    else:
        definition["queries"] = queries
    if metric.role or any(variant.role or not variant.sql for variant in variants):
        # The doctor does not miss the samples of servers that it is not for.
        definition["may_be_empty"] = True
    if metric.scope == DATABASE:
        definition["scope"] = DATABASE
        if metric.databases:
            definition["databases"] = list(metric.databases)
    definition["keys"] = [_key(column, names, common) for column in columns if column.kind == KEY]
    definition["metrics"] = [_metric(column, names, common) for column in columns if column.kind != KEY]
    _check(definition)
    return definition


def notes_on_numbers(variants: Sequence[Variant]) -> List[str]:
    """Return a sentence on columns of which a definition may have no values, since not every version has them.

    :raises CannotTakeError: with the reason, if there can be no definition
    """
    lasting = _timeline(variants)
    columns = _all_columns(lasting)
    common = _common_types(columns, lasting)
    names = [
        '"{0}"'.format(column.name)
        for column in columns
        if common.get(column.name) == _COMMON_TYPE
        and any(each.name == column.name and each.value == UNKNOWN for variant in lasting for each in variant.columns)
    ]
    if not names:
        return []
    sentence = _NOTE_ON_NUMBER if len(names) == 1 else _NOTE_ON_NUMBERS
    return [sentence.format(", ".join(names))]


def _common_types(columns: Sequence[Column], variants: Sequence[Variant]) -> Dict[str, str]:
    """Return, by the name of a column that some versions lack, the type that all give it."""
    return {
        column.name: _COMMON_KEY_TYPE if column.kind == KEY or column.value == TEXT else _COMMON_TYPE
        for column in columns
        if any(_of(variant, column) is None for variant in variants)
    }


def _check(definition: Mapping[str, Any]) -> None:
    """Refuse what the module would refuse."""
    found = collect_definitions([definition])[2]
    if found:
        raise CannotTakeError("; ".join(problem.split('", ', 1)[-1] for problem in found))


def _cleaned(variant: Variant, scope: str) -> Variant:
    sql = clean_sql(variant.sql)
    tokens = tokenize(sql)
    if any(token.is_mark(";") for _position, token in outside(tokens)):
        raise CannotTakeError("its query has more than one statement")
    first = next((token for token in tokens if not token.is_mark("(")), None)
    if first and not first.is_word(*_QUERIES):
        raise CannotTakeError('its query begins with "{0}", expected a SELECT'.format(first.value))
    return variant._replace(sql=naming_extensions(naming_public(sql)) if scope == DATABASE else sql)


def _check_functions(sql: str) -> None:
    """Refuse what no supported PostgreSQL has."""
    tokens = tokenize(sql)
    for token, following in zip(tokens, tokens[1:]):
        if token.is_name and _RENAMED.fullmatch(token.value) and following.is_mark("("):
            raise CannotTakeError(
                "its query calls {0}, which has another name since PostgreSQL 10: correct it in the file".format(
                    token.value
                )
            )


def _timeline(variants: Sequence[Variant]) -> List[Variant]:
    """Return one variant for each range of versions, in their order; one without SQL returns no rows.

    The other tools leave out a server whose version has no query. A run would refuse it, so it gets one without rows.
    """
    usable = [each for each in variants if each.max_version is None or each.max_version > _OLDEST]
    if not usable:
        raise CannotTakeError("it is only for PostgreSQL before {0}".format(_OLDEST // 10000))
    usable = [each if each.min_version >= _OLDEST_NAMED else each._replace(min_version=0) for each in usable]
    usable.sort(key=lambda each: each.min_version)
    found: List[Variant] = []
    for variant, following in zip(usable, [*usable[1:], None]):
        if following and following.min_version == variant.min_version:
            raise CannotTakeError("it has two queries for the same version of PostgreSQL")
        if variant.sql or found:
            found.append(variant)
        end = variant.max_version
        if end is not None and (following is None or end < following.min_version):
            found.append(Variant("", (), end))
    if not any(variant.sql for variant in found):
        raise CannotTakeError("it has no SQL")
    return [Variant("", ()), *found] if found[0].min_version > _OLDEST else found


def _all_columns(variants: Sequence[Variant]) -> List[Column]:
    columns: Dict[str, Column] = {}
    for variant in reversed(variants):
        for column in variant.columns:
            columns.setdefault(column.name, column)
    return list(columns.values())


def _column_names(columns: Sequence[Column], scope: str) -> List[str]:
    """Return names that PoWA's tables do not use themselves."""
    reserved = RESERVED_COLUMNS | ({"dbid"} if scope == DATABASE else set())
    taken = {column.name for column in columns}
    names = []
    for column in columns:
        name = column.name
        while name in reserved or (name != column.name and name in taken):
            name += "_value"
        names.append(name)
    return names


def _of(variant: Variant, column: Column) -> Optional[Column]:
    """Return what a variant returns as a column, or None."""
    return next((each for each in variant.columns if each.name == column.name), None)


class _Writer:
    """Writes queries that return the columns of a definition, and no others.

    :param names: by the name of a column, its name in the definition
    :param common: by the name of a column that some versions lack, the type that all give it
    """

    def __init__(
        self, columns: Sequence[Column], names: Mapping[str, str], common: Mapping[str, str], role: Optional[str]
    ) -> None:
        self._columns = columns
        self._names = names
        self._common = common
        self._role = role

    def query(self, variant: Variant) -> str:
        """Return the query of a variant, as it is if that will do."""
        role = self._role or variant.role
        selected = [self._selected(_of(variant, column), column.name) for column in self._columns]
        as_it_is = [_quoted_of_q(column.name) for column in self._columns]
        if variant.exact and role is None and selected == as_it_is and len(variant.columns) == len(selected):
            return variant.sql
        lines = ",\n".join("    " + text for text in selected)
        if not variant.sql:
            return "SELECT\n{0}\nWHERE false".format(lines)
        end = [_ROLES[role]] if role else []
        if variant.grouped:
            keys = (_quoted_of_q(column.source) for column in variant.columns if column.kind == KEY and column.source)
            end.append("GROUP BY {0}".format(", ".join(keys)))
        aliases = " ({0})".format(", ".join(map(_quoted, variant.aliases))) if variant.aliases else ""
        return "\n".join(["SELECT", lines, "FROM (", variant.sql, ") AS q" + aliases, *end])

    def _selected(self, column: Optional[Column], name: str) -> str:
        source = _quoted_of_q(column.source) if column and column.source is not None else ""
        value = column.expression if column else "NULL"
        value = value.replace("{0}", source) if source else value
        if self._common.get(name) == _COMMON_TYPE and column:
            value = float_sql(value if value == source else "({0})".format(value), column.value)
        elif name in self._common:
            value = "{0}::{1}".format(value if value in (source, "NULL") else "({0})".format(value), self._common[name])
        if value == _quoted_of_q(self._names[name]):
            return value
        return "{0} AS {1}".format(value, _quoted(self._names[name]))


def _quoted_of_q(name: str) -> str:
    return "q." + _quoted(name)


def _quoted(name: str) -> str:
    if _PLAIN.match(name) and name not in RESERVED_WORDS:
        return name
    return '"{0}"'.format(name.replace('"', '""'))


def _key(column: Column, names: Mapping[str, str], common: Mapping[str, str]) -> Dict[str, Any]:
    # Another tool takes a label that is NULL for an empty one.
    return {"name": names[column.name], "nullable": True, **_type(column, common)}


def _metric(column: Column, names: Mapping[str, str], common: Mapping[str, str]) -> Dict[str, Any]:
    unit = column.unit
    if unit is None and (column.name in common or column.value == INTERVAL):
        unit = UNITS.get(column.value)
    unit = unit_of(column.name) if unit is None else unit
    shown = (("unit", unit), ("description", " ".join(column.description.split())))
    texts = {field: text for field, text in shown if text}
    return {"name": names[column.name], "kind": column.kind, **_type(column, common), **texts}


def _type(column: Column, common: Mapping[str, str]) -> Dict[str, str]:
    return {"type": common[column.name]} if column.name in common else {}
