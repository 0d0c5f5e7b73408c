# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extensions whose schema a query leaves open, as in C({pgstattuple}.pgstatindex(...)).

Outside quotation marks, braces mean nothing in SQL. The collector's own queries name the schemas of extensions so.
The monitoring role must not run what another user has created in such a schema. So the schema counts as found only if
everything there with a name that the query takes belongs to the extension.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.sql_text import tokens
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import functions as bodies

_NAMED = re.compile(r"\{([A-Za-z0-9_-]+)\}")
#: What is to follow, unless it is an operator.
_OBJECT = re.compile(r"""\.(?:(?P<word>[^\W\d][\w$]*)|"(?P<quoted>(?:[^"]|"")+)")""")
_CAPITALS = re.compile("[A-Z]+")


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


def names_of_extensions(sql: str) -> Dict[str, List[str]]:
    """Return, by extension that a query names, what it takes from there; all in their order.

    An empty name stands for what is no name.
    """
    found: Dict[str, List[str]] = {}
    pieces = split_at_names(sql)
    for extension, following in zip(pieces[1::2], pieces[2::2]):
        names = found.setdefault(extension, [])
        name = _name_at_the_beginning(following)
        if name not in names:
            names.append(name)
    return found


def _name_at_the_beginning(sql: str) -> str:
    found = _OBJECT.match(sql)
    if found is None:
        return ""
    if found.group("quoted"):
        return found.group("quoted").replace('""', '"')
    return _CAPITALS.sub(lambda capitals: capitals.group().lower(), found.group("word"))


def with_schemas(sql: str, schemas: Mapping[str, Optional[str]]) -> str:
    """Return a query with the schemas of the extensions that it names.

    :param schemas: by extension, its schema, quoted
    """
    pieces = split_at_names(sql)
    pieces[1::2] = [schemas[name] or "" for name in pieces[1::2]]
    return "".join(pieces)


def lookup(names: Mapping[str, Sequence[str]]) -> Any:
    """Return the columns of a SELECT, one of each extension: its schema, quoted, or NULL where it is not found.

    :param names: by extension, what a query takes from there
    """
    return joined(
        compose(bodies.SCHEMA_OF_EXTENSION, name=literal(name), objects=literal(list(objects)), alias=identifier(name))
        for name, objects in names.items()
    )
