# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.changed_files."""

from __future__ import annotations

DOCUMENTATION = r"""
name: changed_files
short_description: Find out which files the module files would change
version_added: 0.2.0
description:
  - Compares the files that a host has with those that it should have, without connecting to the host again.
author:
  - pgfleet (@pgfleet)
positional: files
options:
  _input:
    description: The files of the host by path, as the module C(pgfleet.powa.host_info) returns them in C(files).
    type: dict
    required: true
  files:
    description: The files that the host should have, as the module M(pgfleet.powa.files) takes them.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show which files would be written
  ansible.builtin.debug:
    msg: "{{ seen | pgfleet.powa.changed_files(files) | map(attribute='path') }}"
  vars:
    seen:
      /etc/powa-collector.conf:
        owner: root
        group: powa
        mode: '0640'
        sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    files:
      - path: /etc/powa-collector.conf
        content: '{}'
        group: powa
        mode: '0640'
"""

RETURN = r"""
_value:
  description:
    - The entries of O(files) that the host lacks, or has with another owner, group, mode or content, and those with
      state V(absent) that it has.
    - A file whose content was not read, because it holds secrets, counts as one with another content.
  type: list
  elements: dict
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._files import changed_files


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"changed_files": changed_files}
