# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""By which variables a run is a slice of a job, and what is said then."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._doctor import doctor_plan
from ansible_collections.pgfleet.powa.plugins.plugin_utils._fleet import build_fleet
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._slice import slice_name
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.inventories import inventory

JOB = {"awx_job_template_name": "Apply", "awx_workflow_job_name": "Apply"}
NAME = 'a slice of the job template "Apply" of AWX (or its job in a workflow of the same name)'


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        (JOB, NAME),
        ({"tower_job_template_name": "Apply", "tower_workflow_job_name": "Apply"}, NAME),
        ({}, ""),
        ({"awx_job_template_name": "Apply"}, ""),
        ({"awx_workflow_job_name": "Apply"}, ""),
        ({**JOB, "awx_workflow_job_name": "Nightly"}, ""),
        ({"awx_job_template_name": "Apply", "tower_workflow_job_name": "Apply"}, ""),
        ({"awx_job_template_name": None, "awx_workflow_job_name": None}, ""),
    ],
)
def test_a_slice_has_the_name_of_its_template(variables, name):
    assert slice_name(variables) == name


def test_the_fleet_says_that_the_run_is_a_slice():
    assert build_fleet(inventory({"db1": {}}, {"pg": JOB}))["slice"] == NAME
    assert build_fleet(inventory({"db1": {}}))["slice"] == ""
    assert build_fleet(inventory(None, {}))["slice"] == ""


def test_the_doctor_names_the_slice_in_place_of_what_its_inventory_lacks():
    fleet = build_fleet(inventory({"db1": {**JOB, "powa_port": "x"}}, {}))
    assert fleet["problems"] == ["db1 has no repository: put a host into group powa_repositories"]
    found = doctor_plan(Run(fleet, {}), "db1")["inventory_problems"]
    assert found == [
        "this run is " + NAME + ", so it sees only a part of the fleet: set the template's job slicing to 1",
        "db1: powa_port is x: set it to a number from 1 to 65535",
    ]
