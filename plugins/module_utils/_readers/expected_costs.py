# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What datasources will cost that a task of module server_info gives, before anybody declares them."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.checks import refusals, refusals_of_strangers
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.column_checks import refusals_of_layout
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.column_types import resolve_types
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.expected_costs import (
    Sampled,
    expected_rows,
    read_expected_costs,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState, read_state
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition, Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.options import check_options
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.layout import layout_of
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import LOCAL, REPOSITORY, Side
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import LOCAL_NAME
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import SERVERS, Visible
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.costs import Held

SUBJECT = "the datasources"
_PART = "expected_costs"
#: No query is described here, since that makes a function, and the session only reads.
_DESCRIBES_NOTHING = Side((REPOSITORY,), None, None)


class Asked(NamedTuple):
    """The datasources that a task asks about.

    :param remote_results: what module datasources returned on remotes
    :param problems: what is wrong with them, found without a server
    """

    definitions: Sequence[Definition]
    removals: Sequence[Removal]
    remote_results: Sequence[Mapping[str, Any]]
    problems: Sequence[str]

    def refuse(self, others: Sequence[str] = ()) -> None:
        """Refuse them if anything is wrong.

        :param others: the problems that were found on the server
        :raises ProblemsError: with all problems
        """
        if self.problems or others:
            raise ProblemsError(SUBJECT, [*self.problems, *others])


def parse_asked(params: Mapping[str, Any]) -> Asked:
    """Return what a task asks about."""
    given = {option: params[option] for option in ("datasources", "remote_results") if params[option] is not None}
    checked, wrong = check_options(given)
    if wrong:
        return Asked((), (), (), wrong)
    definitions, removals, problems = collect_definitions(checked["datasources"])
    return Asked(definitions, removals, checked.get("remote_results", ()), problems)


def read_costs_of(
    cursor: Any, asked: Asked, server_kind: Sequence[str], held: Held, visible: Visible
) -> List[Dict[str, Any]]:
    """Return what each datasource will cost as module server_info returns it, in a fixed number of statements.

    :param server_kind: what the server is
    :param held: what the datasources cost that it has
    :raises ProblemsError: for what module datasources would refuse
    """
    if not visible.sees([_PART], [SERVERS]):
        asked.refuse()
        return []
    visible.note([_PART], visible.gaps.get("datasources[].cost", ()))
    side = Side(tuple(server_kind), None, None)
    names = [entry.name for entry in asked.definitions] + [entry.name for entry in asked.removals]
    state = read_state(cursor, names, asked.definitions, Side((), None, None), visible)
    resolved = resolve_types(
        cursor, asked.definitions, _DESCRIBES_NOTHING, state, asked.remote_results, _describe_nothing
    )
    asked.refuse(
        [
            *_refusals_of_server(side),
            *resolved.problems,
            *refusals(resolved.definitions, asked.removals, side, state),
            *_refusals_of_history(resolved.definitions, state),
        ]
    )
    rows = expected_rows(state.servers, asked.remote_results, _rows_here(asked, side))
    samples = _samples(resolved.definitions, state, held)
    costs = read_expected_costs(cursor, resolved.definitions, side, state, rows, samples, held.stored)
    return [
        {"name": entry.name, "cost": costs[entry.name].as_dict() if entry.name in costs else None}
        for entry in resolved.definitions
    ]


def _describe_nothing(_cursor: Any, _role: Any, _described: Any) -> List[Any]:
    return []


def _refusals_of_server(side: Side) -> List[str]:
    if side.stores:
        return []
    return [
        "datasources: the server is a remote, which keeps no history, so nothing here says what they will cost: run the"
        ' task on the repository, or give server_kind "repository" or "local" if the server is one without servers yet'
    ]


def _refusals_of_history(definitions: Sequence[Definition], state: DatasourcesState) -> List[str]:
    """Return what is wrong with the columns that histories would have, but for what takes statements to find out."""
    return [
        'datasource "{0}", {1}'.format(entry.name, problem)
        for entry in definitions
        if not entry.pause and not entry.undeclared() and not refusals_of_strangers(entry.name, state)
        for problem in refusals_of_layout(entry, layout_of(entry, state.catalog))
    ]


def _rows_here(asked: Asked, side: Side) -> Dict[str, float]:
    """Return the rows that the server itself expects in local mode, as module datasources returned them there."""
    return {
        str(datasource.get("name")): datasource["rows"]
        for answer in asked.remote_results
        for datasource in (answer["datasources"] if answer["server"] == LOCAL_NAME else ())
        if LOCAL in side.server_kind and isinstance(datasource.get("rows"), (int, float))
    }


def _samples(definitions: Sequence[Definition], state: DatasourcesState, held: Held) -> Dict[str, Dict[int, Sampled]]:
    """Return the samples of those datasources that would be taken of the same databases."""
    same = set()
    for entry in definitions:
        stored = state.catalog.stored(entry.name)
        before = stored.definition if stored else None
        if before and (before.scope, before.databases) == (entry.scope, entry.databases):
            same.add(entry.name)
    found: Dict[str, Dict[int, Sampled]] = {}
    for (name, srvid), sample in held.samples.items():
        if name in same:
            found.setdefault(name, {})[srvid] = Sampled(sample.rows, sample.interval)
    return found
