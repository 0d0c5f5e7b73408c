# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.repository_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: repository_plan
short_description: Decide what the role repository does on a host
version_added: 0.2.0
description:
  - Compares what the inventory declares with what M(pgfleet.powa.host_info) has found on a repository.
  - The role P(pgfleet.powa.repository#role) uses it. The plan holds no passwords.
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars, lost, check_mode
options:
  _input:
    description: The repository.
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
- name: Show what the role repository would do on this host
  ansible.builtin.debug:
    msg: "{{ inventory_hostname | pgfleet.powa.repository_plan(hostvars | pgfleet.powa.fleet(groups), hostvars) }}"
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    host:
      description: The repository to work on.
      type: str
    have_powa:
      description: Whether the repository has PoWA.
      type: bool
    lacks_access:
      description: Whether the host lacks a role, one of its rights, a line of C(pg_hba.conf) or a marker extension.
      type: bool
    missing_logins:
      description: >-
        The roles of the collector and of powa-web that are needed, and cannot log in with the password that the
        C(variable) holds.
      type: list
      elements: dict
    rights:
      description: The statements that grant the two roles the rights that they lack.
      type: list
      elements: str
    hba:
      description: The logins that C(pg_hba.conf) has to let in, as M(pgfleet.powa.hba_rules) takes them.
      type: list
      elements: dict
    hba_todo:
      description: Whether C(pg_hba.conf) lacks one of them, or the server has not loaded it.
      type: bool
    remotes:
      description: The remotes that the run registers, by their names in the inventory.
      type: list
      elements: str
    kept_passwords:
      description: Outside C(--limit), remotes that may still have their former password, and keep their lines in files.
      type: list
      elements: str
    collectors:
      description: The hosts of the repository's collectors.
      type: list
      elements: str
    managed_collectors:
      description: Those whose hosts Ansible may change.
      type: list
      elements: str
    registers:
      description: Whether there are servers to register or to disable.
      type: bool
    deletes:
      description: >-
        The servers to delete with their history, as M(pgfleet.powa.servers) takes them, once no collector has a worker
        for them.
      type: list
      elements: dict
    deletes_later:
      description: Why these stay until a later run, as sentences.
      type: list
      elements: str
    servers_exact:
      description: Whether to disable servers that were declared before and are no longer in the inventory.
      type: bool
    kinds:
      description: The sides of the datasources that the host has.
      type: list
      elements: str
    datasources:
      description: The datasources of the repository.
      type: list
      elements: dict
    makes_datasources:
      description: Whether the repository creates its side of them.
      type: bool
    differing:
      description: Outside C(--limit), the names of those that it does not store as declared, or still has to remove.
      type: list
      elements: str
    paused:
      description: The datasources that wait for remotes after this run, as sentences.
      type: list
      elements: str
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

from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository import plan_repository
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def repository_plan(host, fleet, hostvars, lost=(), check_mode=False):
    """Return what the role repository does on a host."""
    return plan_repository(Run(fleet, hostvars, lost, check_mode), host)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"repository_plan": repository_plan}
