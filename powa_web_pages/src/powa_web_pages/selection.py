# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which graphs of declared datasources a page shows."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

from powa_web_pages.definitions import Datasource
from powa_web_pages.shown import is_number

#: The part of an address that stands for datasources without a set. No hash has such letters.
WITHOUT_SET = "others"
#: How many graphs an overview has at most, and how many a set's page has before it gets tabs.
OVERVIEW_GRAPHS = 24
TAB_GRAPHS = 24
#: How long a part of a tab's title may be.
_TAB_TITLE = 24


@dataclass(frozen=True)
class Selection:
    """Graphs of one datasource.

    :param positions: of their metrics
    """

    datasource: Datasource
    positions: Tuple[int, ...]


@dataclass(frozen=True)
class DatasourceSet:
    """Datasources that are shown together, in the order of their titles.

    :param key: stands for the title in addresses, which may be any text
    """

    key: str
    title: str
    datasources: Tuple[Datasource, ...]


def sets_of(datasources: Iterable[Datasource]) -> List[DatasourceSet]:
    """Return the sets in the order of their titles, and then the datasources that have no set."""
    found: Dict[str, List[Datasource]] = {}
    for datasource in datasources:
        found.setdefault(datasource.set_title, []).append(datasource)
    without = found.pop("", [])
    sets = [_set(_key(title), title, found[title]) for title in sorted(found, key=lambda title: (title.lower(), title))]
    if without:
        sets.append(_set(WITHOUT_SET, "Other datasources" if sets else "Datasources", without))
    return sets


def _key(title: str) -> str:
    return sha256(title.encode()).hexdigest()[:12]


def _set(key: str, title: str, datasources: Sequence[Datasource]) -> DatasourceSet:
    return DatasourceSet(key, title, tuple(sorted(datasources, key=lambda entry: (entry.title.lower(), entry.name))))


def all_graphs(datasource: Datasource) -> Selection:
    """Return all graphs of a datasource: metrics that are no numbers have none."""
    return Selection(
        datasource, tuple(position for position, metric in enumerate(datasource.metrics) if is_number(metric))
    )


def overview_graphs(sets: Iterable[DatasourceSet]) -> List[Selection]:
    """Return the graphs that the overview of a server has: those that are declared to be among the few that matter."""
    found: List[Selection] = []
    room = OVERVIEW_GRAPHS
    for datasource in (datasource for entry in sets for datasource in entry.datasources):
        marked = [position for position in all_graphs(datasource).positions if datasource.metrics[position].overview]
        if marked[:room]:
            found.append(Selection(datasource, tuple(marked[:room])))
            room -= len(marked[:room])
    return found


def tabs_of(selections: Sequence[Selection]) -> List[List[Selection]]:
    """Return the selections, split so that no part has many graphs unless one datasource has them."""
    return list(_tabs(selections))


def _tabs(selections: Sequence[Selection]) -> Iterator[List[Selection]]:
    tab: List[Selection] = []
    for selection in selections:
        if tab and sum(len(entry.positions) for entry in [*tab, selection]) > TAB_GRAPHS:
            yield tab
            tab = []
        tab.append(selection)
    if tab:
        yield tab


def tab_title(tab: Sequence[Selection]) -> str:
    """Return the title of a tab, such as C(Archiving – Checkpoints): what is in it is in the order of titles."""
    first, last = (_short(entry.datasource.title) for entry in (tab[0], tab[-1]))
    return first if len(tab) == 1 else "{0} – {1}".format(first, last)


def _short(title: str) -> str:
    return title if len(title) <= _TAB_TITLE else title[: _TAB_TITLE - 1].rstrip() + "…"
