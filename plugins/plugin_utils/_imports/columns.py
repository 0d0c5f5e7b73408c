# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The columns that a query returns, found without a server.

Formats that do not list the columns need it. It names columns as PostgreSQL does, as far as monitoring queries go, and
says so where it cannot tell.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.clauses import (
    AFTER_COLUMNS,
    AFTER_FROM,
    JOINS,
    begins_clause,
    find_clause,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.column_names import (
    UnknownColumnsError,
    name_of,
    split_alias,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.expressions import Resolver, value_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.known import KNOWN_RELATIONS, value_of_column
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.tokens import (
    Token,
    Tokens,
    closing,
    find,
    outside,
    split,
    split_at,
    tokenize,
    unwrapped,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.values import ASSUMED, NUMBER, TEXT, UNKNOWN

_SET_OPERATIONS = ("union", "intersect", "except")
_NUMBERS_OF_INFORMATION_SCHEMA = ("cardinality", "length", "position", "precision", "radix", "scale")


class Output(NamedTuple):
    """A column that a query returns.

    :param value: what is known of its values, such as C(NUMBER)
    """

    name: str
    value: str = UNKNOWN


class _Scope:
    """The names that C(WITH) gives to queries, and their columns once these are asked for."""

    def __init__(self, outer: Optional[_Scope] = None) -> None:
        self._outer = outer
        self._queries: Dict[str, Tuple[Sequence[str], Tokens, _Scope]] = {}
        self._known: Dict[str, List[Output]] = {}

    def add(self, name: str, columns: Sequence[str], query: Tokens) -> None:
        self._queries[name] = (columns, query, self)

    def columns(self, name: str) -> Optional[List[Output]]:
        """Return the columns of a query that C(WITH) names, or None if there is none of that name."""
        if name not in self._queries:
            return self._outer.columns(name) if self._outer else None
        if name not in self._known:
            columns, query, scope = self._queries[name]
            self._known[name] = [Output(column) for column in columns] or _query(query, scope)
        return self._known[name]

    def query(self, name: str) -> Optional[Tuple[Tokens, _Scope]]:
        """Return a query that C(WITH) names without naming its columns, and what it sees, or None."""
        if name not in self._queries:
            return self._outer.query(name) if self._outer else None
        columns, query, scope = self._queries[name]
        return None if columns else (query, scope)


def returned_columns(sql: str) -> List[Output]:
    """Return the columns of a query, in their order; PostgreSQL lets several have the same name.

    :raises UnknownColumnsError: where its text does not tell
    """
    try:
        return _query(tokenize(sql), _Scope())
    except (IndexError, RecursionError):
        raise UnknownColumnsError("its columns cannot be read from the query") from None


def _query(tokens: Tokens, scope: _Scope) -> List[Output]:
    tokens = unwrapped(tokens)
    if tokens and tokens[0].is_word("with"):
        scope = _Scope(scope)
        tokens = _read_with(tokens, scope)
        return _query(tokens, scope)
    first = split(tokens, lambda token: token.is_word(*_SET_OPERATIONS))[0]
    if first and first[0].is_mark("("):
        return _query(first[1 : closing(first, 0) - 1], scope)
    if first and first[0].is_word("values"):
        row = unwrapped(first[1 : closing(first, 1)])
        return [Output("column{0}".format(number + 1)) for number in range(len(split(row, _is_comma)))]
    if not first or not first[0].is_word("select"):
        begins = 'begins with "{0}"'.format(first[0].value) if first else "is empty"
        raise UnknownColumnsError("its query {0}, expected a SELECT".format(begins))
    return _select(first[1:], scope)


def _read_with(tokens: Tokens, scope: _Scope) -> Tokens:
    position = 2 if tokens[1].is_word("recursive") else 1
    while True:
        name, position = tokens[position].value, position + 1
        columns: List[str] = []
        if tokens[position].is_mark("("):
            end = closing(tokens, position)
            columns = [token.value for token in tokens[position + 1 : end - 1] if token.is_name]
            position = end
        while not tokens[position].is_mark("("):
            position += 1
        end = closing(tokens, position)
        scope.add(name, columns, tokens[position + 1 : end - 1])
        if end >= len(tokens) or not tokens[end].is_mark(","):
            return tokens[end:]
        position = end + 1


def _select(tokens: Tokens, scope: _Scope) -> List[Output]:
    if tokens[0].is_word("all", "distinct"):
        with_on = tokens[0].is_word("distinct") and tokens[1].is_word("on")
        tokens = tokens[closing(tokens, 2) :] if with_on else tokens[1:]
    found = find_clause(tokens, *AFTER_COLUMNS)
    end = len(tokens) if found is None else found
    columns: List[Output] = []
    # One for all columns, or each level of nested queries would multiply the time.
    resolve = _resolver(tokens[end:], scope)
    for item in split(tokens[:end], _is_comma):
        if item and item[-1].is_mark("*") and (len(item) == 1 or item[-2].is_mark(".")):
            columns += _all_columns(tokens[end:], item[-3].value if len(item) > 2 else None, scope)
            continue
        name = name_of(item, lambda query: _query(query, scope)[0].name)
        if name is None:
            raise UnknownColumnsError("its column number {0} has no name".format(len(columns) + 1))
        columns.append(Output(name, _value(item, resolve)))
    return columns


def _all_columns(tokens: Tokens, alias: Optional[str], scope: _Scope) -> List[Output]:
    """Return the columns that a C(*) stands for.

    :param tokens: what follows the columns
    :param alias: what stands before the C(*), or None
    """
    if not tokens or not tokens[0].is_word("from"):
        raise UnknownColumnsError("it selects * from nothing")
    if alias is None and find(_from(tokens), "using", "natural") is not None:
        raise UnknownColumnsError("it selects * from a join by columns of the same name")
    columns: List[Output] = []
    for source in _sources(tokens):
        if alias is None or alias == _alias(source):
            columns += _source_columns(source, scope)
    return columns


def _from(tokens: Tokens) -> Tokens:
    """Return what stands between C(FROM) and what follows it."""
    if not tokens or not tokens[0].is_word("from"):
        return []
    end = find_clause(tokens[1:], *AFTER_FROM)
    return tokens[1:] if end is None else tokens[1 : end + 1]


def _sources(tokens: Tokens) -> List[Tokens]:
    joined = _from(tokens)
    positions = [
        position for position, token in outside(joined) if _is_comma(token) or begins_clause(joined, position, *JOINS)
    ]
    return [part for part in split_at(joined, positions) if part]


def _alias(source: Tokens) -> str:
    end = find(source, "on", "using")
    source = source if end is None else source[:end]
    names = [token.value for position, token in outside(source) if token.is_name]
    return names[-1] if names else ""


def _source_columns(source: Tokens, scope: _Scope) -> List[Output]:
    if source[0].is_word("lateral"):
        source = source[1:]
    if source[0].is_mark("("):
        end = closing(source, 0)
        rest = [token for token in source[end:] if not token.is_word("as")]
        if len(rest) > 1 and rest[1].is_mark("("):
            return [Output(token.value) for token in rest[2 : closing(rest, 1) - 1] if token.is_name]
        return _query(source[1 : end - 1], scope)
    plain = len(source) == 1 or not source[1].is_mark(".", "(")
    columns = scope.columns(source[0].value) if plain else None
    if columns is None:
        raise UnknownColumnsError(
            "it selects * from {0}, whose columns only the server knows: list them in the query".format(
                "".join(token.value for token in source[:3] if token.is_name or token.is_mark("."))
            )
        )
    return columns


def _value(item: Tokens, resolve: Resolver) -> str:
    """Return what is known of the values of one column."""
    try:
        return value_of(split_alias(item)[0], resolve)
    except IndexError:
        return UNKNOWN


def _resolver(rest: Tokens, scope: _Scope) -> Resolver:
    """Return what resolves the columns of one SELECT.

    :param rest: what follows its columns
    """
    sources = [(_alias(source), source) for source in _sources(rest)]
    known: Dict[int, Optional[Dict[str, str]]] = {}

    def columns_of(number: int) -> Optional[Dict[str, str]]:
        """Return what is known of the columns of a source, or None for a relation, which only the server knows."""
        if number not in known:
            try:
                known[number] = dict(_source_columns(sources[number][1], scope))
            except UnknownColumnsError:
                known[number] = None
        return known[number]

    def resolve(alias: Optional[str], name: str) -> str:
        wanted = [number for number, (own, _source) in enumerate(sources) if alias in (None, own)]
        listed = [columns[name] for columns in map(columns_of, wanted) if columns is not None and name in columns]
        guessed = (_value_in_source(sources[number][1], name, scope) for number in wanted if columns_of(number) is None)
        # Only one source has the column, or PostgreSQL would not know which one is meant.
        values = set(listed or guessed)
        if values == {NUMBER, ASSUMED}:
            return ASSUMED
        return values.pop() if len(values) == 1 else UNKNOWN

    return Resolver(resolve, lambda query: _value_of_query(query, scope))


def _value_of_query(query: Tokens, scope: _Scope) -> str:
    """Return what is known of the first column of a query."""
    try:
        return _query(query, scope)[0].value
    except (UnknownColumnsError, IndexError):
        return UNKNOWN


def _value_in_source(source: Tokens, name: str, scope: _Scope) -> str:
    """Return what is known of a column of a relation, or of a query that returns all columns of one."""
    own = source[1:] if source[0].is_word("lateral", "only") else source
    own = own[2:] if own and own[0].is_word("pg_catalog") else own
    if not own:
        return UNKNOWN
    if own[0].value.startswith(KNOWN_RELATIONS):
        return value_of_column(own[0].value, name)
    if own[0].is_word("information_schema"):
        # Its numbers are positions and sizes.
        return UNKNOWN if name.endswith(_NUMBERS_OF_INFORMATION_SCHEMA) else TEXT
    found = (own[1 : closing(own, 0) - 1], scope) if own[0].is_mark("(") else scope.query(own[0].value)
    query = unwrapped(found[0]) if found else ()
    behind = _sources(query[2:]) if len(query) > 1 and query[0].is_word("select") and query[1].is_mark("*") else []
    return _value_in_source(behind[0], name, found[1]) if found and len(behind) == 1 else UNKNOWN


def _is_comma(token: Token) -> bool:
    return token.is_mark(",")
