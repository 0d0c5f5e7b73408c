# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.fleet."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet
short_description: Read the fleet from the inventory
version_added: 0.2.0
description:
  - Returns which repository, collector and web host serves which server, each host's variables of the roles, and what
    is wrong with them.
  - Variables have their types and defaults from the roles' argument specs. V(null) and an empty text mean that a
    variable is unset. Texts such as V(true), V(5), V(a, b) or a list in YAML or JSON, as surveys of AWX pass them, are
    read as what they mean.
  - Variables that a playbook sets outside the inventory, such as C(vars) of a play, apply to all hosts of the play with
    the value that they have on the host that runs the task.
  - It holds no passwords.
  - The playbook C(pgfleet.powa.site) and the roles use it.
author:
  - pgfleet (@pgfleet)
positional: groups
options:
  _input:
    description: Ansible's C(hostvars).
    type: dict
    required: true
  groups:
    description: Ansible's C(groups).
    type: dict
    required: true
  run:
    description: The hosts of the play, such as C(ansible_play_hosts_all).
    type: list
    elements: str
    default: []
  limit:
    description: What was given as C(--limit), or an empty text. Without it, the run has all hosts of the four groups.
    type: str
    default: ''
  roles:
    description: The roles whose options may have problems.
    type: list
    elements: str
    default: [archivist, remote, repository, collector, web]
  scope:
    description:
      - Variables that a playbook sets outside the inventory. By default, the filter finds those that the task sees.
    type: dict
"""

EXAMPLES = r"""
- name: Show what is wrong with the inventory
  ansible.builtin.debug:
    msg: "{{ (hostvars | pgfleet.powa.fleet(groups)).problems }}"

- name: Show the port of each host's PostgreSQL
  ansible.builtin.debug:
    msg: "{{ (hostvars | pgfleet.powa.fleet(groups)).hosts[item].variables.powa_port }}"
  loop: "{{ groups.powa_remotes | default([]) }}"
"""

RETURN = r"""
_value:
  description: The fleet.
  type: dict
  contains:
    hosts:
      description: >-
        Each host's C(groups) of the four, its C(variables), the C(problems) of their values, one sentence each, and
        what the roles C(read) there. Its RV(_value.datasources) are the list of this number.
      type: dict
    datasources:
      description: The distinct values of C(powa_datasources).
      type: list
      elements: list
    repositories:
      description: The repositories.
      type: list
      elements: str
    remotes:
      description: Each remote's C(repository), and as C(server) what is registered there.
      type: dict
    collectors:
      description: Each collector's C(repository), C(address), and whether it connects also to its own host C(by_name).
      type: dict
    web:
      description: Each web host's C(repositories), C(address) and C(by_name), and whether it has C(remote_access).
      type: dict
    run:
      description: The hosts of this run.
      type: list
      elements: str
    outside:
      description: The repositories that C(--limit) leaves out but in which the run has work to do.
      type: list
      elements: str
    slice:
      description: >-
        Of which job template of AWX the run is a slice, whose inventory has only a part of the fleet, or an empty text.
      type: str
    problems:
      description: What is wrong with the structure of the inventory, one sentence each.
      type: list
      elements: str
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._fleet import build_fleet
from ansible_collections.pgfleet.powa.plugins.plugin_utils._inventory import (
    Inventory,
    changed_in_scope,
    passwords_in_scope,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import SITE_ROLES, plain
from jinja2 import pass_context
from jinja2.runtime import missing


@pass_context
def fleet(context, hostvars, groups, run=(), limit="", roles=SITE_ROLES, scope=None):
    """Return the fleet, with what the task that asks sees beyond the inventory."""
    passwords = []
    if scope is None:
        own = hostvars[context.resolve("inventory_hostname")]
        scope = changed_in_scope(own, context.resolve_or_missing, missing)
        passwords = passwords_in_scope(own, context.resolve_or_missing, missing)
    inventory = Inventory(hostvars, plain(groups), list(run), limit or "", scope, passwords)
    return build_fleet(inventory, tuple(roles))


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"fleet": fleet}
