# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The passwords that the roles of a host should have."""

from __future__ import annotations

from typing import Callable, Dict, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._access import Login
from ansible_collections.pgfleet.powa.plugins.plugin_utils._remote import remote_roles
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository import repository_roles
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import Unevaluated

_ROLES: Sequence[Callable[[Run, str], Sequence[Login]]] = (remote_roles, repository_roles)


def role_passwords(run: Run, host: str) -> Dict[str, str]:
    """Return role -> password, for each declared password that Ansible can evaluate."""
    passwords: Dict[str, str] = {}
    for roles in _ROLES:
        try:
            for login in roles(run, host):
                password = run.password(host, login["variable"])
                if password:
                    passwords[login["name"]] = password
        except Unevaluated:
            # The task that sets it fails, and says so.
            continue
    return passwords
