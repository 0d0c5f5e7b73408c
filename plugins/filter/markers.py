# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.markers."""

from __future__ import annotations

DOCUMENTATION = r"""
name: markers
short_description: Find out what has to change for the marker extensions of a host
version_added: 0.2.0
description:
  - A marker extension is an empty extension of a datasource's name, by which PoWA's web interface sees that a server
    has the datasource. This filter compares those that the datasources ask for with those that the host has.
  - Extensions that somebody else has made are left alone.
author:
  - pgfleet (@pgfleet)
positional: seen, state, variables
options:
  _input:
    description: Every datasource that concerns the host, also those with state V(absent), as for
      M(pgfleet.powa.datasources).
    type: list
    elements: dict
    required: true
  seen:
    description: What the module C(pgfleet.powa.host_info) has returned for the host.
    type: dict
    required: true
  state:
    description: V(present) to create what is missing, V(absent) to remove what no datasource needs any longer.
    type: str
    choices: [present, absent]
    default: present
  variables:
    description: The variables of the host. With C(powa_manage_host) false, nothing is written to its folders.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show which marker extensions a host would get
  ansible.builtin.debug:
    msg: "{{ ([{'name': 'locks'}] | pgfleet.powa.markers(seen)).extensions }}"
  vars:
    seen:
      extension_folder:
        path: /usr/share/postgresql/17/extension
        writable: true
        controls: []
        markers: {}
      extensions: {}
"""

RETURN = r"""
_value:
  description: What has to change.
  type: dict
  contains:
    write:
      description: Files to write before the extensions are created, as M(pgfleet.powa.files) takes them.
      type: list
      elements: dict
    remove:
      description: Files to remove after the extensions were dropped, as M(pgfleet.powa.files) takes them.
      type: list
      elements: dict
    extensions:
      description: Extensions to create or to drop, as M(pgfleet.powa.extensions) takes them.
      type: list
      elements: dict
    missing:
      description: Names of the extensions that cannot be created, because Ansible cannot write their files.
      type: list
      elements: str
    todo:
      description: Whether there is anything to do or to report.
      type: bool
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._markers import plan_markers


def markers(datasources, seen, state="present", variables=None):
    """Return what has to change for the marker extensions."""
    return plan_markers(datasources, seen, state, variables or {}).as_dict()


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"markers": markers}
