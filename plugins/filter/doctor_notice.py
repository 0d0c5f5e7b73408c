# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.doctor_notice."""

from __future__ import annotations

DOCUMENTATION = r"""
name: doctor_notice
short_description: Write what the doctor sends by mail and to a webhook
version_added: 0.2.0
description:
  - Returns what the role P(pgfleet.powa.doctor#role) sends.
author:
  - pgfleet (@pgfleet)
positional: variables, now
options:
  _input:
    description: What P(pgfleet.powa.diagnosis#filter) returns.
    type: dict
    required: true
  variables:
    description: The variables of the role, of which C(powa_doctor_notify) is used.
    type: dict
    required: true
  now:
    description: When the doctor has looked, in seconds since 1970. The default is now.
    type: float
"""

EXAMPLES = r"""
- name: Show the subject of a mail on a fleet without problems
  ansible.builtin.debug:
    msg: "{{ ({} | pgfleet.powa.diagnosis(fleet) | pgfleet.powa.doctor_notice(variables)).subject }}"
  vars:
    variables: {powa_doctor_notify: always}
    fleet: {repositories: [], remotes: {}, collectors: {}}
"""

RETURN = r"""
_value:
  description: What to send.
  type: dict
  contains:
    due:
      description: Whether to send it.
      type: bool
    subject:
      description: The subject of a mail.
      type: str
      sample: 'POWA WARNING - 12 servers, 1 problem: 1 restart_pending'
    text:
      description: The text of a mail.
      type: str
    content:
      description: What a webhook gets, here as JSON.
      type: str
    content_type:
      description: Which type of content that is.
      type: str
      sample: application/json
    file:
      description: A file to attach to a mail, which a webhook gets in place of C(content). Here none.
      type: str
"""

import time

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.untemplated import untemplated
from ansible_collections.pgfleet.powa.plugins.plugin_utils._notices import doctor_notice
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import plain


def notice(findings, variables, now=None):
    """Return what the doctor sends."""
    return untemplated(doctor_notice(plain(findings), plain(variables), time.time() if now is None else now))


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"doctor_notice": notice}
