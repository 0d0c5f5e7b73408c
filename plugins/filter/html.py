# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.html."""

from __future__ import annotations

DOCUMENTATION = r"""
name: html
short_description: An HTML page from a template, in which every value is escaped
version_added: 0.2.0
description:
  - Renders a Jinja2 template whose variables are the members of the input. Other than in templates of Ansible, every
    value is escaped, so that names which come from databases are text and nothing else.
  - The playbook C(pgfleet.powa.report) uses it.
  - Beside Jinja2's own filters there are C(graph) (lines of M(pgfleet.powa.history_info) as paths of an SVG), C(number)
    (short, with its unit), C(size) (bytes) and C(duration) (seconds).
author:
  - pgfleet (@pgfleet)
positional: template
options:
  _input:
    description: The variables of the template.
    type: dict
    required: true
  template:
    description: Path of the template on the controller. It may include others of its folder.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: A page of problems
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
