# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema of relations that a query names without one, where the collector searches only pg_catalog."""

from __future__ import annotations

from typing import List, Set

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.extensions import names_of_with, relations
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.tokens import Token, Tokens, tokenize

#: With what the names of PostgreSQL's relations begin, and those of the extensions that are known.
_NOT_OF_USERS = "pg_"
#: Functions without parentheses.
_FUNCTIONS = tuple(
    "current_catalog current_date current_role current_schema current_time current_timestamp current_user localtime"
    " localtimestamp session_user user".split()
)


def naming_public(sql: str) -> str:
    """Return a query that reads users' own relations in public, where it names no schema, as the other tools do."""
    starts = [token.start for token in _of_users(sql)]
    pieces: List[str] = [sql[: starts[0]] if starts else sql]
    for start, end in zip(starts, [*starts[1:], len(sql)]):
        pieces.append("public." + sql[start:end])
    return "".join(pieces)


def in_public(sql: str) -> List[str]:
    """Return the names of users' own relations for which a query names no schema."""
    return list(dict.fromkeys(token.value for token in _of_users(sql)))


def _of_users(sql: str) -> List[Token]:
    tokens = tokenize(sql)
    own = names_of_with(tokens)
    return [tokens[position] for position in relations(tokens) if _is_of_users(tokens, position, own)]


def _is_of_users(tokens: Tokens, position: int, own: Set[str]) -> bool:
    token = tokens[position]
    if not token.is_name or token.value in own or token.value.startswith(_NOT_OF_USERS) or token.is_word(*_FUNCTIONS):
        return False
    following = tokens[position + 1 : position + 2]
    # A schema, a function, or ROWS FROM.
    return not any(each.is_mark(".", "(") or each.is_word("from") for each in following)
