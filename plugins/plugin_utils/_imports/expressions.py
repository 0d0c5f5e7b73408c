# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the text of an expression tells of its values."""

from __future__ import annotations

from typing import Callable, List, NamedTuple, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.known import (
    BY_WORD,
    value_of_function,
    value_of_type,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.tokens import (
    Token,
    Tokens,
    closing,
    find,
    outside,
    split,
    split_at,
    unwrapped,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.values import (
    ASSUMED,
    BOOLEAN,
    DATE,
    EXTRACTED,
    INTERVAL,
    LSN,
    MOMENTS,
    NUMBER,
    TEXT,
    TIME,
    UNKNOWN,
    XID,
)

#: A text in quotes is of the type that its place asks for.
_LITERAL = "literal"


class Resolver(NamedTuple):
    """What is known of what an expression names.

    :param column: of a column, by its alias or None, and its name
    :param query: of the first column of a query
    """

    column: Callable[[Optional[str], str], str]
    query: Callable[[Tokens], str]


_NUMBERS = (NUMBER, ASSUMED, EXTRACTED)
#: Those that return one of their arguments, or a number where that is one.
_CALCULATING = tuple("sum avg abs round ceil ceiling floor trunc".split())
_CHOOSING = ("coalesce", "max", "min", "greatest", "least", "nullif", *_CALCULATING)
_SUMS, _PRODUCTS = ("+", "-"), ("*", "/", "%", "^")
_COMPARISONS = ("=", "<", ">", "<=", ">=", "<>", "!=", "~", "~*", "!~", "!~*")
_CONDITIONS = tuple("and or not is in like ilike similar between exists".split())
_TEXT_OF_JSON, _JSON = ("->>", "#>>"), ("->", "#>")


def value_of(tokens: Tokens, resolve: Resolver) -> str:
    """Return what is known of the values of an expression."""
    value = _value_of(tokens, resolve)
    return TEXT if value == _LITERAL else value


def _value_of(tokens: Tokens, resolve: Resolver) -> str:
    tokens = unwrapped(tokens)
    if not tokens:
        return UNKNOWN
    if tokens[0].is_word("select", "with", "values"):
        return resolve.query(tokens)
    if tokens[0].is_word("case") and tokens[-1].is_word("end"):
        return _first_known([_value_of(result, resolve) for result in _results(tokens)])
    if find(tokens, "case") is None and find(tokens, *_CONDITIONS) is not None:
        return BOOLEAN
    operators = _operators(tokens)
    if operators:
        return _value_of_operation(tokens, operators, resolve)
    cast = next((position for position, token in reversed(list(outside(tokens))) if token.is_mark("::")), None)
    if cast is not None:
        return value_of_type(tokens[cast + 1 :])
    return _value_of_operand(tokens, resolve)


def _operators(tokens: Tokens) -> List[str]:
    """Return the operators that no parenthesis holds."""
    found: List[str] = []
    end = None
    for _position, token in outside(tokens):
        if _is_operator(token):
            # One that follows without a space is a part of it, or a sign.
            joined = token.start == end and not (found[-1] in _COMPARISONS and token.is_mark(*_SUMS))
            found[-1:] = [found[-1] + token.value] if joined else [*found[-1:], token.value]
            end = token.end
    return found


def _is_operator(token: Token) -> bool:
    return token.kind == "other" and not token.is_mark("(", ")", "[", "]", ".", ",")


def _value_of_operation(tokens: Tokens, operators: Sequence[str], resolve: Resolver) -> str:
    if any(operator in _COMPARISONS for operator in operators):
        return BOOLEAN
    if "||" in operators:
        return TEXT
    if all(operator in (*_TEXT_OF_JSON, *_JSON) for operator in operators):
        return TEXT if operators[-1] in _TEXT_OF_JSON else UNKNOWN
    if all(character in (*_SUMS, *_PRODUCTS) for operator in operators for character in operator):
        return _value_of_sum(tokens, resolve)
    return UNKNOWN


def _first_known(values: Sequence[str]) -> str:
    """Return what is known of values that have one type, which a literal takes on."""
    known = [value for value in values if value not in (UNKNOWN, _LITERAL)]
    if known:
        return next((value for value in (EXTRACTED, TIME) if value in known), known[0])
    return _LITERAL if values and UNKNOWN not in values else UNKNOWN


def _results(case: Tokens) -> List[Tokens]:
    """Return the expressions that a C(CASE) chooses from."""
    results: List[Tokens] = []
    depth, begin = 0, None
    for position, token in outside(case):
        depth += token.is_word("case") - token.is_word("end")
        if begin is not None and (depth == 0 or (depth == 1 and token.is_word("when", "else"))):
            results.append(case[begin:position])
            begin = None
        if depth == 1 and token.is_word("then", "else"):
            begin = position + 1
    return [result for result in results if not (len(result) == 1 and result[0].is_word("null"))]


def _value_of_sum(tokens: Tokens, resolve: Resolver) -> str:
    """Return what is known of a calculation."""
    return _calculation(tokens, resolve, _SUMS, _value_of_product, _added)


def _value_of_product(tokens: Tokens, resolve: Resolver) -> str:
    return _calculation(tokens, resolve, _PRODUCTS, _value_of_signed, _multiplied)


def _calculation(
    tokens: Tokens,
    resolve: Resolver,
    marks: Sequence[str],
    value_of_operand: Callable[[Tokens, Resolver], str],
    combined: Callable[[str, str, str], str],
) -> str:
    """Return what is known of operands with some operators between them.

    :param combined: returns it for two values and the operator between them
    """
    signs = _binary(tokens, marks)
    value, *others = (value_of_operand(operand, resolve) for operand in split_at(tokens, signs))
    for sign, other in zip(signs, others):
        value = combined(value, tokens[sign].value, other)
    return value


def _binary(tokens: Tokens, marks: Sequence[str]) -> List[int]:
    """Return the positions of operators between two operands, and not of signs before one."""
    return [
        position
        for position, token in outside(tokens)
        if token.is_mark(*marks) and position and not _is_operator(tokens[position - 1])
    ]


def _value_of_signed(tokens: Tokens, resolve: Resolver) -> str:
    while tokens and _is_operator(tokens[0]):
        tokens = tokens[1:]
    return _value_of(tokens, resolve)


def _added(left: str, sign: str, right: str) -> str:
    if left in MOMENTS and right in MOMENTS and sign == "-":
        return NUMBER if left == right == DATE else INTERVAL
    if left in (*MOMENTS, INTERVAL) and right == INTERVAL:
        return INTERVAL if left == INTERVAL else TIME
    if left == INTERVAL and right in MOMENTS and sign == "+":
        return TIME
    if left == LSN and right == LSN and sign == "-":
        return NUMBER
    if left in (DATE, LSN) and right in (NUMBER, ASSUMED):
        return left
    return _calculated(left, right)


def _multiplied(left: str, sign: str, right: str) -> str:
    if left == INTERVAL and right in _NUMBERS and sign in ("*", "/"):
        return INTERVAL
    if left in _NUMBERS and right == INTERVAL and sign == "*":
        return INTERVAL
    return _calculated(left, right)


def _calculated(left: str, right: str) -> str:
    """Return what is known of a calculation, which has the type of C(extract) if its operands are numbers."""
    # What is calculated from the first one is hardly ever anything else.
    if left == EXTRACTED and right in (*_NUMBERS, UNKNOWN):
        return EXTRACTED
    if left in _NUMBERS and right in _NUMBERS:
        return next((value for value in (EXTRACTED, ASSUMED) if value in (left, right)), NUMBER)
    return UNKNOWN


def _value_of_operand(tokens: Tokens, resolve: Resolver) -> str:
    first = tokens[0]
    if len(tokens) == 1:
        return _value_of_token(first, resolve)
    if len(tokens) == 3 and tokens[1].is_mark(".") and tokens[2].is_name:
        return resolve.column(first.value, tokens[2].value)
    if first.is_name and tokens[1].kind == "text":
        return value_of_type(tokens[:1])
    called = 2 if tokens[1].is_mark(".") else 0
    if len(tokens) < called + 3 or not tokens[called].is_name or not tokens[called + 1].is_mark("("):
        return UNKNOWN
    end = closing(tokens, called + 1)
    if end < len(tokens) and not tokens[end].is_word("filter", "over", "within"):
        return UNKNOWN
    return _value_of_call(tokens[called].value, tokens[called + 2 : end - 1], resolve)


def _value_of_call(name: str, inner: Tokens, resolve: Resolver) -> str:
    """Return what is known of what a function returns.

    :param inner: what stands between its parentheses
    """
    if name == "cast":
        type_after = find(inner, "as")
        return UNKNOWN if type_after is None else value_of_type(inner[type_after + 1 :])
    if name not in (*_CHOOSING, "age", "date_trunc"):
        return value_of_function(name)
    values = [_value_of(each, resolve) for each in split(inner, lambda token: token.is_mark(","))]
    if name == "age":
        # That of a transaction is a number.
        return {XID: NUMBER, **dict.fromkeys(MOMENTS, INTERVAL)}.get(values[0], UNKNOWN)
    if name == "date_trunc":
        return INTERVAL if values[-1] == INTERVAL else TIME
    value = _first_known(values)
    return NUMBER if value == ASSUMED and name in _CALCULATING else value


def _value_of_token(token: Token, resolve: Resolver) -> str:
    if token.kind in ("number", "text"):
        return NUMBER if token.kind == "number" else _LITERAL
    if token.kind == "word" and token.value in BY_WORD:
        return BY_WORD[token.value]
    return resolve.column(None, token.value) if token.is_name else UNKNOWN
