# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The name that PostgreSQL gives to a column of a query.

That is its alias, or what C(FigureColname) of PostgreSQL's parser makes of the expression.
"""

from __future__ import annotations

from typing import Callable, Mapping, Optional, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.tokens import (
    Token,
    Tokens,
    closing,
    find,
    outside,
    unwrapped,
)

#: What ends no expression, so that no name can follow as an alias.
_BETWEEN_OPERANDS = tuple("and or not is in like ilike similar between collate at zone distinct escape".split())
_OPERATOR_WORDS = (*_BETWEEN_OPERANDS, "null", "over")
_TYPES_OF_SEVERAL_WORDS = {
    "double": ("precision",),
    "character": ("varying",),
    "bit": ("varying",),
    "timestamp": ("with", "without", "time", "zone"),
    "time": ("with", "without", "time", "zone"),
}
#: Names that SQL has for types, and PostgreSQL's own.
_NAMES_OF_TYPES = {
    **dict.fromkeys(("int", "integer"), "int4"),
    "smallint": "int2",
    "bigint": "int8",
    "real": "float4",
    **dict.fromkeys(("float", "double"), "float8"),
    **dict.fromkeys(("decimal", "dec"), "numeric"),
    "boolean": "bool",
    **dict.fromkeys(("character", "char"), "bpchar"),
}
#: By the name of a type, that of one whose name has another word in it.
_NAMES_OF_LONGER_TYPES = {
    **dict.fromkeys(("character", "char"), ("varying", "varchar")),
    "bit": ("varying", "varbit"),
    "timestamp": ("with", "timestamptz"),
    "time": ("with", "timetz"),
}
_TWO_NAMES = "extract() is called date_part before PostgreSQL 14, and extract since then: give it a name with AS"
#: Returns the name of the only column of a query.
NameOfQuery = Callable[[Tokens], str]


class UnknownColumnsError(Exception):
    """The columns of a query cannot be told from its text; the message says why."""


def name_of(item: Tokens, name_of_query: NameOfQuery) -> Optional[str]:
    """Return the name of one column, or None if it has none.

    :raises UnknownColumnsError: if it depends on the version of PostgreSQL
    """
    return split_alias(item)[1] or _good_name(item, name_of_query) or _second_best_name(item)


def split_alias(item: Tokens) -> Tuple[Tokens, Optional[str]]:
    """Return an expression, and its alias or None."""
    named = [position for position, token in outside(item) if token.is_word("as")]
    if named:
        return item[: named[-1]], item[named[-1] + 1].value
    if len(item) > 1 and item[-1].is_name and _ends_expression(item[:-1], item[-1]) and not item[-1].is_word("end"):
        return item[:-1], item[-1].value
    return item, None


def _good_name(item: Tokens, name_of_query: NameOfQuery) -> Optional[str]:
    """Return the name of the column or the function that an expression is at heart, or None."""
    item = unwrapped(item)
    if not item:
        return None
    if item[0].is_word("select", "with"):
        return name_of_query(item)
    if _is_case(item):
        return _good_name(_otherwise(item), name_of_query)
    cast = _last_cast(item)
    if cast is not None:
        return None if _after_type(item[cast + 1 :]) else _good_name(item[:cast], name_of_query)
    if len(item) > 2 and item[-1].is_name and item[-2].is_mark(".") and closing(item, 0) == len(item) - 2:
        return item[-1].value
    if item[0].is_mark("("):
        end = closing(item, 0)
        return None if _after_subscripts(item[end:]) else _good_name(item[:end], name_of_query)
    if not item[0].is_name:
        return None
    position = 0
    while position + 2 < len(item) and item[position + 1].is_mark(".") and item[position + 2].is_name:
        position += 2
    name, rest = item[position].value, item[position + 1 :]
    called = bool(rest) and rest[0].is_mark("(")
    while rest and rest[0].is_mark("(", "["):
        rest = rest[closing(rest, 0) :]
    clause = called and rest and rest[0].is_word("filter", "over", "within")
    if rest and (
        not clause or any(token.kind == "other" and not token.is_mark("(") for _position, token in outside(rest))
    ):
        return None
    return name if position else _name_of_syntax(item, name_of_query)


def _after_subscripts(tokens: Tokens) -> Tokens:
    while tokens and tokens[0].is_mark("["):
        tokens = tokens[closing(tokens, 0) :]
    return tokens


def _name_of_syntax(item: Tokens, name_of_query: NameOfQuery) -> Optional[str]:
    """Return the name of a column or a call without a schema, which SQL's own syntax may turn into another."""
    first, inner = item[0], item[2:-1]
    if len(item) == 1:
        return None if first.is_word("true", "false", "null") else first.value
    if first.is_word("cast"):
        return _good_name(inner[: find(inner, "as")], name_of_query)
    if first.is_word("trim"):
        side = inner[0].value if inner and inner[0].kind == "word" else ""
        return {"leading": "ltrim", "trailing": "rtrim"}.get(side, "btrim")
    if first.is_word("extract"):
        raise UnknownColumnsError(_TWO_NAMES)
    return first.value


def _second_best_name(item: Tokens) -> Optional[str]:
    """Return the name of an expression that has neither a column's nor a function's: C(case), or that of a type."""
    item = unwrapped(item)
    if _is_case(item):
        return "case"
    if len(item) > 1 and item[0].is_word("cast") and closing(item, 1) == len(item):
        position = find(item[2:-1], "as")
        return None if position is None else _name_of_type(item[position + 3 : -1])
    cast = _last_cast(item)
    if cast is None or _after_type(item[cast + 1 :]) or not _is_operand(item[:cast]):
        return None
    return _name_of_type(item[cast + 1 :])


def _last_cast(item: Tokens) -> Optional[int]:
    return next((position for position, token in reversed(list(outside(item))) if token.is_mark("::")), None)


def _is_operand(item: Tokens) -> bool:
    """Whether tokens are one operand, with casts or without."""
    if _is_case(item):
        return True
    return not any(
        token.is_word(*_BETWEEN_OPERANDS) or (token.kind == "other" and not token.is_mark("(", "[", "."))
        for _position, token in outside(item)
    )


def _name_of_type(tokens: Tokens) -> str:
    while len(tokens) > 2 and tokens[1].is_mark("."):
        tokens = tokens[2:]
    first, words = tokens[0], {token.value for token in tokens[1:]}
    if first.kind == "quoted":
        return first.value
    word, longer = _NAMES_OF_LONGER_TYPES.get(first.value, ("", ""))
    return longer if word in words else _NAMES_OF_TYPES.get(first.value, first.value)


def _ends_expression(tokens: Tokens, following: Token) -> bool:
    """Whether a name after these tokens is an alias, and no part of a type's name."""
    last = tokens[-1]
    if _last_cast(tokens) is not None:
        before = tokens[-2]
        if last.is_word("zone"):
            return len(tokens) > 2 and tokens[-3].is_word("with", "without")
        if last.is_word("with", "without") or (last.is_word("time") and before.is_word("with", "without")):
            return False
        if before.is_mark("::") and following.is_word(*_TYPES_OF_SEVERAL_WORDS.get(last.value, ())):
            return False
    if last.kind == "word":
        return last.is_word("end", "true", "false", "null") or not last.is_word(*_OPERATOR_WORDS)
    return last.kind in ("quoted", "text", "number") or last.is_mark(")", "]")


def _after_type(tokens: Tokens) -> Tokens:
    """Return what follows the name of a type."""
    position = 1
    more: Mapping[str, Tuple[str, ...]] = _TYPES_OF_SEVERAL_WORDS
    words = more.get(tokens[0].value, ()) if tokens[0].kind == "word" else ()
    while position < len(tokens):
        token = tokens[position]
        if token.is_mark("."):
            position += 2
        elif token.is_mark("(", "["):
            position = closing(tokens, position)
        elif token.is_word(*words):
            position += 1
        else:
            break
    return tokens[position:]


def _is_case(item: Tokens) -> bool:
    """Whether tokens are one C(CASE)."""
    return bool(item) and item[0].is_word("case") and _end_of_case(item) == len(item)


def _otherwise(case: Tokens) -> Tokens:
    """Return the expression after the C(ELSE) of a C(CASE)."""
    depth = 0
    found: Tokens = ()
    for position, token in outside(case):
        depth += token.is_word("case") - token.is_word("end")
        if depth == 1 and token.is_word("else"):
            found = case[position + 1 : -1]
    return found


def _end_of_case(item: Tokens) -> int:
    """Return the position after the end of a C(CASE)."""
    depth = 0
    for position, token in outside(item):
        depth += token.is_word("case") - token.is_word("end")
        if not depth:
            return position + 1
    return len(item)
