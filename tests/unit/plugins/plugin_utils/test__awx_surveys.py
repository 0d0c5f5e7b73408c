# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX accepts and refuses as a question of a survey, and the surveys of this collection."""

from __future__ import annotations

import re
from typing import Any, Dict

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._awx import surveys
from ansible_collections.pgfleet.powa.plugins.plugin_utils._awx.surveys import survey_problems
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import options_of, read_variables

OWN = {"site": surveys.SITE, "doctor": surveys.DOCTOR, "report": surveys.REPORT}
BOOLEAN = ["false", "true"]


def asked(kind: str, **others: Any) -> Dict[str, Any]:
    return {"type": kind, "variable": "a_1", "question_name": "A?", "required": False, **others}


@pytest.mark.parametrize(
    "question",
    [
        asked("text"),
        asked("text", required=True, default="1 day"),
        asked("textarea", default="- a\n- b"),
        asked("password"),
        asked("password", min=8, max=64),
        asked("multiplechoice", choices=BOOLEAN),
        asked("multiplechoice", choices=BOOLEAN, default="true"),
        asked("multiselect", choices=["a", "b"]),
        asked("multiselect", choices=["a", "b", "c"], default="a\nc"),
        asked("integer"),
        asked("integer", min=5, max=86400, default=300),
        asked("integer", min=-1),
        asked("float", min=0, max=1, default=0.5),
        asked("float", default=1),
        asked("text", question_description="More of it"),
        asked("text", default=""),
        asked("integer", default=""),
        asked("password", default=""),
        asked("multiplechoice", choices="a\n\nb\n", default="b"),
        asked("multiselect", choices="a\nb", default="a\nb"),
    ],
)
def test_accepted(question: Dict[str, Any]) -> None:
    assert survey_problems([question]) == []


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (asked("boolean"), 'type is boolean, expected text, .*: ask a multiplechoice of "true" and "false"'),
        (asked("json"), "type is json, expected text, textarea, password, multiplechoice"),
        (asked("text", required="false"), "required is false, expected true or false"),
        (asked("text", required=None), "required is None"),
        (asked("text", variable="a-b"), "variable is a-b, expected the name"),
        (asked("text", variable=""), "variable is , expected the name"),
        (asked("text", variable="class"), "variable is class, expected the name"),
        (asked("text", question_name=""), "question_name is missing"),
        (asked("integer", default=None), "default is empty: leave it out"),
        (asked("text", default=5), "default is 5, expected a text, in quotes"),
        (asked("text", choices=["a"]), "choices are for multiplechoice and multiselect only"),
        (asked("text", help="b"), "found help, expected only type, variable"),
        (asked("multiplechoice"), "choices is None, expected a list of texts"),
        (asked("multiplechoice", choices=[True, False]), "choices is .*True, False.*, expected a list of texts"),
        (asked("multiplechoice", choices="\n"), "choices is \n, expected a list of texts"),
        (asked("multiplechoice", choices="a\nb", default="c"), "default is c, expected any of the choices"),
        (asked("password", default="p4ss"), "default of a password is there for everybody to read: leave it out"),
        (asked("multiplechoice", choices=[]), "choices is .*, expected a list of texts"),
        (asked("multiplechoice", choices=BOOLEAN, default=True), "default is True, expected a text"),
        (asked("multiplechoice", choices=BOOLEAN, default="yes"), "default is yes, expected any of the choices"),
        (asked("multiselect", choices=["a"], default=["a"]), "default is .*, expected a text with a line for each"),
        (asked("multiselect", choices=["a"], default="a\nb"), "default is b, expected any of the choices"),
        (asked("integer", default="300"), "default is 300, expected a whole number"),
        (asked("integer", default=True), "default is True, expected a whole number"),
        (asked("integer", min="5"), "min is 5, expected a whole number"),
        (asked("integer", min=9, max=5), "min is 9, which is more than max, 5"),
        (asked("float", max=1.5), "max is 1.5, expected a whole number"),
        (asked("float", default="0.5"), "default is 0.5, expected a number"),
    ],
)
def test_refused(question: Dict[str, Any], words: str) -> None:
    (problem,) = survey_problems([question])
    assert problem.startswith("question 1 (") and re.search(words, problem)


def test_a_survey_as_a_whole() -> None:
    expected = ["expected a list of questions: add one, or leave the survey out"]
    for questions in ([], {}, None, "text"):
        assert survey_problems(questions) == expected
    assert survey_problems([asked("text"), "text", asked("integer")]) == [
        "question 2: expected a dictionary",
        "question 3 (a_1): another question has this variable",
    ]
    wrong = [asked("text", required=1, default=None), asked("text", variable="b", min=1.5)]
    assert len(survey_problems(wrong)) == 2 and ", and default is empty" in survey_problems(wrong)[0]


@pytest.mark.parametrize("name", OWN)
def test_our_surveys(name: str) -> None:
    questions = list(OWN[name])
    assert survey_problems(questions) == []
    assert surveys.survey(questions) == {"name": "", "description": "", "spec": questions}
    for question in questions:
        # Asked or not, nothing but an answer takes the place of what the inventory says.
        assert question["required"] is False and "default" not in question
        option = options_of()[question["variable"]]
        kinds = {"bool": "multiplechoice", "int": "integer", "str": "text"}
        expected = kinds.get(option.type, "multiselect" if option.choices else "text")
        assert question["type"] == expected, question["variable"]
        for choice in question.get("choices", ()):
            raw = {question["variable"]: choice}
            assert read_variables(raw, ("archivist", "repository", "doctor")).problems == {}
