# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.doctor_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: doctor_plan
short_description: Plan what the doctor reads on a host
version_added: 0.2.0
description:
  - Returns which modules the role P(pgfleet.powa.doctor#role) runs on a host, and with which options, and what is wrong
    with what it was given.
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars, ignore, webhooks
options:
  _input:
    description: The host.
    type: str
    required: true
  fleet:
    description: The fleet that the inventory declares, as P(pgfleet.powa.fleet#filter) returns it.
    type: dict
    required: true
  hostvars:
    description: Ansible's C(hostvars), with what the tasks of this run have registered.
    type: dict
    required: true
  ignore:
    description: The kinds of problems to leave out, as P(pgfleet.powa.diagnosis#filter) takes them.
    type: raw
  webhooks:
    description: The addresses of webhooks by their variables, of which an empty one is none.
    type: dict
"""

EXAMPLES = r"""
- name: Show which names a host has to resolve
  ansible.builtin.debug:
    msg: "{{ (host | pgfleet.powa.doctor_plan(fleet, {})).resolve_names }}"
  vars:
    host: pg-web
    members: {powa_repositories: [pg-repository], powa_web: [pg-web]}
    fleet: "{{ {host: {}, 'pg-repository': {}} | pgfleet.powa.fleet(members, scope={}) }}"
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    reads_powa:
      description: Whether the host has a database of PoWA.
      type: bool
    server_kind:
      description: The sides of datasources that belong there, or null for those that are there.
      type: list
      elements: str
    is_remote:
      description: Whether the host has a monitoring role.
      type: bool
    is_repository:
      description: Whether the host has a role of a collector, and a collector to ask.
      type: bool
    is_collector:
      description: Whether powa-collector runs there.
      type: bool
    reads_host:
      description: Whether the host is that of a collector or of powa-web.
      type: bool
    names:
      description: The names that the host has to resolve.
      type: list
      elements: str
    refused:
      description: What is wrong with the variables of the doctor and of the report, one sentence each.
      type: list
      elements: str
    inventory_problems:
      description: What is wrong with the inventory and with the variables of its hosts, one sentence each.
      type: list
      elements: str
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._doctor import doctor_plan
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import plain


def plan(host, fleet, hostvars, ignore=None, webhooks=None):
    """Return what the doctor reads on a host."""
    return doctor_plan(Run(fleet, hostvars), host, ignore, plain(webhooks or {}))


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"doctor_plan": plan}
