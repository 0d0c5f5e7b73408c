# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.html."""

from __future__ import annotations

DOCUMENTATION = r"""
name: html
short_description: Render an HTML page from a template and escape every value
version_added: 0.2.0
description:
  - Renders a Jinja2 template whose variables are the members of the input. Unlike in Ansible's own templates, every
    value is escaped, so names from databases stay plain text.
  - The playbook C(pgfleet.powa.report) uses it.
  - Besides Jinja2's own filters it offers C(graph) (lines of M(pgfleet.powa.history_info) as SVG paths), C(ticks)
    (the round times between two of its times), C(arranged) (what P(pgfleet.powa.report_repositories#filter) returns,
    by sets), C(number) (short, with its unit), C(size) (bytes) and C(duration) (seconds).
author:
  - pgfleet (@pgfleet)
positional: template
options:
  _input:
    description: The variables of the template.
    type: dict
    required: true
  template:
    description: Path of the template on the controller. It can include other templates from its directory.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Write a page of problems
  ansible.builtin.copy:
    content: "{{ {'problems': powa_info.problems} | pgfleet.powa.html(playbook_dir ~ '/problems.html.j2') }}"
    dest: problems.html
    mode: "0640"
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: The page.
  type: str
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._html import render


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"html": render}
