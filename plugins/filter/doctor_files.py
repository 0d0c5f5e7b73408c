# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.doctor_files."""

from __future__ import annotations

DOCUMENTATION = r"""
name: doctor_files
short_description: Write what the doctor has found as JSON and as metrics
version_added: 0.2.0
description:
  - Returns the files that the role P(pgfleet.powa.doctor#role) writes, as the option O(pgfleet.powa.files#module:files)
    takes them.
author:
  - pgfleet (@pgfleet)
positional: looks, variables, ignore, now
options:
  _input:
    description: What P(pgfleet.powa.diagnosis#filter) returns.
    type: dict
    required: true
  looks:
    description: What P(pgfleet.powa.diagnosis#filter) was given for each host.
    type: dict
    required: true
  variables:
    description:
      - Where to write, as C(powa_doctor_json), C(powa_doctor_metrics), C(powa_doctor_host) and C(powa_doctor_group).
    type: dict
    required: true
  ignore:
    description: The kinds of problems that the doctor has left out, which have no metric.
    type: list
    elements: str
    default: []
  now:
    description: When the doctor has looked, in seconds since 1970. The default is now.
    type: float
"""

EXAMPLES = r"""
- name: Show the metrics of a fleet without problems
  ansible.builtin.debug:
    msg: "{{ ({} | pgfleet.powa.diagnosis(fleet) | pgfleet.powa.doctor_files({}, variables))[0].content }}"
  vars:
    fleet: {repositories: [], remotes: {}, collectors: {}}
    variables:
      powa_doctor_json: ''
      powa_doctor_metrics: /var/lib/prometheus/node-exporter/powa.prom
      powa_doctor_host: pg-repository
      powa_doctor_group: ''
"""

RETURN = r"""
_value:
  description: The files, each with C(path), C(content), C(owner), C(group) and C(mode).
  type: list
  elements: dict
  sample: []
"""

import time

from ansible_collections.pgfleet.powa.plugins.plugin_utils._doctor_files import doctor_files as files_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import plain


def doctor_files(findings, looks, variables, ignore=None, now=None):
    """Return the files."""
    return files_of(plain(findings), plain(looks), plain(variables), time.time() if now is None else now, plain(ignore))


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"doctor_files": doctor_files}
