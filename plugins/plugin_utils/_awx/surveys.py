# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Surveys of AWX: what an operator is asked before a job, and what AWX would refuse about a survey."""

from __future__ import annotations

import keyword
import re
from typing import Any, Dict, Iterator, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind
from ansible_collections.pgfleet.powa.plugins.plugin_utils._awx.texts import is_text

Question = Dict[str, Any]

_CHOOSING = ("multiplechoice", "multiselect")
_NUMBERS = ("integer", "float")
_TYPES = ("text", "textarea", "password", *_CHOOSING, *_NUMBERS)
_MEMBERS = ("type", "variable", "question_name", "question_description", "required", "choices", "default", "min", "max")
#: AWX has no question for a boolean, and its multiplechoice takes texts only.
_YES_OR_NO = ("true", "false")


def _question(kind: str, variable: str, name: str, **others: Any) -> Question:
    """Return a question without a default: unasked, as in a schedule, it leaves the variable to the inventory."""
    return {"type": kind, "variable": variable, "question_name": name, "required": False, **others}


_IGNORE = _question(
    "multiselect", "powa_doctor_ignore", "Kinds of problems to leave out", choices=[kind.value for kind in Kind]
)
#: For a run of site.yml, and for its check, which is to show what that run would do.
SITE: Sequence[Question] = (
    _question(
        "multiplechoice",
        "powa_restart_postgresql",
        "May PostgreSQL be restarted? Unanswered: only where this run installs it",
        choices=[*_YES_OR_NO],
    ),
    _question("integer", "powa_frequency", "Seconds between two snapshots", min=5, max=86400),
    _question(
        "multiplechoice",
        "powa_servers_exact",
        "Disable servers that the inventory no longer has?",
        choices=[*_YES_OR_NO],
    ),
    _question("text", "powa_servers_exact_max", 'How many servers may that disable, such as 2 or "10%"?'),
)
DOCTOR: Sequence[Question] = (
    _question("multiplechoice", "powa_doctor_fail", "Fail if there are problems?", choices=[*_YES_OR_NO]),
    _IGNORE,
)
REPORT: Sequence[Question] = (
    _question("text", "powa_report_range", "How much time the graphs cover, such as 1 day"),
    _question("text", "powa_report_until", "When that time ends, such as 2026-03-01 12:00+00. Empty for now"),
    _question("text", "powa_report_datasources", "Datasources to show graphs of, with commas between them"),
    _IGNORE,
)


def survey(questions: Sequence[Question]) -> Dict[str, Any]:
    """Return what AWX calls the specification of a survey."""
    return {"name": "", "description": "", "spec": [dict(question) for question in questions]}


def survey_problems(questions: Any) -> List[str]:
    """Return what AWX would refuse about the questions of a survey, a sentence for each question."""
    if not isinstance(questions, list) or not questions:
        return ["expected a list of questions: add one, or leave the survey out"]
    found = []
    variables: List[Any] = []
    for number, question in enumerate(questions, 1):
        if not isinstance(question, dict):
            found.append("question {0}: expected a dictionary".format(number))
            continue
        wrong = [*_of_question(question), *_of_choices(question), *_of_limits(question), *_of_default(question)]
        variable = question.get("variable")
        if variable in variables:
            wrong.append("another question has this variable")
        variables.append(variable)
        if wrong:
            found.append("question {0} ({1}): {2}".format(number, variable, ", and ".join(wrong)))
    return found


def _of_question(question: Mapping[str, Any]) -> Iterator[str]:
    unknown = [str(name) for name in question if name not in _MEMBERS]
    if unknown:
        yield "found {0}, expected only {1}".format(", ".join(unknown), ", ".join(_MEMBERS))
    if question.get("type") not in _TYPES:
        hint = ': ask a multiplechoice of "true" and "false"' if question.get("type") in ("bool", "boolean") else ""
        yield "type is {0}, expected {1}{2}".format(question.get("type"), ", ".join(_TYPES), hint)
    if not is_text(question.get("question_name")):
        yield "question_name is missing, expected a text"
    if not _is_variable(question.get("variable")):
        yield "variable is {0}, expected the name of a variable".format(question.get("variable"))
    if not isinstance(question.get("required"), bool):
        yield "required is {0}, expected true or false".format(question.get("required"))


def _of_choices(question: Mapping[str, Any]) -> Iterator[str]:
    if question.get("type") not in _CHOOSING:
        if question.get("choices") is not None:
            yield "choices are for {0} only".format(" and ".join(_CHOOSING))
    elif not _choices(question):
        yield "choices is {0}, expected a list of texts, in quotes".format(question.get("choices"))


def _choices(question: Mapping[str, Any]) -> List[str]:
    """Return the choices, which may be one text with a line for each, or nothing if they are missing or wrong."""
    choices = question.get("choices")
    if isinstance(choices, str):
        return [line for line in choices.splitlines() if line.strip()]
    return choices if isinstance(choices, list) and all(is_text(choice) for choice in choices) else []


def _of_limits(question: Mapping[str, Any]) -> Iterator[str]:
    limits = {name: question[name] for name in ("min", "max") if question.get(name) is not None}
    for name, value in limits.items():
        # Also for a float.
        if not _is_integer(value):
            yield "{0} is {1}, expected a whole number".format(name, value)
    if len(limits) == 2 and all(map(_is_integer, limits.values())) and limits["min"] > limits["max"]:
        yield "min is {min}, which is more than max, {max}".format(**limits)


def _of_default(question: Mapping[str, Any]) -> Iterator[str]:
    # AWX takes an empty text for no default.
    if question.get("default", "") == "":
        return
    kind, default, choices = question.get("type"), question["default"], _choices(question)
    if default is None:
        yield "default is empty: leave it out"
    elif kind == "password":
        yield "default of a password is there for everybody to read: leave it out"
    elif kind == "integer" and not _is_integer(default):
        yield "default is {0}, expected a whole number".format(default)
    elif kind == "float" and (isinstance(default, bool) or not isinstance(default, (int, float))):
        yield "default is {0}, expected a number".format(default)
    elif kind not in _NUMBERS and not isinstance(default, str):
        hint = " with a line for each choice" if kind == "multiselect" else ", in quotes"
        yield "default is {0}, expected a text{1}".format(default, hint)
    elif kind in _CHOOSING and choices:
        chosen = default.split("\n") if kind == "multiselect" else [default]
        others = [each for each in chosen if each not in choices]
        if others:
            yield "default is {0}, expected any of the choices".format(", ".join(others))


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_variable(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z_]\w*", value) is not None and not keyword.iskeyword(value)
