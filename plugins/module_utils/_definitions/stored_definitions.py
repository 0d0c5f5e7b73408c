# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The definitions of all datasources that a server has any side of, read in one statement."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.impostors import Impostor, names_of, refusal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    ANY_MARK,
    HOLDERS,
    MARK,
    SNAPSHOT,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import (
    Damaged,
    Stored,
    read_comments,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import catalog as texts


class Definitions(NamedTuple):
    """The definitions of all datasources that a server has any side of, each by its datasource's name.

    :param damaged: what is wrong with those that cannot be read
    :param with_history: the datasources that the server keeps history of: a mere remote keeps none
    :param impostors: the objects of strangers that have or could have our names or marks
    """

    stored: Mapping[str, Stored]
    damaged: Mapping[str, Damaged]
    with_history: FrozenSet[str]
    impostors: Sequence[Impostor] = ()

    def of_history(self) -> Dict[str, Definition]:
        """Return the readable definitions of the datasources that the server keeps history of."""
        return {name: stored.definition for name, stored in self.stored.items() if name in self.with_history}

    def refusals(self) -> Dict[str, str]:
        """Return why nothing may be called of each datasource of which strangers have objects, marks included."""
        marked = {name for name in (impostor.marked_as for impostor in self.impostors) if name}
        # A stranger can make very many.
        taken: Dict[str, List[Impostor]] = {}
        for impostor in self.impostors:
            if impostor.takes_name:
                taken.setdefault(impostor.name, []).append(impostor)
        refusals = {}
        for datasource in sorted({*self.stored, *self.damaged, *marked}) if taken else ():
            found = [impostor for name in names_of(datasource) for impostor in taken.get(name, ())]
            if found:
                owners = [impostor.owner for impostor in found]
                refusals[datasource] = refusal(datasource, [impostor.text for impostor in found], owners)
        return refusals


def read_definitions(cursor: Any, archivist: Archivist) -> Definitions:
    """Read the definitions of all datasources of this collection, in one statement."""
    cursor.execute(
        compose(
            texts.DEFINITIONS,
            schema=literal(archivist.schema),
            mark=literal(MARK + "%"),
            any_mark=literal(ANY_MARK + "%"),
        )
    )
    comments: Dict[str, Dict[str, str]] = {}
    impostors = []
    for function, comment, *of_stranger in cursor.fetchall():
        if any(of_stranger):
            impostors.append(Impostor(function, comment, *of_stranger))
            continue
        for suffix in HOLDERS:
            if function.endswith(suffix):
                datasource = function[len(object_name("", "")) : -len(suffix)]
                comments.setdefault(datasource, {})[suffix] = comment
    read = {
        name: read_comments(name, archivist.schema, of_functions, archivist.scope_database)
        for name, of_functions in sorted(comments.items())
    }
    return Definitions(
        {name: entry for name, entry in read.items() if isinstance(entry, Stored)},
        {name: entry for name, entry in read.items() if isinstance(entry, Damaged)},
        frozenset(name for name, of_functions in comments.items() if SNAPSHOT in of_functions),
        impostors,
    )
