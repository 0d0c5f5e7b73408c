# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clauses of a query, told from other uses of the words that they begin with."""

from __future__ import annotations

from typing import Optional

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.tokens import Tokens, outside

#: What can follow the relations of C(FROM), and the columns of a query.
AFTER_FROM = tuple(
    "where group having window order limit offset fetch for select union intersect except returning".split()
)
AFTER_COLUMNS = ("from", *AFTER_FROM)
#: What joins two relations.
JOINS = ("join", "cross", "inner", "left", "right", "full", "outer", "natural")


def begins_clause(tokens: Tokens, position: int, *words: str) -> bool:
    """Whether one of some words stands at a position, and neither as a name nor as a part of an expression."""
    if not tokens[position].is_word(*words):
        return False
    before = tokens[position - 1] if position else None
    if before is not None and (before.is_word("as", "distinct", "within") or before.is_mark(".")):
        return False
    called = position + 1 < len(tokens) and tokens[position + 1].is_mark("(")
    return not (called and tokens[position].is_word("left", "right"))


def find_clause(tokens: Tokens, *words: str) -> Optional[int]:
    """Return the position of the first clause that begins with one of some words, or None."""
    return next((position for position, _token in outside(tokens) if begins_clause(tokens, position, *words)), None)
