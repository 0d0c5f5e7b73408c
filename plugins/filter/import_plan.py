# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.import_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: import_plan
short_description: Plan the file of definitions that another tool's file becomes
version_added: 0.2.0
description:
  - Returns what the role P(pgfleet.powa.import#role) writes.
author:
  - pgfleet (@pgfleet)
options:
  _input:
    description: The variables of the role.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show why no file can be written
  ansible.builtin.debug:
    msg: "{{ ({'powa_import_file': 'metrics.yaml'} | pgfleet.powa.import_plan).problems }}"
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    problems:
      description: Why no file can be written, one sentence each.
      type: list
      elements: str
      sample: ['powa_import_tool is empty: set it to pgwatch, postgres_exporter, pgmonitor or sql_exporter']
    dest:
      description: The absolute path of the file.
      type: str
    content:
      description: What it is to have.
      type: str
    datasources:
      description: The names of the datasources in it.
      type: list
      elements: str
    left_out:
      description: What is not taken over of the other file, and why, one sentence each.
      type: list
      elements: str
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.plan import plan_import
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.untemplated import untemplated


def plan(raw):
    """Return what the role import writes."""
    return untemplated(plan_import(raw))


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"import_plan": plan}
