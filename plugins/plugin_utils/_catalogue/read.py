# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue: ready-made datasources in sets, each of which is a file of the folder C(sets)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

import yaml

#: Names what suits every server: PoWA 4 takes it, a plain monitoring role may run it, and it costs little.
DEFAULT = "default"

#: The one written in C is many times as fast, but not everywhere.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: What a file says of a datasource beyond its definition.
_ABOUT = ("use", "needs", "expensive")


class Entry(NamedTuple):
    """A datasource of the catalogue.

    :param definition: as C(powa_datasources) would have it
    :param use: what it is good for
    :param needs: a statement that gives the monitoring role what it needs beyond C(pg_read_all_stats), or an empty text
    :param expensive: why it costs more than others, or an empty text
    """

    definition: Dict[str, Any]
    use: str
    needs: str
    expensive: str

    @property
    def name(self) -> str:
        """The name of the datasource."""
        return str(self.definition["name"])

    @property
    def is_default(self) -> bool:
        """Whether it belongs to the set C(default)."""
        return not self.needs and not self.expensive and self.definition.get("scope") != "database"


class DatasourceSet(NamedTuple):
    """A set of the catalogue."""

    name: str
    title: str
    entries: Tuple[Entry, ...]


@lru_cache(maxsize=None)
def catalogue() -> Mapping[str, DatasourceSet]:
    """Return the sets by name, without the one that is called C(default)."""
    files = sorted((Path(__file__).parent / "sets").glob("*.yml"))
    return {file.stem: _read(file) for file in files}


def _read(file: Path) -> DatasourceSet:
    content = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)
    title = content["title"]
    return DatasourceSet(file.stem, title, tuple(_entry(title, found) for found in content["datasources"]))


def _entry(set_title: str, found: Mapping[str, Any]) -> Entry:
    definition = {field: value for field, value in found.items() if field not in _ABOUT}
    definition["set"] = set_title
    return Entry(definition, found["use"], found.get("needs", ""), found.get("expensive", ""))


def set_names() -> List[str]:
    """Return the names of all sets, C(default) first."""
    return [DEFAULT, *catalogue()]


@lru_cache(maxsize=None)
def definitions_of_sets(names: Tuple[str, ...]) -> Mapping[str, Dict[str, Any]]:
    """Return the definitions of some sets, each once, by their names. Unknown sets have none."""
    return {
        entry.name: entry.definition
        for each in catalogue().values()
        for entry in each.entries
        if each.name in names or (DEFAULT in names and entry.is_default)
    }
