# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL as tokens, as far as one has to tell names from what stands in quotes, comments and parentheses."""

from __future__ import annotations

import re
from typing import Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

_TOKEN = re.compile(
    r"""
    (?P<space> \s+ | --[^\n\r]* )
    | (?P<comment> /\* )
    | (?P<text> [eEbBxX]?'(?:[^'\\]|\\.|'')*' | [uU]&'(?:[^']|'')*' )
    | (?P<quoted> "(?:[^"]|"")*" )
    | (?P<dollar> \$(?:[^\W\d]\w*)?\$ )
    | (?P<word> [^\W\d][\w$]* )
    | (?P<number> [0-9][\w.]* | \.[0-9]\w* )
    | (?P<cast> :: )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
#: A text without E may end with a backslash.
_PLAIN_TEXT = re.compile(r"'(?:[^']|'')*'")
_COMMENT_BOUND = re.compile(r"/\*|\*/")
_DEPTH = {"(": 1, "[": 1, ")": -1, "]": -1}


class Token(NamedTuple):
    """A piece of SQL.

    :param kind: C(word), C(quoted) (a name in quotes), C(text), C(number), C(cast) or C(other)
    :param value: a word in lower case, a quoted name without its quotes, anything else as it is
    :param start: its position in the SQL
    """

    kind: str
    value: str
    start: int = 0
    end: int = 0

    @property
    def is_name(self) -> bool:
        """Whether it may be the name of something."""
        return self.kind in ("word", "quoted")

    def is_word(self, *words: str) -> bool:
        """Whether it is one of some words of SQL."""
        return self.kind == "word" and self.value in words

    def is_mark(self, *marks: str) -> bool:
        """Whether it is one of some characters."""
        return self.kind in ("other", "cast") and self.value in marks


Tokens = Sequence[Token]


def tokenize(sql: str) -> List[Token]:
    """Return the tokens of a statement, without comments."""
    return list(_tokens(sql))


def _tokens(sql: str) -> Iterator[Token]:
    position = 0
    while position < len(sql):
        start, token = position, _PLAIN_TEXT.match(sql, position)
        if token is not None:
            position = token.end()
            yield Token("text", token.group(), start, position)
            continue
        token = _TOKEN.match(sql, position)
        if token is None:
            return
        kind, value, position = str(token.lastgroup), token.group(), token.end()
        if kind == "comment":
            position = _end_of_comment(sql, position)
        elif kind == "dollar":
            closing = sql.find(value, position)
            position = len(sql) if closing < 0 else closing + len(value)
            yield Token("text", value, start, position)
        elif kind == "word":
            yield Token(kind, value.lower(), start, position)
        elif kind == "quoted":
            yield Token(kind, value[1:-1].replace('""', '"'), start, position)
        elif kind != "space":
            yield Token(kind, value, start, position)


def _end_of_comment(sql: str, position: int) -> int:
    depth = 1
    for bound in _COMMENT_BOUND.finditer(sql, position):
        depth += 1 if bound.group() == "/*" else -1
        if not depth:
            return bound.end()
    return len(sql)


def outside(tokens: Tokens) -> Iterator[Tuple[int, Token]]:
    """Return the tokens that no parenthesis holds, with their positions; of a pair of them, the first one."""
    depth = 0
    for position, token in enumerate(tokens):
        change = _DEPTH.get(token.value, 0) if token.kind == "other" else 0
        if not depth and change >= 0:
            yield position, token
        depth = max(0, depth + change)


def closing(tokens: Tokens, start: int) -> int:
    """Return the position after the parenthesis that closes the one at C(start)."""
    depth = 0
    for position in range(start, len(tokens)):
        depth += _DEPTH.get(tokens[position].value, 0) if tokens[position].kind == "other" else 0
        if not depth:
            return position + 1
    return len(tokens)


def split(tokens: Tokens, separates: Callable[[Token], bool]) -> List[Tokens]:
    """Return the parts between separators that no parenthesis holds."""
    return split_at(tokens, [position for position, token in outside(tokens) if separates(token)])


def split_at(tokens: Tokens, positions: Sequence[int]) -> List[Tokens]:
    """Return the parts between the tokens at some positions."""
    begins, ends = [0, *(position + 1 for position in positions)], [*positions, len(tokens)]
    return [tokens[begin:end] for begin, end in zip(begins, ends)]


def find(tokens: Tokens, *words: str) -> Optional[int]:
    """Return the position of the first of some words that no parenthesis holds, or None."""
    return next((position for position, token in outside(tokens) if token.is_word(*words)), None)


def unwrapped(tokens: Tokens) -> Tokens:
    """Return tokens without parentheses around all of them."""
    while tokens and tokens[0].is_mark("(") and closing(tokens, 0) == len(tokens):
        tokens = tokens[1:-1]
    return tokens
