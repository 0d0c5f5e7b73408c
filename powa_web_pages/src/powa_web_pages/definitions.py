# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declared datasources, as the collection keeps them on the repository: as JSON in a comment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Tuple

#: The beginning of the comments of the collection's objects.
MARK = "pgfleet.powa datasource "


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
    """

    name: str
    type: str
    counter: bool
    title: str
    unit: str = ""
    description: str = ""


@dataclass(frozen=True)
class Datasource:
    """A declared datasource.

    :param schema: where its tables are
    :param keys: those of its tables, including the database and keys that are no longer declared
    """

    schema: str
    name: str
    title: str
    description: str
    keys: Tuple[Key, ...]
    metrics: Tuple[Metric, ...]

    def table(self, suffix: str) -> str:
        """Return the name of one of its tables."""
        return "powa_" + self.name + suffix


def titled(name: str) -> str:
    """Return a name as a title."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:] or name


def datasource_of(schema: str, comment: str) -> Optional[Datasource]:
    """Return the datasource that a comment describes, or None where it describes none."""
    if not comment.startswith(MARK):
        return None
    try:
        stored = json.loads(comment.split(": ", 1)[1])
        return _parse(schema, stored)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        # Somebody changed the comment by hand; the collection's next run repairs it.
        return None


def _parse(schema: str, stored: Mapping[str, Any]) -> Datasource:
    kept = (stored.get("kept") or {}).get("keys", [])
    keys = [Key("dbid", "oid")] if stored.get("scope") == "database" else []
    keys += [Key(key["name"], key["type"]) for key in [*stored["keys"], *kept]]
    metrics = [
        Metric(
            name=metric["name"],
            type=metric["type"],
            counter=metric.get("kind", "counter") == "counter",
            title=metric.get("title") or titled(metric["name"]),
            unit=metric.get("unit") or "",
            description=metric.get("description") or "",
        )
        for metric in stored["metrics"]
    ]
    return Datasource(
        schema=schema,
        name=stored["name"],
        title=stored.get("title") or titled(stored["name"]),
        description=stored.get("description") or "",
        keys=tuple(keys),
        metrics=tuple(metrics),
    )
