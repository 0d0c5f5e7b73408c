# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The password files of powa-collector and of powa-web."""

from __future__ import annotations

from typing import Any, Callable, Dict, List

from ansible_collections.pgfleet.powa.plugins.plugin_utils._collector import collector_passwords
from ansible_collections.pgfleet.powa.plugins.plugin_utils._inventory import COLLECTORS, WEB
from ansible_collections.pgfleet.powa.plugins.plugin_utils._paths import COLLECTOR_PASSWORDS, WEB_PASSWORDS
from ansible_collections.pgfleet.powa.plugins.plugin_utils._pgpass import password_file
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rendered import MANAGED
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._web import web_passwords

_LOGINS: Dict[str, Dict[str, Callable[[Run, str], List[Dict[str, Any]]]]] = {
    COLLECTORS: {COLLECTOR_PASSWORDS: collector_passwords},
    WEB: {WEB_PASSWORDS: web_passwords},
}


def password_files(run: Run, host: str, managed: str = MANAGED, known_only: bool = False) -> Dict[str, str]:
    """Return path -> text, for each password file of a host.

    :param managed: what the first line of a file says
    :param known_only: leave out a file that cannot be made, instead of raising an error
    :raises Unevaluated: when Ansible cannot evaluate a password
    :raises PowaError: when a password does not fit on a line
    """
    files = {}
    for group in run.groups(host):
        for path, logins in _LOGINS.get(group, {}).items():
            try:
                files[path] = "# {0}\n{1}".format(managed, password_file(logins(run, host)))
            except Exception:
                if not known_only:
                    raise
    return files
