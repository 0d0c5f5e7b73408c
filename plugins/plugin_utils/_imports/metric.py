# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all formats have in common: a metric of another tool, before it becomes a definition."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible.errors import AnsibleFilterError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.values import UNKNOWN

KEY, COUNTER, GAUGE = "key", "counter", "gauge"
PRIMARY, STANDBY = "primary", "standby"
CLUSTER, DATABASE = "cluster", "database"


class Column(NamedTuple):
    """A column of a query that becomes a key or a metric.

    :param source: its name in the query, or None if C(expression) is a constant
    :param expression: SQL of its value, with C({0}) for the column
    :param name: its name in the definition
    :param unit: its unit, an empty text if it is known to have none, or None if only the name can tell
    :param value: what is known of the expression's values
    """

    source: Optional[str]
    name: str
    kind: str
    description: str = ""
    unit: Optional[str] = None
    expression: str = "{0}"
    value: str = UNKNOWN


class Variant(NamedTuple):
    """The query for servers from C(min_version) on, up to but without C(max_version) (None for all later ones).

    :param exact: whether the query is known to return these columns and no others
    :param aliases: names for all columns of the query, where its own are not unique
    :param grouped: whether the metrics are aggregates of the rows with the same keys
    :param role: C(PRIMARY) or C(STANDBY) if, in these versions, it is for those only
    """

    sql: str
    columns: Tuple[Column, ...]
    min_version: int = 0
    max_version: Optional[int] = None
    exact: bool = False
    aliases: Tuple[str, ...] = ()
    grouped: bool = False
    role: Optional[str] = None


class Metric(NamedTuple):
    """One query of another tool, in all its versions.

    :param name: its name there
    :param role: C(PRIMARY) or C(STANDBY) if it is for those only
    :param databases: the databases that it is for, or an empty list for all
    :param once: whether the file says that it runs once on each server, and not in each database
    :param guessed: whether the scope is a guess, since the file says nothing
    """

    name: str
    variants: Tuple[Variant, ...]
    description: str = ""
    scope: str = CLUSTER
    role: Optional[str] = None
    databases: Tuple[str, ...] = ()
    once: bool = False
    guessed: bool = False


class Problem(NamedTuple):
    """What is not taken over.

    :param name: of the metric, or of the set whose own fields it is about
    :param skipped: whether it is the whole metric
    """

    name: str
    reason: str
    skipped: bool = True

    @property
    def sentence(self) -> str:
        """Return it as Ansible says it."""
        return "{0}: {1}: {2}".format(self.name, "skipped" if self.skipped else "taken over in part", self.reason)


class Found(NamedTuple):
    """What a file holds.

    :param sets: by the name of a set, the names of its metrics, also of those that are skipped
    """

    metrics: Sequence[Metric]
    problems: Sequence[Problem]
    sets: Mapping[str, Sequence[str]] = {}


class CannotTakeError(Exception):
    """A metric cannot be taken over; the message is the reason."""


def grouped(problems: Sequence[Problem]) -> List[Problem]:
    """Return what there is to tell of a file: one note for all metrics of which the same is left out."""
    names: Dict[str, List[str]] = {}
    for problem in problems:
        if not problem.skipped:
            names.setdefault(problem.reason, []).append(problem.name)
    # Each reason stands where its first metric stood.
    told = [
        each if each.skipped else each._replace(name=", ".join(dict.fromkeys(names[each.reason]))) for each in problems
    ]
    return list(dict.fromkeys(told))


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """Return a value that has to be a mapping.

    :raises CannotTakeError: if it is none
    """
    if not isinstance(value, dict):
        raise CannotTakeError("{0} is {1}, expected a mapping".format(what, kind_of(value)))
    return {str(key): item for key, item in value.items()}


def texts(value: Any) -> List[str]:
    """Return a list of texts, or a single one, as a list."""
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)]


def text_of(value: Any) -> str:
    """Return a value of YAML as PostgreSQL and the other tools have it as a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_true(value: Any) -> bool:
    """Return whether a value of YAML means yes."""
    return str(value).lower() in ("true", "yes", "on")


def kind_of(value: Any) -> str:
    """Return what a value of YAML is, in words."""
    names = {dict: "a mapping", list: "a list", str: "a text", type(None): "empty", bool: "a boolean"}
    return names.get(type(value), "a number")


def wrong_format(expected: str, found: str) -> AnsibleFilterError:
    """Return the error for a text of another format."""
    return AnsibleFilterError("found {0}, expected {1}: give the text of such a file".format(found, expected))
