# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a statement ends in the text that a user gave."""

from __future__ import annotations

import re

#: The tokens of PostgreSQL's SQL, as far as a semicolon in one of them ends nothing.
_TOKEN = re.compile(
    r"""
    (?P<space> \s+ | --[^\n\r]* )
    | (?P<comment> /\* )
    | (?P<quoted> [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" )
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
    position, end = 0, len(sql)
    while position < len(sql):
        token = _TOKEN.match(sql, position)
        if token is None or token.group() in _UNCLOSED:
            # PostgreSQL will say that the quotation never ends.
            return len(sql)
        kind, start, position = token.lastgroup, position, token.end()
        if kind == "comment":
            position = _end_of_comment(sql, position)
        elif kind == "semicolon":
            end = min(end, start)
        elif kind != "space":
            end = len(sql)
        if kind == "dollar":
            closing = sql.find(token.group(), position)
            position = len(sql) if closing < 0 else closing + len(token.group())
    return end


def _end_of_comment(sql: str, position: int) -> int:
    """Return the position after a comment; comments may be nested."""
    depth = 1
    for bound in _COMMENT_BOUND.finditer(sql, position):
        depth += 1 if bound.group() == "/*" else -1
        if not depth:
            return bound.end()
    return len(sql)
