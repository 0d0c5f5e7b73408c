# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role awx makes, and why it makes nothing."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.awx_plan import plan as filtered
from ansible_collections.pgfleet.powa.plugins.plugin_utils._awx.plan import plan_awx


def planned(**variables: Any) -> Any:
    return plan_awx({"powa_awx_project": "powa", **variables})


def names(objects: List[Dict[str, Any]]) -> List[str]:
    return [each["name"] for each in objects]


def test_the_objects() -> None:
    plan = planned()
    assert plan["problems"] == [] and plan == filtered({"powa_awx_project": "powa"})
    assert names(plan["credential_types"]) == ["PoWA passwords", "PoWA repository"]
    assert plan["inventories"] == [{"name": "PoWA", "organization": "Default"}]
    (source,) = plan["inventory_sources"]
    assert (source["source_path"], source["enabled_var"]) == ("inventory", "powa_server_enabled")
    assert names(plan["job_templates"]) == ["PoWA: check", "PoWA: apply", "PoWA: doctor", "PoWA: report"]
    assert names(plan["workflows"]) == ["PoWA: check, approve, apply, doctor"]
    assert [node["identifier"] for node in plan["workflow_nodes"]] == ["check", "approve", "apply", "doctor"]
    assert [bool(node["approval_node"]) for node in plan["workflow_nodes"]] == [False, True, False, False]
    (schedule,) = plan["schedules"]
    assert schedule["rrule"] == "DTSTART;TZID=Etc/UTC:20260101T060000 RRULE:FREQ=DAILY;INTERVAL=1"


def test_names_are_those_of_the_variables() -> None:
    plan = planned(powa_awx_name="DB", powa_awx_organization="O", powa_awx_inventory="I", powa_awx_project_folder="p")
    assert {template["playbook"] for template in plan["job_templates"]} == {
        "p/site.yml",
        "p/doctor.yml",
        "p/report.yml",
    }
    assert plan["inventory_sources"][0]["source_path"] == "p/inventory"
    assert names(plan["inventory_sources"]) == ["DB inventory"]
    steps = {node["unified_job_template"] for node in plan["workflow_nodes"]} - {""}
    assert steps <= set(names(plan["job_templates"]))
    assert plan["schedules"][0]["unified_job_template"] in names(plan["job_templates"])
    for kind in ("inventory_sources", "job_templates", "workflows"):
        assert {(each["organization"], each["inventory"]) for each in plan[kind]} == {("O", "I")}
    for kind in ("workflow_nodes", "workflow_links"):
        assert {each["workflow_job_template"] for each in plan[kind]} == set(names(plan["workflows"]))


@pytest.mark.parametrize("folder", ["p", "/p/", "p/"])
def test_slashes_around_a_folder_are_none_of_its_name(folder: str) -> None:
    plan = planned(powa_awx_project_folder=folder, powa_awx_inventory_path="inventory/")
    assert plan["job_templates"][0]["playbook"] == "p/site.yml"
    assert plan["inventory_sources"][0]["source_path"] == "p/inventory"


@pytest.mark.parametrize(
    ("rrule", "accepted"),
    [
        ("DTSTART:20260101T060000Z RRULE:FREQ=DAILY;INTERVAL=1", True),
        ("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU DTSTART;TZID=Europe/Berlin:20260101T060000", True),
        ("DTSTART:20260101T060000Z RRULE:INTERVAL=30;FREQ=MINUTELY", True),
        ("DTSTART:20260101T060000Z RRULE:FREQ=DAILY", False),
        ("DTSTART:20260101T060000Z RRULE:FREQ=DAILY;INTERVAL=0", False),
        ("DTSTART:20260101T060000Z RRULE:FREQ=SECONDLY;INTERVAL=30", False),
        ("DTSTART:20260101T060000Z RRULE:INTERVAL=1", False),
        ("DTSTART:20260101T060000 RRULE:FREQ=DAILY;INTERVAL=1", False),
        ("RRULE:FREQ=DAILY;INTERVAL=1", False),
    ],
)
def test_schedules(rrule: str, accepted: bool) -> None:
    plan = planned(powa_awx_doctor_schedule=rrule)
    assert bool(plan["schedules"]) is accepted is (plan["problems"] == [])


def test_as_a_survey_or_another_tool_passes_variables() -> None:
    empty = dict.fromkeys(("powa_awx_name", "powa_awx_inventory_path", "powa_awx_credentials", "powa_awx_playbooks"))
    assert planned(**empty) == planned(powa_awx_credentials="", powa_awx_approval_timeout="3600") == planned()
    plan = planned(powa_awx_inventory_path="none", powa_awx_credentials="ssh,vault", powa_awx_doctor_schedule="none")
    assert plan["inventory_sources"] == [] == plan["schedules"]
    assert plan["job_templates"][0]["credentials"] == ["ssh", "vault"]


def test_further_playbooks() -> None:
    question = {"type": "text", "variable": "a", "question_name": "A?", "required": False}
    further = [
        {"name": "One", "playbook": "one.yaml", "job_type": "check", "survey": [question], "extra_vars": {"b": [1]}},
        {"name": "Two", "playbook": "two.yml", "description": None, "survey": []},
    ]
    one, two = planned(powa_awx_playbooks=further)["job_templates"][-2:]
    assert one["diff_mode"] and one["survey_enabled"] and one["survey_spec"]["spec"] == [question]
    assert one["extra_vars"] == {"b": [1]} and not two["diff_mode"] and two["survey_spec"] == {} == two["extra_vars"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"playbook": "a.yml"}, "None: name is missing: set it to that of the job template"),
        ({"name": "A"}, "A: playbook is None: set it to a file of the project"),
        ({"name": "12", "playbook": "a.yml"}, "name is 12: set it to a text without ++ that is not a number"),
        ({"name": "A++B", "playbook": "a.yml"}, "name is A++B: set it to a text without ++"),
        ({"name": "A", "playbook": "pgfleet.powa.site"}, "AWX runs no playbook of a collection by its name"),
        ({"name": "A", "playbook": "a.yml", "type": "run"}, "found type, expected only name, playbook"),
        ({"name": "A", "playbook": "a.yml", "job_type": "scan"}, "job_type is scan: set it to run or check"),
        ({"name": "A", "playbook": "a.yml", "extra_vars": "a"}, "extra_vars is a: set it to a dictionary"),
        ({"name": "A", "playbook": "a.yml", "description": 1}, "description is 1: set it to a text"),
        ({"name": "A", "playbook": "a.yml", "survey": [{"type": "bool"}]}, "survey: question 1 (None): type is bool"),
        ({"name": "A", "playbook": "a.yml", "survey": {"a": 1}}, "survey: expected a list of questions"),
        ({"name": "PoWA: check", "playbook": "a.yml"}, "PoWA: check: found several entries of this name"),
    ],
)
def test_wrong_playbooks(entry: Dict[str, Any], words: str) -> None:
    plan = planned(powa_awx_playbooks=[entry])
    assert words in plan["problems"][0]
    assert [value for name, value in plan.items() if name != "problems" and value] == []


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"powa_awx_project": ""}, "powa_awx_project is empty: set it to a text"),
        ({"powa_awx_credentials": {"a": 1}}, "powa_awx_credentials is {'a': 1}: set it to a list"),
        ({"powa_awx_playbooks": "a"}, "powa_awx_playbooks is a: set it to a list of dictionaries"),
        ({"powa_awx_approval_timeout": -1}, "powa_awx_approval_timeout is -1: set it to a number of seconds"),
        ({"powa_awx_doctor_schedule": "daily"}, "powa_awx_doctor_schedule is daily: set it to a text such as"),
        ({"powa_awx_name": "a++b"}, "powa_awx_name is a++b: set it to a text without ++"),
        ({"powa_awx_credentials": ["ssh", 7]}, "powa_awx_credentials is 7: set it to a text without ++"),
        ({"powa_awx_repository_credential": "a++b"}, "powa_awx_repository_credential is a++b: set it to a text"),
        ({"powa_awx_name": 7}, "set it to a text without ++ that is not a number"),
    ],
)
def test_wrong_variables(variables: Dict[str, Any], words: str) -> None:
    (problem,) = planned(**variables)["problems"]
    assert words in problem
