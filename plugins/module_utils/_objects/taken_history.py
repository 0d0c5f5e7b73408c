# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hand-written history a datasource takes in, and which it has taken in already."""

from __future__ import annotations

import json
from typing import Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.texts import unstorable_texts
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    HISTORY,
    HISTORY_TABLES,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import mark
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Table
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist

#: A schema and a name.
Name = Tuple[str, str]

_TAKEN = ": with the history of "


def comment_of_history(comment: str, taken: Sequence[str]) -> str:
    """Return the comment of the table of history, which says what it has taken in."""
    return comment + _TAKEN + json.dumps(list(taken), ensure_ascii=False) if taken else comment


def taken_histories(datasource: str, catalog: Catalog) -> Tuple[str, ...]:
    """Return the tables whose rows the history of a datasource has taken in, by its comment."""
    found = catalog.get(Table, object_name(datasource, HISTORY))
    prefix = mark(datasource) + _TAKEN
    if found is None or not found.ours or not str(found.object.comment).startswith(prefix):
        return ()
    try:
        taken = json.loads(str(found.object.comment)[len(prefix) :])
    except (ValueError, RecursionError):
        return ()
    # JSON can hold more than PostgreSQL's text, which these become again.
    texts = [text for text in taken if isinstance(text, str)] if isinstance(taken, list) else []
    return tuple(text for text in texts if not any(unstorable_texts(text)))


def qualified_name(text: str, archivist: Archivist) -> Name:
    """Return the schema and the name of a table as a task gives it."""
    schema, dot, name = text.partition(".")
    return (schema, name) if dot else (archivist.schema, text)


def history_to_take(definition: Definition, archivist: Archivist, catalog: Catalog) -> Optional[Name]:
    """Return the table whose rows a datasource has yet to take in, or None.

    A table of the datasource's own name is adopted as it is.
    """
    if not definition.adopt_history:
        return None
    name = qualified_name(definition.adopt_history, archivist)
    own = [(archivist.schema, object_name(definition.name, suffix)) for suffix in HISTORY_TABLES]
    return None if name in own or ".".join(name) in taken_histories(definition.name, catalog) else name
