# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects that the role awx makes in AWX, each with the options of its module of awx.awx."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, TypedDict

from ansible_collections.pgfleet.powa.plugins.plugin_utils._awx import surveys
from ansible_collections.pgfleet.powa.plugins.plugin_utils._awx.credential_types import credential_types
from ansible_collections.pgfleet.powa.plugins.plugin_utils._awx.playbooks import (
    APPLY,
    CHECK,
    DOCTOR,
    JobTemplate,
    own_templates,
    parse,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._awx.texts import is_ambiguous
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import read_role

Options = Dict[str, Any]

_START = re.compile(r"DTSTART(;TZID=[\w/+-]+:\d{8}T\d{6}|:\d{8}T\d{6}Z)")
_RULE = re.compile(r"RRULE:([A-Z]+=[^;\s]+(;[A-Z]+=[^;\s]+)*)")
#: AWX schedules nothing every few seconds.
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
#: What makes no source, and no schedule.
_NONE = "none"
#: The step of the workflow that is no job: somebody reads the diff of the check, and approves.
APPROVE = "approve"


class AwxPlan(TypedDict):
    """What the role makes, in the order of these members.

    :param problems: why it makes nothing, a sentence each
    """

    problems: List[str]
    credential_types: List[Options]
    inventories: List[Options]
    inventory_sources: List[Options]
    job_templates: List[Options]
    workflows: List[Options]
    workflow_nodes: List[Options]
    workflow_links: List[Options]
    schedules: List[Options]


def plan_awx(raw: Mapping[str, Any]) -> AwxPlan:
    """Return what the role makes.

    :param raw: the variables of the role
    """
    variables, wrong = read_role("awx", raw)
    plan = AwxPlan(
        problems=list(wrong.values()),
        credential_types=[],
        inventories=[],
        inventory_sources=[],
        job_templates=[],
        workflows=[],
        workflow_nodes=[],
        workflow_links=[],
        schedules=[],
    )
    if not wrong:
        own = own_templates(variables["powa_awx_name"], variables["powa_awx_project_folder"].strip("/"))
        templates, problems = parse(variables["powa_awx_playbooks"], own)
        plan["problems"] = [*_of_names(variables), *_of_timeout(variables), *_of_schedule(variables), *problems]
    if plan["problems"]:
        return plan
    name, shared = variables["powa_awx_name"], _shared(variables)
    plan["credential_types"] = credential_types(name)
    plan["inventories"] = [{"name": shared["inventory"], "organization": shared["organization"]}]
    if variables["powa_awx_inventory_path"] != _NONE:
        plan["inventory_sources"] = [_source(variables, shared)]
    plan["job_templates"] = [_job_template(template, shared) for template in templates]
    workflow = _workflow(name, shared)
    plan["workflows"] = [workflow]
    plan["workflow_nodes"] = _nodes(name, variables["powa_awx_approval_timeout"], workflow)
    plan["workflow_links"] = _links(workflow)
    if variables["powa_awx_doctor_schedule"] != _NONE:
        plan["schedules"] = [_schedule(name, variables["powa_awx_doctor_schedule"], shared)]
    return plan


def _shared(variables: Mapping[str, Any]) -> Options:
    """Return what all objects have."""
    return {
        "organization": variables["powa_awx_organization"],
        "project": variables["powa_awx_project"],
        "inventory": variables["powa_awx_inventory"],
        "execution_environment": variables["powa_awx_execution_environment"],
        "credentials": variables["powa_awx_credentials"],
    }


def _source(variables: Mapping[str, Any], shared: Options) -> Options:
    """Return the one source. AWX imports each on its own, so of two the later takes away what the earlier has set."""
    folder, path = (variables[name].strip("/") for name in ("powa_awx_project_folder", "powa_awx_inventory_path"))
    return {
        "name": "{0} {1}".format(variables["powa_awx_name"], path),
        "organization": shared["organization"],
        "inventory": shared["inventory"],
        "source_project": shared["project"],
        "source_path": "{0}/{1}".format(folder, path) if folder else path,
        "credential": variables["powa_awx_repository_credential"],
        # A server that its repository has disabled is disabled in AWX, too. A host without the variable is enabled.
        "enabled_var": "powa_server_enabled",
        "execution_environment": shared["execution_environment"],
    }


def _job_template(template: JobTemplate, shared: Options) -> Options:
    return {
        **shared,
        "name": template.name,
        "description": template.description,
        "playbook": template.playbook,
        "job_type": template.job_type,
        "diff_mode": template.job_type == "check",
        "extra_vars": template.extra_vars,
        "survey_enabled": bool(template.questions),
        # AWX refuses a survey without questions.
        "survey_spec": surveys.survey(template.questions) if template.questions else {},
    }


def _workflow(name: str, shared: Options) -> Options:
    return {
        "name": "{0}: {1}".format(name, ", ".join((CHECK, APPROVE, APPLY, DOCTOR))),
        "organization": shared["organization"],
        "inventory": shared["inventory"],
        # The check and the run get the same answers from it.
        "survey_spec": surveys.survey(surveys.SITE),
    }


def _nodes(name: str, timeout: int, workflow: Options) -> List[Options]:
    """Return the steps of the workflow. An approval is an object of its own, which the module makes with its node."""
    approval = {"name": _named(name, APPROVE), "description": "Read the diff of the check", "timeout": timeout}
    return [
        {
            **_of(workflow),
            "identifier": word,
            "unified_job_template": "" if word == APPROVE else _named(name, word),
            "approval_node": approval if word == APPROVE else {},
        }
        for word in (CHECK, APPROVE, APPLY, DOCTOR)
    ]


def _links(workflow: Options) -> List[Options]:
    """Return which step follows which. The module cannot link an approval while it makes it."""
    return [
        {**_of(workflow), "identifier": CHECK, "success_nodes": [APPROVE], "always_nodes": []},
        {**_of(workflow), "identifier": APPROVE, "success_nodes": [APPLY], "always_nodes": []},
        {**_of(workflow), "identifier": APPLY, "success_nodes": [], "always_nodes": [DOCTOR]},
    ]


def _of(workflow: Options) -> Options:
    return {"workflow_job_template": workflow["name"], "organization": workflow["organization"]}


def _named(name: str, word: str) -> str:
    return "{0}: {1}".format(name, word)


def _schedule(name: str, rrule: str, shared: Options) -> Options:
    return {
        "name": _named(name, DOCTOR),
        "organization": shared["organization"],
        "unified_job_template": _named(name, DOCTOR),
        "rrule": rrule,
        # Such that AWX tells of problems as it tells of a job that failed. As a text, since a survey asks for it.
        "extra_data": {"powa_doctor_fail": "true"},
    }


def _of_names(variables: Mapping[str, Any]) -> List[str]:
    """Return which names the modules of awx.awx would take for an address or a number."""
    names = [
        "powa_awx_name",
        "powa_awx_organization",
        "powa_awx_project",
        "powa_awx_inventory",
        "powa_awx_execution_environment",
        "powa_awx_repository_credential",
    ]
    given = [(name, variables[name]) for name in names]
    given += [("powa_awx_credentials", credential) for credential in variables["powa_awx_credentials"]]
    return [
        "{0} is {1}: set it to a text without ++ that is not a number".format(name, value)
        for name, value in given
        if is_ambiguous(str(value))
    ]


def _of_schedule(variables: Mapping[str, Any]) -> List[str]:
    rrule = variables["powa_awx_doctor_schedule"]
    if rrule == _NONE or _is_rrule(rrule):
        return []
    return [
        "powa_awx_doctor_schedule is {0}: set it to a text such as"
        ' "DTSTART;TZID=Europe/Berlin:20261127T060000 RRULE:FREQ=DAILY;INTERVAL=1", or to none'.format(rrule)
    ]


def _is_rrule(text: str) -> bool:
    """Return whether AWX would take a text for a schedule. It wants an interval, and no order."""
    parts = sorted(text.split())
    rule = _RULE.fullmatch(parts[-1]) if len(parts) == 2 and _START.fullmatch(parts[0]) else None
    members = dict(part.split("=", maxsplit=1) for part in rule[1].split(";")) if rule else {}
    return members.get("FREQ") in _FREQUENCIES and re.fullmatch("[1-9][0-9]*", members.get("INTERVAL", "")) is not None


def _of_timeout(variables: Mapping[str, Any]) -> List[str]:
    timeout = variables["powa_awx_approval_timeout"]
    if timeout >= 0:
        return []
    return ["powa_awx_approval_timeout is {0}: set it to a number of seconds, or to 0 for no limit".format(timeout)]
