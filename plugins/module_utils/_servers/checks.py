# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a repository refuses about servers, found out before anything is written."""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, Mapping, Sequence, Set

from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import ServersState, found_at
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.spec import (
    ABSENT,
    Address,
    ServerSpec,
    address_text,
)


def refusals(specs: Sequence[ServerSpec], state: ServersState) -> List[str]:
    """Return every problem of the servers of a task, one sentence each."""
    problems: List[str] = [state.refusal] if state.refusal else []
    entries: Dict[Address, str] = {}
    holders = {server.alias: address for address, server in state.servers.items() if server.alias}
    free_aliases = {
        found_at(spec, state)
        for spec in specs
        if spec.drop_history or (spec.state != ABSENT and "alias" in spec.values)
    }
    listed = {found_at(spec, state) for spec in specs}
    for spec in specs:
        other = entries.setdefault(found_at(spec, state), spec.name)
        found = [
            *_address_problems(spec, other, state),
            *_alias_problems(spec, holders, free_aliases, listed, state),
            *_extension_problems(spec, state),
            *_datasource_problems(spec, state),
        ]
        problems += ['server "{0}", {1}'.format(spec.name, problem) for problem in found]
    return problems


def _address_problems(spec: ServerSpec, other: str, state: ServersState) -> Iterator[str]:
    """Return what is wrong with the address, where C(other) is the first entry of the same registered server."""
    if other != spec.name:
        yield 'hostname and port: the entry "{0}" is the same registered server, {1}: leave one of the two out'.format(
            other, address_text(found_at(spec, state))
        )
    if spec.renamed_from and spec.address in state.servers and spec.renamed_from in state.servers:
        yield (
            "renamed_from: {0} and {1} are both registered, so neither can become the other: remove one of them first"
        ).format(address_text(spec.renamed_from), spec.name)


def _alias_problems(
    spec: ServerSpec,
    holders: Mapping[str, Address],
    free_aliases: Set[Address],
    listed: Set[Address],
    state: ServersState,
) -> Iterator[str]:
    """Return whether another server keeps the alias: one of C(holders), by alias, and not of C(free_aliases).

    :param listed: the registered servers that the task has an entry for
    """
    alias = spec.values.get("alias")
    holder = holders.get(alias) if alias and spec.state != ABSENT else None
    if not holder or holder == found_at(spec, state) or holder in free_aliases:
        return
    if spec.address not in state.servers and not spec.renamed_from and holder not in listed:
        yield (
            'alias: "{0}" is the alias of {1}, which the task does not list: if it is the same server at another'
            " address, give that one as renamed_from; else give one of the two another alias"
        ).format(alias, address_text(holder))
    else:
        yield 'alias: "{0}" is the alias of {1}: give that server another alias in the same task'.format(
            alias, address_text(holder)
        )


def _extension_problems(spec: ServerSpec, state: ServersState) -> Iterator[str]:
    unknown = set(spec.extensions or ()) - state.extensions.known
    if unknown:
        yield "extensions: {0}: choose from those".format(_unknown(unknown, state.extensions.known))


def _datasource_problems(spec: ServerSpec, state: ServersState) -> Iterator[str]:
    named = set(spec.datasources or ())
    refused = {**{name: damaged.problem for name, damaged in state.damaged.items()}, **state.impostors}
    for name in sorted(named & set(refused)):
        yield "datasources: {0}".format(refused[name])
    unknown = named - set(state.definitions) - set(refused)
    if unknown:
        yield "datasources: {0}: declare it on the repository first".format(_unknown(unknown, state.definitions))
    for problem in _parts_of_extensions(spec, state):
        yield "datasources: {0}".format(problem)


def _unknown(names: Iterable[str], known: Iterable[str]) -> str:
    return "found {0}, which this repository does not know (it has {1})".format(
        ", ".join(sorted(names)), ", ".join(sorted(known)) or "none"
    )


def _parts_of_extensions(spec: ServerSpec, state: ServersState) -> List[str]:
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
