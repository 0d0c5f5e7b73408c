# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter pgfleet.powa.unsent."""

from __future__ import annotations

DOCUMENTATION = r"""
name: unsent
short_description: Say why a mail or a message was not sent
version_added: 0.2.0
description:
  - Returns why the roles P(pgfleet.powa.doctor#role) and P(pgfleet.powa.report#role) could not send something, without
    what nobody may see.
author:
  - pgfleet (@pgfleet)
positional: post, variables, webhook, token
options:
  _input:
    description: The result of C(community.general.mail). Empty if there was no mail to send.
    type: dict
    required: true
  post:
    description: The result of P(ansible.builtin.uri#module). Empty if there was no webhook.
    type: dict
    required: true
  variables:
    description: The variables of the role, of which C(powa_mail_host) and C(powa_mail_port) are used.
    type: dict
    required: true
  webhook:
    description: The address of the webhook.
    type: str
    default: ''
  token:
    description: What the webhook asks for.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Show why a message was not sent
  ansible.builtin.debug:
    msg: "{{ {} | pgfleet.powa.unsent(post, {}, 'https://chat.example.com/hooks/secret') }}"
  vars:
    post: {status: 404, msg: 'Status code was 404 and not [200]: HTTP Error 404: Not Found'}
"""

RETURN = r"""
_value:
  description: A sentence for each thing that was not sent.
  type: list
  elements: str
"""

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.untemplated import untemplated
from ansible_collections.pgfleet.powa.plugins.plugin_utils._notices import unsent as reasons
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import plain


def unsent(mail, post, variables, webhook="", token=""):
    """Return why something was not sent."""
    return untemplated(reasons(plain(mail), plain(post), plain(variables), str(webhook), str(token)))


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return them by their names."""
        return {"unsent": unsent}
