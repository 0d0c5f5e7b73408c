# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.web_refused."""

from __future__ import annotations

DOCUMENTATION = r"""
name: web_refused
short_description: Say why powa-web does not accept its logins
version_added: 0.2.0
description:
  - Judges the answers of powa-web to the logins with which the role P(pgfleet.powa.web#role) checks it.
author:
  - pgfleet (@pgfleet)
positional: plan, variables
options:
  _input:
    description:
      - The answers of powa-web to a login, or to a request without one, for each repository of the plan, in their
        order.
    type: list
    elements: dict
    required: true
  plan:
    description: The plan for this host, as P(pgfleet.powa.web_plan#filter) returns it.
    type: dict
    required: true
  variables:
    description: The variables of this host, of which C(powa_web_port) and C(powa_web_wait) are said.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show why powa-web does not accept a login
  ansible.builtin.debug:
    msg: "{{ [{'status': 403}] | pgfleet.powa.web_refused(plan, {'powa_web_port': 8888, 'powa_web_wait': 30}) }}"
  vars:
    plan:
      reach: 127.0.0.1
      version: 5.0.*
      repositories: [{name: pg-repository, role: powa_web, has_password: true}]
"""

RETURN = r"""
_value:
  description: One sentence for each reason.
  type: list
  elements: str
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._web import refused


def web_refused(answers, plan, variables):
    """Return why powa-web does not accept its logins."""
    return refused(plan, answers, variables)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"web_refused": web_refused}
