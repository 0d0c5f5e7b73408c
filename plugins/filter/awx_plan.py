# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.awx_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: awx_plan
short_description: Plan the objects of AWX that run the playbooks of this collection
version_added: 0.2.0
description:
  - Returns what the role P(pgfleet.powa.awx#role) makes in AWX. The members of each object are options of its module of
    the collection C(awx.awx).
author:
  - pgfleet (@pgfleet)
options:
  _input:
    description: The variables of the role.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the job templates
  ansible.builtin.debug:
    msg: "{{ ({'powa_awx_project': 'powa'} | pgfleet.powa.awx_plan).job_templates | map(attribute='name') }}"
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    problems:
      description: Why nothing can be made, one sentence each. If there are any, the other members are empty.
      type: list
      elements: str
      sample: ['powa_awx_project is empty: set it to a text']
    credential_types:
      description: The types of credentials.
      type: list
      elements: dict
    inventories:
      description: The inventory.
      type: list
      elements: dict
    inventory_sources:
      description: The folder of the project that it comes from.
      type: list
      elements: dict
    job_templates:
      description: The job templates, with their surveys.
      type: list
      elements: dict
    workflows:
      description: The workflow.
      type: list
      elements: dict
    workflow_nodes:
      description: Its steps.
      type: list
      elements: dict
    workflow_links:
      description: Which step follows which.
      type: list
      elements: dict
    schedules:
      description: The doctor's schedule, if there is one.
      type: list
      elements: dict
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._awx.plan import plan_awx
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.untemplated import untemplated


def plan(raw):
    """Return what the role awx makes."""
    return untemplated(plan_awx(raw))


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"awx_plan": plan}
