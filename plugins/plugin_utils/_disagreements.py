# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Columns of which the remotes of a repository say that they have different types.

Such a datasource fits no one table of the repository. Each remote has described the query in a check before any change,
so that is known before anything is written.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._access import definitions_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

#: Repository, datasource and column.
_Column = Tuple[str, str, str]
_DISAGREES = 'datasource "{0}": column "{1}" is {2}: declare its type, and cast to it in the query'


class Disagreement(NamedTuple):
    """A column of which the remotes of a repository have described different types.

    :param hosts: these remotes
    :param sentence: says what each of them has found
    """

    repository: str
    datasource: str
    hosts: Tuple[str, ...]
    sentence: str


def disagreements(run: Run, checks: Sequence[str]) -> List[Disagreement]:
    """Return the columns of which remotes have described different types.

    :param checks: the names of what the checking tasks have registered
    """
    types: Dict[_Column, Dict[str, List[str]]] = {}
    for host, remote in run.fleet["remotes"].items():
        if host not in run.fleet["run"] or host in run.lost:
            continue
        for name, column, type_name in _described(run, host, checks):
            by_type = types.setdefault((remote["repository"], name, column), {})
            by_type.setdefault(type_name, []).append(host)
    return [
        Disagreement(
            repository,
            name,
            tuple(host for hosts in by_type.values() for host in hosts),
            _DISAGREES.format(name, column, ", but ".join(_on(by_type))),
        )
        for (repository, name, column), by_type in types.items()
        if len(by_type) > 1
    ]


def _described(run: Run, host: str, checks: Sequence[str]) -> Iterator[Tuple[str, str, str]]:
    """Return datasource, column and type of what a host has described, but for the types that are declared."""
    found = [datasource for check in checks for datasource in run.result(host, check).get("datasources") or ()]
    definitions = definitions_of(run.variables(host)) if found else []
    declared = {definition.get("name"): _with_type(definition) for definition in definitions}
    for datasource in found:
        for column in _columns(datasource, "key_columns", "metric_columns"):
            if column.get("type") and column["name"] not in declared.get(datasource["name"], ()):
                yield datasource["name"], column["name"], column["type"]


def _with_type(definition: Mapping[str, Any]) -> Set[str]:
    return {column["name"] for column in _columns(definition, "keys", "metrics") if column.get("type")}


def _columns(datasource: Mapping[str, Any], *fields: str) -> List[Mapping[str, Any]]:
    return [column for field in fields for column in datasource.get(field) or () if isinstance(column, dict)]


def _on(by_type: Mapping[str, List[str]]) -> List[str]:
    return ["{0} on {1}".format(type_name, ", ".join(hosts)) for type_name, hosts in sorted(by_type.items())]
