# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a statement ends in the text that a user gave, and what its tokens are."""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple, Optional

#: The tokens of PostgreSQL's SQL, as far as a semicolon or a brace in one of them means nothing.
_TOKEN = re.compile(
    r"""
    (?P<space> \s+ | --[^\n\r]* )
    | (?P<comment> /\* )
    # A text goes on in the next line, and there a backslash means what it meant before.
    | (?P<quoted> [eE]'(?:[^'\\]|\\.|'')*' (?: [ \t\f\v]*[\n\r]\s*'(?:[^'\\]|\\.|'')*' )*
        | '(?:[^']|'')*' | "(?:[^"]|"")*" )
    | (?P<dollar> \$(?:[^\W\d]\w*)?\$ )
    | (?P<word> [^\W\d][\w$]* )
    | (?P<semicolon> ; )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_UNCLOSED = ("'", '"')
_COMMENT_BOUND = re.compile(r"/\*|\*/")


def clean_sql(sql: str) -> str:
    """Strip what users paste after a statement, and a sub-select does not allow: semicolons, and comments after one."""
    stripped = sql.strip().rstrip(";").rstrip()
    end = _end_of_statement(stripped)
    return stripped[:end].rstrip()


def _end_of_statement(sql: str) -> int:
    """Return the position of the semicolon that only comments and further semicolons follow, or the length."""
    end = len(sql)
    for token in tokens(sql):
        if token.kind is None:
            # PostgreSQL will say that the quotation never ends.
            return len(sql)
        if token.kind == "semicolon":
            end = min(end, token.start)
        elif token.kind not in ("space", "comment"):
            end = len(sql)
    return end


class Token(NamedTuple):
    """A piece of SQL.

    :param kind: a group of the tokens' pattern, or None for the rest of a text with a quotation that never ends
    """

    kind: Optional[str]
    start: int
    end: int


def tokens(sql: str) -> Iterator[Token]:
    """Return the tokens of a text, which follow each other without a gap."""
    position = 0
    while position < len(sql):
        found = _TOKEN.match(sql, position)
        if found is None or found.group() in _UNCLOSED:
            yield Token(None, position, len(sql))
            return
        kind, start, position = found.lastgroup, position, found.end()
        if kind == "comment":
            position = _end_of_comment(sql, position)
        elif kind == "dollar":
            closing = sql.find(found.group(), position)
            position = len(sql) if closing < 0 else closing + len(found.group())
        yield Token(kind, start, position)


def _end_of_comment(sql: str, position: int) -> int:
    """Return the position after a comment; comments may be nested."""
    depth = 1
    for bound in _COMMENT_BOUND.finditer(sql, position):
        depth += 1 if bound.group() == "/*" else -1
        if not depth:
            return bound.end()
    return len(sql)
