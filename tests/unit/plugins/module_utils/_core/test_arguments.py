# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parameters that Ansible itself does not expect."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgfleet.powa.plugins.module_utils._core import arguments
from ansible_collections.pgfleet.powa.plugins.module_utils._core.quiet import QuietModule


def test_parameters_that_ansible_does_not_check(monkeypatch, capsys):
    def fail(*_arguments, **_options):
        raise TypeError("argument of type 'int' is not iterable\n")

    monkeypatch.setattr(QuietModule, "__init__", fail)
    with pytest.raises(SystemExit) as ended:
        arguments.make_module({"a": {"type": "str"}})
    assert ended.value.code == 1
    assert json.loads(capsys.readouterr().out) == {
        "failed": True,
        "msg": "Ansible cannot read the options of the task (argument of type 'int' is not iterable\\n): compare them"
        " with the module's documentation",
    }


def test_a_text_that_no_log_can_hold_is_left_to_the_module(monkeypatch):
    def log(_module):
        "\ud800".encode()

    monkeypatch.setattr(AnsibleModule, "_log_invocation", log)
    module = QuietModule.__new__(QuietModule)
    module.params, module.argument_spec = {}, {}
    module._log_invocation()
