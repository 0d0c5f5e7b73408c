# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Registrations of hand-written datasources as a task declares them, parsed and checked without a database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import check_plain_name, printable
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import RegisteredFunction
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import LOCAL_NAME

SNAPSHOT = "snapshot"
UNREGISTER = "unregister"


@dataclass(frozen=True)
class FunctionsSpec:
    """One datasource of a task.

    :param functions: those of all operations, including any that this PoWA does not know; in them, None keeps what is
        registered, and an empty text removes it
    :param external: whether its functions are in an extension's schema; None to decide by what the server has
    :param priority: None keeps what is registered
    :param servers: remote servers as the task names them; None for all
    :param local: whether the local server is meant; None where no servers are named
    :param enabled: None keeps what is registered, and enables new registrations
    :param tables: those in which the functions keep history, each with its schema, or None for that of the functions
    """

    name: str
    absent: bool
    functions: Tuple[RegisteredFunction, ...]
    external: Optional[bool]
    priority: Optional[int]
    servers: Optional[Tuple[str, ...]]
    local: Optional[bool]
    enabled: Optional[bool]
    tables: Tuple[Tuple[Optional[str], str], ...] = ()

    @property
    def sources(self) -> List[str]:
        """The functions whose rows the collector copies."""
        return [function.query_source for function in self.functions if function.query_source]

    @property
    def collected(self) -> bool:
        """Whether the collector copies its rows: it does not for the local server alone."""
        return self.servers is None or bool(self.servers)


def parse_datasources(parameters: Iterable[Mapping[str, Any]]) -> Tuple[List[FunctionsSpec], List[str]]:
    """Parse the C(datasources) option of a task, and return the datasources with every problem."""
    specs: List[FunctionsSpec] = []
    problems: List[str] = []
    names: Dict[str, int] = {}
    sources: Dict[str, str] = {}
    for position, parameter in enumerate(parameters):
        spec = _parse(parameter)
        found = _check(spec, parameter)
        if spec.name and spec.name in names:
            found.append("name: number {0} of the list has the same name: give it once".format(names[spec.name]))
        names.setdefault(spec.name, position + 1)
        for source in [] if spec.absent else spec.sources:
            if source in sources:
                found.append(
                    'functions: "{1}" has the query_source "{0}", too, so the collector would copy each of its rows'
                    " twice: give it once".format(printable(source), printable(sources[source]))
                )
            sources.setdefault(source, spec.name)
        where = printable(spec.name) or "number {0} of the list".format(position + 1)
        problems += ['datasource "{0}", {1}'.format(where, problem) for problem in found]
        if not found:
            specs.append(spec)
    return specs, problems


def _parse(parameter: Mapping[str, Any]) -> FunctionsSpec:
    absent = parameter.get("state") == "absent"
    servers = parameter.get("servers")
    functions = tuple(
        RegisteredFunction(
            function["operation"],
            function["function_name"],
            function.get("query_source"),
            function.get("query_cleanup"),
        )
        for function in parameter.get("functions") or ()
    )
    return FunctionsSpec(
        name=parameter["name"],
        absent=absent,
        # A task that removes the datasource may still list them; they mean nothing there.
        functions=() if absent else functions,
        external=parameter.get("external"),
        priority=parameter.get("priority"),
        servers=None if servers is None else tuple(name for name in servers if name != LOCAL_NAME),
        local=None if servers is None else LOCAL_NAME in servers,
        enabled=parameter.get("enabled"),
        tables=() if absent else tuple(_table(name) for name in parameter.get("tables") or ()),
    )


def _table(name: str) -> Tuple[Optional[str], str]:
    schema, dot, table = name.partition(".")
    return (schema, table) if dot else (None, name)


def _check(spec: FunctionsSpec, parameter: Mapping[str, Any]) -> List[str]:
    problems = []
    if not spec.name.strip() or not spec.name.isprintable():
        problems.append(
            "name: it is empty or contains an unprintable character:"
            " give the name of the extension, or any other name for your own functions"
        )
    servers = parameter.get("servers")
    if servers is not None:
        if not servers:
            problems.append("servers: it is empty: name at least one server, or leave it out for all")
        repeated = sorted({name for name in servers if servers.count(name) > 1})
        if repeated:
            problems.append('servers: found "{0}" more than once: name each server once'.format('", "'.join(repeated)))
    if spec.absent:
        return problems
    for position, table in enumerate(spec.tables):
        if "" in table or any("\0" in (part or "") for part in table):
            problems.append(
                "tables[{0}]: it is empty or contains a zero byte: give a table's name, or its schema, a dot and its"
                " name".format(position)
            )
    if not any(function.operation != UNREGISTER for function in spec.functions):
        problems.append(
            "functions: found none that takes a snapshot or does anything else with history: give at least one"
        )
    seen = set()
    for position, function in enumerate(spec.functions):
        problems += ["functions[{0}].{1}".format(position, problem) for problem in _check_function(function)]
        key = (function.operation, function.name)
        if key in seen:
            problems.append(
                "functions[{0}].function_name: the list has {1} {2} already: give it once".format(
                    position, function.operation, printable(function.name)
                )
            )
        seen.add(key)
    return problems


def _check_function(function: RegisteredFunction) -> List[str]:
    problems = []
    if not function.name.strip() or not function.name.isprintable():
        problems.append("function_name: it is empty or contains an unprintable character: give the name of a function")
    if function.operation != SNAPSHOT:
        return problems + [
            '{0}: found it for the operation "{1}", but only a snapshot has one: leave it out'.format(
                option, function.operation
            )
            for option, value in (("query_source", function.query_source), ("query_cleanup", function.query_cleanup))
            if value is not None
        ]
    # An empty text removes what is registered.
    if function.query_source:
        wrong_name = check_plain_name(function.query_source)
        if wrong_name:
            problems.append("query_source: " + wrong_name)
    if function.query_cleanup:
        if not function.query_cleanup.strip() or "\0" in function.query_cleanup:
            problems.append("query_cleanup: it is empty or contains a zero byte: give SQL, or leave it out")
        if not function.query_source:
            problems.append("query_cleanup: the collector never runs it without a query_source: give both")
    return problems
