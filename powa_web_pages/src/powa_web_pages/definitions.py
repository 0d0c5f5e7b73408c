# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declared datasources, as the collection keeps them on the repository: as JSON in a comment."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Mapping, Optional, Tuple

#: The beginning of the comments of the collection's objects.
MARK = "pgfleet.powa datasource "
#: What JSON can express, but no statement or page: a zero byte or a lone surrogate.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True)
class Key:
    """A column that tells the rows of one snapshot apart.

    :param type: as PostgreSQL's C(format_type) prints it
    """

    name: str
    type: str


@dataclass(frozen=True)
class Metric:
    """A column that is measured.

    :param type: as PostgreSQL's C(format_type) prints it
    :param counter: whether its values only grow until they are reset
    :param overview: whether it is among the few that the overview of a server shows
    """

    name: str
    type: str
    counter: bool
    title: str
    unit: str = ""
    description: str = ""
    overview: bool = False


@dataclass(frozen=True)
class Datasource:
    """A declared datasource.

    :param schema: where its tables are
    :param keys: those of its tables, including the database and keys that are no longer declared
    :param set_title: the title of the set that it is shown with, or an empty text
    """

    schema: str
    name: str
    title: str
    description: str
    keys: Tuple[Key, ...]
    metrics: Tuple[Metric, ...]
    set_title: str = ""

    def table(self, suffix: str) -> str:
        """Return the name of one of its tables."""
        return "powa_" + self.name + suffix


def titled(name: str) -> str:
    """Return a name as a title."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:] or name


# Each page reads all comments, and they seldom change.
@lru_cache(maxsize=4096)
def datasource_of(schema: str, comment: str) -> Optional[Datasource]:
    """Return the datasource that a comment describes, or None where it describes none."""
    if not comment.startswith(MARK):
        return None
    try:
        stored = json.loads(comment.split(": ", 1)[1])
        return _parse(schema, stored)
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError):
        # Somebody changed the comment by hand; the collection's next run repairs it.
        return None


def _parse(schema: str, stored: Mapping[str, Any]) -> Datasource:
    name = _text(stored["name"])
    kept = (stored.get("kept") or {}).get("keys", [])
    keys = [Key("dbid", "oid")] if stored.get("scope") == "database" else []
    keys += [Key(_text(key["name"]), _text(key["type"])) for key in [*stored["keys"], *kept]]
    return Datasource(
        schema=schema,
        name=name,
        title=_text(stored.get("title")) or titled(name),
        description=_text(stored.get("description")),
        keys=tuple(keys),
        metrics=tuple(map(_metric, stored["metrics"])),
        set_title=_text(stored.get("set")).strip(),
    )


def _metric(stored: Mapping[str, Any]) -> Metric:
    name = _text(stored["name"])
    return Metric(
        name=name,
        type=_text(stored["type"]),
        counter=stored.get("kind", "counter") == "counter",
        title=_text(stored.get("title")) or titled(name),
        unit=_text(stored.get("unit")),
        description=_text(stored.get("description")),
        overview=stored.get("overview") is True,
    )


def _text(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise TypeError(value)
    if value and _UNSTORABLE.search(value):
        raise ValueError(value)
    return value or ""
