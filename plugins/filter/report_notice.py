# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.report_notice."""

from __future__ import annotations

DOCUMENTATION = r"""
name: report_notice
short_description: Write what the report sends by mail and to a webhook
version_added: 0.2.0
description:
  - Returns what the role P(pgfleet.powa.report#role) sends, as P(pgfleet.powa.doctor_notice#filter) does.
author:
  - pgfleet (@pgfleet)
positional: variables
options:
  _input:
    description: What P(pgfleet.powa.diagnosis#filter) returns.
    type: dict
    required: true
  variables:
    description: The variables of the role, as C(powa_report_title), C(powa_report_range) and C(powa_report_file).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the subject of a mail with the report on a fleet without problems
  ansible.builtin.debug:
    msg: "{{ ({} | pgfleet.powa.diagnosis(fleet) | pgfleet.powa.report_notice(variables)).subject }}"
  vars:
    fleet: {repositories: [], remotes: {}, collectors: {}}
    variables: {powa_report_title: Our fleet, powa_report_range: 1 day, powa_report_file: powa-report.html}
"""

RETURN = r"""
_value:
  description: What to send, as P(pgfleet.powa.doctor_notice#filter) returns it. C(file) is the report.
  type: dict
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.untemplated import untemplated
from ansible_collections.pgfleet.powa.plugins.plugin_utils._notices import report_notice
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import plain


def notice(findings, variables):
    """Return what the report sends."""
    return untemplated(report_notice(plain(findings), plain(variables)))


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"report_notice": notice}
