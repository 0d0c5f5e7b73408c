# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.archivist_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: archivist_plan
short_description: Find out what the role archivist has to do to a host
version_added: 0.2.0
description:
  - Compares the packages, settings and extensions that a host should have with those that it has.
  - The role P(pgfleet.powa.archivist#role) uses it.
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
- name: Show which packages a host needs that has only Debian so far
  ansible.builtin.debug:
    msg: "{{ ('pg-orders' | pgfleet.powa.archivist_plan(fleet, {'pg-orders': {'__common_seen': seen}})).packages }}"
  vars:
    fleet:
      remotes: {}
      hosts:
        pg-orders:
          groups: [powa_remotes]
          variables:
            powa_mode: remote
            powa_install_method: package
            powa_source: ''
            powa_extensions: []
            powa_stats_extensions: [pg_qualstats]
            powa_extension_packages: {}
    seen:
      os: {name: Debian GNU/Linux 12 (bookworm), family: Debian}
      version: '15'
      cluster: null
      packages: {}
      driver: false
      extension_folder: null
      server: null
      extensions: {}
"""

RETURN = r"""
_value:
  description: What is to do.
  type: dict
  contains:
    todo:
      description: Whether the role has anything to do, or has to find out.
      type: bool
    packages:
      description: The packages that the host needs, whether it has them or not.
      type: list
      elements: str
    settings:
      description: The settings of PoWA's configuration file as C(wanted), whether the file has to be written as
        C(write), and those that C(ALTER SYSTEM) has set as C(elsewhere).
      type: dict
    problems:
      description: Why PostgreSQL cannot get these settings, one sentence each.
      type: list
      elements: str
    restart:
      description: What needs a restart of PostgreSQL.
      type: list
      elements: str
    may_restart:
      description: Whether something needs a restart that the run may make.
      type: bool
    careful:
      description: Whether the run may restart a server that runs.
      type: bool
    pending:
      description: What needs a restart that the run may not make, and why.
      type: str
    creatable:
      description: The extensions of PoWA's database, but for those that PostgreSQL has to preload first.
      type: list
      elements: dict
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._archivist import plan_archivist
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def archivist_plan(host, fleet, hostvars, lost=(), check_mode=False):
    """Return what the role has to do to a host."""
    return plan_archivist(Run(fleet, hostvars, lost, check_mode), host).as_dict()


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"archivist_plan": archivist_plan}
