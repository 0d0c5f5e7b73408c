# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task does not mention: a registration keeps it, and a new one gets PoWA's default."""

from __future__ import annotations

from dataclasses import replace
from typing import AbstractSet, Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions_spec import FunctionsSpec
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import RegisteredFunction
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row

#: The column default of PoWA 4 and 5.
DEFAULT_PRIORITY = 10

#: Columns that no option is about: the module fills them in where it registers, and leaves them alone afterwards.
_OF_NEW_ROWS = frozenset(["added_manually", "extname"])


#: Columns of a function that all servers should agree in.
_TEXTS = frozenset(["query_source", "query_cleanup"])


def keep_unmentioned(wanted: Sequence[Row], spec: FunctionsSpec, found: Sequence[Row]) -> List[Row]:
    """Return the rows of a registration with only those values that the task mentions, or that a new row needs.

    :param found: the rows that the registry has under the name
    """
    now: Dict[Any, Row] = {}
    for row in found:
        now.setdefault(row.place, row)
    return [
        _of_new(row, spec, found) if row.place not in now else _without(row, _OF_NEW_ROWS | _unmentioned(row, spec))
        for row in wanted
    ]


def unclear_texts(spec: FunctionsSpec, srvids: Sequence[int], found: Sequence[Row]) -> List[str]:
    """Return what the task does not mention, needs for new servers, and others have in several forms.

    :param srvids: the servers of the registration
    """
    problems = []
    for position, function in enumerate(spec.functions):
        given = {"query_source": function.query_source, "query_cleanup": function.query_cleanup}
        there = {row.srvid for row in found if _is_function(row, function.operation, function.name)}
        for column, text in given.items():
            texts = _elsewhere(function.operation, function.name, column, found)
            if text is None and len(texts) > 1 and not there.issuperset(srvids):
                problems.append(
                    "functions[{0}].{1}: the registered servers have different ones ({2}), and the task registers the"
                    " function for others: give the one that all should have".format(
                        position, column, ", ".join(sorted("none" if text is None else text for text in texts))
                    )
                )
    return problems


def declared_function(function: RegisteredFunction, priority: Optional[int], registered: Optional[Row]) -> Row:
    """Return a function as it will be registered, with what the task does not mention filled in.

    :param registered: its row, or None if the registry lacks it
    """
    before: Mapping[str, Any] = registered.values if registered else {"priority": DEFAULT_PRIORITY}
    values = {
        "query_source": _text(function.query_source, before.get("query_source")),
        "query_cleanup": _text(function.query_cleanup, before.get("query_cleanup")),
        "priority": before["priority"] if priority is None else priority,
    }
    return Row("", {"operation": function.operation, "function_name": function.name}, values)


def without_empty(function: RegisteredFunction) -> RegisteredFunction:
    """Return a function as the registry writes it: an empty text in a task means that there is none."""
    return function._replace(query_source=function.query_source or None, query_cleanup=function.query_cleanup or None)


def _text(mentioned: Optional[str], registered: Optional[str]) -> Optional[str]:
    return registered if mentioned is None else mentioned or None


def _unmentioned(row: Row, spec: FunctionsSpec) -> Set[str]:
    if row.function is None:
        return set()
    function = _functions(spec)[row.key["operation"], row.function]
    given = {
        "priority": spec.priority,
        "query_source": function.query_source,
        "query_cleanup": function.query_cleanup,
    }
    return {column for column, value in given.items() if value is None}


def _functions(spec: FunctionsSpec) -> Dict[Tuple[str, str], RegisteredFunction]:
    return {(function.operation, function.name): function for function in spec.functions}


def _of_new(row: Row, spec: FunctionsSpec, found: Sequence[Row]) -> Row:
    """Return a new row. A function that joins others has the priority of these, and is as disabled as they are.

    One that other servers have is called with what is registered there.
    """
    if row.function is None:
        return row
    others = [other for other in found if other.function is not None and other.srvid == row.srvid]
    values = dict(row.values)
    for column in _unmentioned(row, spec) & _TEXTS:
        texts = _elsewhere(row.key["operation"], row.function, column, found)
        if len(texts) == 1:
            values[column] = texts.pop()
    if not others:
        return replace(row, values=values)
    priorities = {other.values.get("priority") for other in others}
    if spec.priority is None and len(priorities) == 1:
        values["priority"] = priorities.pop()
    if spec.enabled is None and all(other.values.get("enabled") is False for other in others):
        values["enabled"] = False
    return replace(row, values=values)


def _elsewhere(operation: str, name: str, column: str, found: Sequence[Row]) -> Set[Optional[str]]:
    """Return what the servers that have a function have in a column."""
    return {row.values.get(column) for row in found if _is_function(row, operation, name)}


def _is_function(row: Row, operation: str, name: str) -> bool:
    return row.srvid is not None and row.function == name and row.key.get("operation") == operation


def _without(row: Row, columns: AbstractSet[str]) -> Row:
    return replace(row, values={column: value for column, value in row.values.items() if column not in columns})
