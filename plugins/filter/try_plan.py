# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.try_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: try_plan
short_description: Read the datasources that the role try runs
version_added: 0.2.0
description:
  - Returns what the role P(pgfleet.powa.try#role) runs.
author:
  - pgfleet (@pgfleet)
positional: hosts
options:
  _input:
    description: The variables of the role.
    type: dict
    required: true
  hosts:
    description: The hosts of the play. More than one is a problem, unless O(_input) allows it.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show what is wrong with a file of datasources
  ansible.builtin.debug:
    msg: "{{ ({'powa_try_file': 'orders.yml'} | pgfleet.powa.try_plan).problems }}"
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    problems:
      description: Why nothing can be tried, one sentence each.
      type: list
      elements: str
      sample: ['powa_try_file is empty: set it to a path']
    datasources:
      description: The datasources of the file.
      type: list
      elements: dict
    rows:
      description: How many rows of each to show.
      type: int
    timeout:
      description: Seconds that their queries may take.
      type: int
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.untemplated import untemplated
from ansible_collections.pgfleet.powa.plugins.plugin_utils._try import plan_try


def plan(raw, hosts=()):
    """Return what the role try runs."""
    return untemplated(plan_try(raw, hosts))


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"try_plan": plan}
