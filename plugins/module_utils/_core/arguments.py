# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parameters of a module, whatever they hold."""

from __future__ import annotations

import json
import sys
from typing import Any, Mapping

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgfleet.powa.plugins.module_utils._core.quiet import QuietModule
from ansible_collections.pgfleet.powa.plugins.module_utils._core.texts import shown


def make_module(spec: Mapping[str, Any]) -> AnsibleModule:
    """Parse the parameters of a module that has a check mode."""
    try:
        return QuietModule(argument_spec=dict(spec), supports_check_mode=True)
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        # Ansible expects in some places a dictionary that it has not checked.
        message = "Ansible cannot read the options of the task ({0}): compare them with the module's documentation"
        # There is no module yet that could fail.
        sys.stdout.write(json.dumps({"failed": True, "msg": message.format(shown(str(error)))}) + "\n")
        raise SystemExit(1) from None
