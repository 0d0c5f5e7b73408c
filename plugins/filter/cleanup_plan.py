# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.cleanup_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cleanup_plan
short_description: Find out what removed datasources leave behind on a host
version_added: 0.2.0
description:
  - Compares the marker extensions of a host with its datasources, once this run has removed those with state V(absent).
  - The role C(pgfleet.powa.common) uses it.
author:
  - pgfleet (@pgfleet)
positional: fleet, hostvars, lost, check_mode
options:
  _input:
    description: Name of the host.
    type: str
    required: true
  fleet:
    description: The fleet, as the filter C(pgfleet.powa.fleet) returns it.
    type: dict
    required: true
  hostvars:
    description:
      - Variables of the hosts, by host. RV(ignore:__common_seen) has what the module C(pgfleet.powa.host_info) has
        returned for the host. Without it nothing is to do.
    type: dict
    required: true
  lost:
    description: Hosts that the rest of the run leaves out.
    type: list
    elements: str
    default: []
  check_mode:
    description: Whether nothing is changed.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Tell whether a host has anything to remove
  ansible.builtin.debug:
    msg: "{{ ('pg-orders' | pgfleet.powa.cleanup_plan(fleet, {'pg-orders': run})).todo }}"
  vars:
    run:
      __common_seen: "{{ seen }}"
      # What the module datasources has returned, which has removed the datasource.
      __remote_made: {changed: true, changes: [remove function public.powa_locks_src]}
    fleet:
      remotes:
        pg-orders: {repository: pg-repository}
      hosts:
        pg-orders:
          groups: [powa_remotes]
          variables:
            powa_marker_extensions: true
            powa_datasources:
              - name: locks
                state: absent
    seen:
      os: {name: Debian GNU/Linux 13 (trixie), family: Debian}
      server: {standby: false}
      extension_folder: null
      extensions:
        locks:
          version: '1.0'
          schema: pg_catalog
          comment: pgfleet.powa marker of a PoWA datasource
          owner_superuser: true
"""

RETURN = r"""
_value:
  description: What is to do.
  type: dict
  contains:
    todo:
      description: Whether a marker extension or its files have to be removed.
      type: bool
    datasources:
      description: The datasources to compare with, for the filter P(pgfleet.powa.markers#filter).
      type: list
      elements: dict
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._markers import plan_cleanup
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def cleanup_plan(host, fleet, hostvars, lost=(), check_mode=False):
    """Return what the removed datasources of a host leave behind."""
    return plan_cleanup(Run(fleet, hostvars, lost, check_mode), host)._asdict()


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"cleanup_plan": cleanup_plan}
