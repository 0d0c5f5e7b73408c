# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks that get a job template: those of this collection, and further ones that a user lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterator, List, Mapping, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._awx import surveys
from ansible_collections.pgfleet.powa.plugins.plugin_utils._awx.texts import is_ambiguous, is_text

_MEMBERS = ("name", "playbook", "description", "job_type", "survey", "extra_vars")
_JOB_TYPES = ("run", "check")
#: What the names of the own ones end with.
CHECK, APPLY, DOCTOR, REPORT = "check", "apply", "doctor", "report"


@dataclass(frozen=True)
class JobTemplate:
    """A playbook, and how AWX runs it.

    :param playbook: the file, from the top of the project
    :param questions: those of its survey, if it has one
    """

    name: str
    playbook: str
    description: str = ""
    job_type: str = "run"
    questions: Sequence[surveys.Question] = ()
    extra_vars: Mapping[str, Any] = field(default_factory=dict)


def own_templates(name: str, folder: str) -> List[JobTemplate]:
    """Return those of the playbooks of this collection.

    :param name: what their names begin with
    :param folder: that of the playbooks in the project, without slashes around it, or an empty text for its top
    """
    rows = (
        (CHECK, "site", "check", surveys.SITE, "Shows what apply would change, and changes nothing"),
        (APPLY, "site", "run", surveys.SITE, "Installs and configures PoWA as the inventory says"),
        (DOCTOR, "doctor", "run", surveys.DOCTOR, "Lists what is wrong with the fleet, and changes nothing"),
        (REPORT, "report", "run", surveys.REPORT, "Writes one HTML file on the fleet"),
    )
    return [
        JobTemplate(
            name="{0}: {1}".format(name, word),
            playbook="{0}/{1}.yml".format(folder, playbook) if folder else playbook + ".yml",
            description=description,
            job_type=job_type,
            questions=questions,
        )
        for word, playbook, job_type, questions, description in rows
    ]


def parse(entries: Sequence[Mapping[str, Any]], own: Sequence[JobTemplate]) -> Tuple[List[JobTemplate], List[str]]:
    """Return all job templates, and what is wrong with the further ones, a sentence each.

    :param own: those of this collection, which come first
    """
    templates = [*own]
    problems: List[str] = []
    for entry in entries:
        wrong = list(_problems(entry))
        problems += ["powa_awx_playbooks: {0}: {1}".format(entry.get("name"), problem) for problem in wrong]
        if not wrong:
            templates.append(_template(entry))
    names = [template.name for template in templates]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append("powa_awx_playbooks: {0}: found several entries of this name: give each its own".format(name))
    return templates, problems


def _template(entry: Mapping[str, Any]) -> JobTemplate:
    return JobTemplate(
        name=entry["name"],
        playbook=entry["playbook"],
        description=entry.get("description") or "",
        job_type=entry.get("job_type") or "run",
        questions=entry.get("survey") or (),
        extra_vars=entry.get("extra_vars") or {},
    )


def _problems(entry: Mapping[str, Any]) -> Iterator[str]:
    unknown = [str(name) for name in entry if name not in _MEMBERS]
    if unknown:
        yield "found {0}, expected only {1}: correct or remove it".format(", ".join(unknown), ", ".join(_MEMBERS))
    if not is_text(entry.get("name")):
        yield "name is missing: set it to that of the job template"
    elif is_ambiguous(entry["name"]):
        yield "name is {0}: set it to a text without ++ that is not a number".format(entry["name"])
    if not is_text(entry.get("playbook")) or not str(entry["playbook"]).endswith((".yml", ".yaml")):
        yield (
            "playbook is {0}: set it to a file of the project, such as upgrade.yml, since AWX runs no playbook of a"
            " collection by its name".format(entry.get("playbook"))
        )
    if not isinstance(entry.get("description") or "", str):
        yield "description is {0}: set it to a text, in quotes".format(entry["description"])
    if (entry.get("job_type") or "run") not in _JOB_TYPES:
        yield "job_type is {0}: set it to {1}".format(entry["job_type"], " or ".join(_JOB_TYPES))
    if not isinstance(entry.get("extra_vars") or {}, dict):
        yield "extra_vars is {0}: set it to a dictionary".format(entry["extra_vars"])
    if entry.get("survey"):
        for problem in surveys.survey_problems(entry["survey"]):
            yield "survey: {0}".format(problem)
