# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.remote_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: remote_plan
short_description: Decide what the role remote does on a host
version_added: 0.2.0
description:
  - Compares what the inventory declares with what M(pgfleet.powa.host_info) has found on a remote.
  - The role P(pgfleet.powa.remote#role) uses it. The plan holds no passwords.
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars, lost, check_mode
options:
  _input:
    description: The host.
    type: str
    required: true
  fleet:
    description: The result of P(pgfleet.powa.fleet#filter).
    type: dict
    required: true
  hostvars:
    description: Ansible's C(hostvars), with what tasks have registered.
    type: dict
    required: true
  lost:
    description: The hosts that the rest of the run leaves out.
    type: list
    elements: str
    default: []
  check_mode:
    description: Whether nothing is changed.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show what the role remote would do on this host
  ansible.builtin.debug:
    msg: "{{ inventory_hostname | pgfleet.powa.remote_plan(hostvars | pgfleet.powa.fleet(groups), hostvars) }}"
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    writes:
      description: Whether the host's databases can be written to, which those of a standby cannot.
      type: bool
    has_role:
      description: Whether tasks can act as the monitoring role. In check mode it may not exist yet.
      type: bool
    lacks_access:
      description: Whether the host lacks the role, one of its rights, a line of C(pg_hba.conf) or a marker extension.
      type: bool
    missing_logins:
      description: The monitoring role, unless it can log in with the password that the C(variable) holds.
      type: list
      elements: dict
    kept_password:
      description: Why that role keeps another password than the declared one, as a sentence, or an empty text.
      type: str
    rotates:
      description: Whether the password of that role changes later, together with the collector's file.
      type: bool
    rights:
      description: The statements that grant the monitoring role the rights that it lacks.
      type: list
      elements: str
    hba:
      description: The logins that C(pg_hba.conf) has to let in, as M(pgfleet.powa.hba_rules) takes them.
      type: list
      elements: dict
    hba_todo:
      description: Whether C(pg_hba.conf) lacks one of them, or the server has not loaded it.
      type: bool
    datasources:
      description: The datasources of this host.
      type: list
      elements: dict
    unsure:
      description: The names of those that a standby may lack, because a primary of this run refuses them.
      type: list
      elements: str
    makes_datasources:
      description: Whether this role creates their source side.
      type: bool
    awaits_datasources:
      description: Whether the host is a standby, which gets them from its primary.
      type: bool
    marked:
      description: The datasources that have a marker extension.
      type: list
      elements: dict
    markers_todo:
      description: Whether one of these is missing.
      type: bool
    skipped:
      description: What check mode leaves out, as sentences.
      type: list
      elements: str
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._remote import plan_remote
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def remote_plan(host, fleet, hostvars, lost=(), check_mode=False):
    """Return what the role remote does on a host."""
    return plan_remote(Run(fleet, hostvars, lost, check_mode), host)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"remote_plan": remote_plan}
