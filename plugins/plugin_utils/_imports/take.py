# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Definitions of datasources from the text of another tool's file: what the filters have in common."""

from __future__ import annotations

import copy
import fnmatch
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.definition import Naming, definition_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import (
    CLUSTER,
    DATABASE,
    CannotTakeError,
    Found,
    Metric,
    Problem,
    grouped,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.pgmonitor import read_pgmonitor
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.pgwatch import read_pgwatch
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.postgres_exporter import read_postgres_exporter
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.schemas import in_public
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.sql_exporter import read_sql_exporter
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.untemplated import untemplated

READERS: Dict[str, Callable[[Any], Found]] = {
    "pgwatch": read_pgwatch,
    "postgres_exporter": read_postgres_exporter,
    "pgmonitor": read_pgmonitor,
    "sql_exporter": read_sql_exporter,
}
_CHOICES = {
    "scope": (None, "", CLUSTER, DATABASE),
    "on_problem": ("skip", "fail", "list"),
}
_GUESSED = (
    "its scope {0} is a guess, since the file does not say whether it runs in each database: choose it with names, and"
    " give the scope"
)
_SAME_NAME = (
    'another metric becomes the datasource "{0}", too: choose this one with names, and give it another name with prefix'
)
_OF_USERS = (
    "it reads {0}, and each snapshot of a database without that has an error: name the others in databases of the"
    " definition"
)
#: A variable is evaluated for each host, and a file is long: by what was asked, the answer.
_answers: Dict[Any, Tuple[List[Dict[str, Any]], List[Problem]]] = {}
_ANSWERS_KEPT = 16


def importer(tool: str) -> Callable[..., List[Dict[str, Any]]]:
    """Return the filter for the files of a tool."""

    def take(
        text: Any, names: Any = None, prefix: str = "", scope: Optional[str] = None, on_problem: str = "skip"
    ) -> List[Dict[str, Any]]:
        for option, value in (("scope", scope), ("on_problem", on_problem)):
            if value not in _CHOICES[option]:
                raise AnsibleFilterError(
                    'from_{0}: {1} is "{2}", expected one of {3}'.format(
                        tool, option, value, ", ".join(each for each in _CHOICES[option] if each)
                    )
                )
        taken, problems = read(tool, text, names, prefix, scope)
        if on_problem == "list":
            return [{"name": each.name, "reason": each.reason, "skipped": each.skipped} for each in problems]
        _tell(tool, problems, on_problem)
        return list(untemplated(copy.deepcopy(taken)))

    return take


def read(
    tool: str, text: Any, names: Any = None, prefix: str = "", scope: Optional[str] = None
) -> Tuple[List[Dict[str, Any]], List[Problem]]:
    """Return the definitions that the text of a file becomes, and what is not taken over of it.

    :raises AnsibleFilterError: in one sentence that begins with the filter's name
    """
    try:
        patterns = _patterns(names)
        asked = (tool, repr(text), tuple(patterns), prefix, scope)
        if asked not in _answers:
            if len(_answers) >= _ANSWERS_KEPT:
                _answers.clear()
            _answers[asked] = definitions(READERS[tool](text), Naming(prefix or "", tool), patterns, scope or None)
        return _answers[asked]
    except AnsibleFilterError as error:
        raise AnsibleFilterError("from_{0}: {1}".format(tool, error)) from None


def _tell(tool: str, problems: Sequence[Problem], on_problem: str) -> None:
    told = grouped(problems)
    sentences = ["from_{0}: {1}".format(tool, problem.sentence) for problem in told]
    skipped = [sentence for sentence, problem in zip(sentences, told) if problem.skipped]
    if on_problem == "fail" and skipped:
        raise AnsibleFilterError(
            "{0}: leave it out with names, or use on_problem='skip'".format("; ".join(skipped)),
        )
    for sentence in sentences:
        Display().warning(sentence)


def _patterns(names: Any) -> List[str]:
    if names is None:
        return []
    listed = names.split(",") if isinstance(names, str) else names
    if not isinstance(listed, (list, tuple)):
        raise AnsibleFilterError("names is {0!r}, expected a list of names".format(names))
    return [str(name).strip() for name in listed if str(name).strip()]


def definitions(
    found: Found, naming: Naming, patterns: Sequence[str], scope: Optional[str]
) -> Tuple[List[Dict[str, Any]], List[Problem]]:
    """Return the definitions of the wanted metrics, and what is not taken over of them.

    :param patterns: names of metrics or sets, with wildcards; none of them means all metrics
    :param scope: the scope of those definitions whose metrics may have it, or None for that of the file
    """
    wanted = _wanted(found, patterns)
    problems = [problem for problem in found.problems if wanted(problem.name)]
    taken: Dict[str, Dict[str, Any]] = {}
    whole: List[Metric] = []
    for metric in found.metrics:
        if not wanted(metric.name):
            continue
        try:
            name = naming.name(metric.name)
            if name in taken:
                raise CannotTakeError(_SAME_NAME.format(name))
            metric = _scoped(metric, scope)
            taken[name] = definition_of(metric, name)
        except CannotTakeError as error:
            problems.append(Problem(metric.name, str(error)))
        else:
            whole.append(metric)
            own = dict.fromkeys("public." + each for variant in metric.variants for each in in_public(variant.sql))
            if own and metric.scope == DATABASE and not metric.databases:
                problems.append(Problem(metric.name, _OF_USERS.format(", ".join(own)), skipped=False))
            if metric.guessed and scope is None:
                problems.append(Problem(metric.name, _GUESSED.format(metric.scope), skipped=False))
    # A part of a metric may be skipped, such as its query for some versions.
    skipped = {problem.name for problem in problems if problem.skipped} - {metric.name for metric in whole}
    return list(taken.values()), [each for each in problems if each.skipped or each.name not in skipped]


def _scoped(metric: Metric, scope: Optional[str]) -> Metric:
    if scope is None or (scope == DATABASE and metric.once):
        return metric
    return metric._replace(scope=scope, databases=metric.databases if scope == DATABASE else ())


def _wanted(found: Found, patterns: Sequence[str]) -> Callable[[str], bool]:
    if not patterns:
        return lambda _name: True
    # A note may be about a set or the whole file, and choosing that alone would give nothing.
    known = {metric.name for metric in found.metrics} | {problem.name for problem in found.problems if problem.skipped}
    sets = {name: known.intersection(names) for name, names in found.sets.items()}
    choices = sorted({*known, *(name for name, names in sets.items() if names)})
    chosen = set()
    for pattern in patterns:
        chosen_sets = fnmatch.filter(sets, pattern)
        matching = set(fnmatch.filter(known, pattern)).union(*(sets[name] for name in chosen_sets))
        if not matching:
            raise AnsibleFilterError(
                'names has "{0}", {1} the file does not have: choose from {2}'.format(
                    pattern, "whose metrics" if chosen_sets else "which", ", ".join(choices)
                )
            )
        chosen |= matching.union(chosen_sets)
    return lambda name: name in chosen
