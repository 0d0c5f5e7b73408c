# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a repository refuses about servers, found out before anything is written."""

from __future__ import annotations

from typing import Dict, List, Sequence, Set

from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import State, found_at
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.spec import (
    ABSENT,
    Address,
    ServerSpec,
    address_text,
)


def refusals(specs: Sequence[ServerSpec], state: State) -> List[str]:
    problems: List[str] = []
    aliases = {server.alias: address for address, server in state.servers.items() if server.alias}
    changing = {
        found_at(spec, state)
        for spec in specs
        if spec.drop_history or (spec.state != ABSENT and "alias" in spec.values)
    }
    entries: Dict[Address, str] = {}
    for spec in specs:
        where = 'server "{0}", '.format(spec.name)
        other = entries.setdefault(found_at(spec, state), spec.name)
        if other != spec.name:
            problems.append(
                '{0}hostname and port: the entry "{1}" is the same registered server, {2}:'
                " leave one of the two out".format(where, other, address_text(found_at(spec, state)))
            )
        if spec.renamed_from and spec.address in state.servers and spec.renamed_from in state.servers:
            problems.append(
                "{0}renamed_from: {1} and {2} are both registered, so neither can become the other:"
                " remove one of them first".format(where, address_text(spec.renamed_from), spec.name)
            )
        holder = aliases.get(spec.values.get("alias"))
        if spec.state != ABSENT and holder and holder != found_at(spec, state) and holder not in changing:
            problems.append(
                '{0}alias: "{1}" is the alias of {2}: give that server another alias in the same task'.format(
                    where, spec.values["alias"], address_text(holder)
                )
            )
        for option, names, known in (
            ("extensions", spec.extensions, state.extensions.known),
            ("datasources", spec.datasources, state.definitions.keys()),
        ):
            problems += [
                "{0}{1}: {2}".format(where, option, state.damaged[name].problem)
                for name in sorted(set(names or ()) & set(state.damaged) if option == "datasources" else ())
            ]
            unknown = sorted(set(names or ()) - known - set(state.damaged))
            if unknown:
                problems.append(
                    "{0}{1}: found {2}, which this repository does not know (it has {3}): {4}".format(
                        where,
                        option,
                        ", ".join(unknown),
                        ", ".join(sorted(known)) or "none",
                        "declare it on the repository first" if option == "datasources" else "choose from those",
                    )
                )
        problems += ["{0}datasources: {1}".format(where, problem) for problem in _parts_of_extensions(spec, state)]
    return problems


def _parts_of_extensions(spec: ServerSpec, state: State) -> List[str]:
    """Return the extensions that the task would split: PoWA 5 has one row for all datasources of an extension."""
    problems = []
    named = set(spec.datasources or ())
    together: Dict[str, Set[str]] = {}
    for name, definition in state.definitions.items():
        if definition.extension is not None and state.archivist.shares_extensions:
            together.setdefault(definition.extension, set()).add(name)
    for extension, names in sorted(together.items()):
        if named & names and names - named:
            problems.append(
                'found {0} without {1} of the same extension "{2}", which PoWA 5 activates only as a whole:'
                " name all of them or none".format(
                    ", ".join(sorted(named & names)), ", ".join(sorted(names - named)), extension
                )
            )
    return problems
