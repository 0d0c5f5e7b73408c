# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extensions whose schema a query leaves open, as in C({pgstattuple}.pgstatindex(...)).

Outside quotation marks, braces mean nothing in SQL. The collector's own queries name the schemas of extensions so.
"""

from __future__ import annotations

import re
from typing import List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.sql_text import tokens

_NAMED = re.compile(r"\{([A-Za-z0-9_-]+)\}")


def split_at_names(sql: str) -> List[str]:
    """Return the pieces of a query: SQL, the name of an extension, SQL, and so on."""
    pieces, begin = [], 0
    for start in _braces(sql):
        found = _NAMED.match(sql, start)
        if found is not None:
            pieces += [sql[begin:start], found.group(1)]
            begin = found.end()
    return [*pieces, sql[begin:]]


def _braces(sql: str) -> Sequence[int]:
    """Return the positions of opening braces that nothing quotes."""
    if "{" not in sql:
        return ()
    return [token.start for token in tokens(sql) if token.kind == "other" and sql[token.start] == "{"]


def named_extensions(sql: str) -> Sequence[str]:
    """Return the extensions that a query names, in their order."""
    return list(dict.fromkeys(split_at_names(sql)[1::2]))


def with_schemas(sql: str, schemas: Mapping[str, str]) -> str:
    """Return a query with the schemas of the extensions that it names.

    :param schemas: by extension, its schema, quoted
    """
    pieces = split_at_names(sql)
    pieces[1::2] = [schemas[name] for name in pieces[1::2]]
    return "".join(pieces)
