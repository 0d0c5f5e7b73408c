# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The password files of powa-collector and of powa-web."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional

from ansible_collections.pgfleet.powa.plugins.plugin_utils._collector import collector_passwords, collector_repositories
from ansible_collections.pgfleet.powa.plugins.plugin_utils._inventory import COLLECTORS, WEB
from ansible_collections.pgfleet.powa.plugins.plugin_utils._kept_passwords import kept_lines
from ansible_collections.pgfleet.powa.plugins.plugin_utils._paths import COLLECTOR_PASSWORDS, WEB_PASSWORDS
from ansible_collections.pgfleet.powa.plugins.plugin_utils._pgpass import password_file
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rendered import MANAGED
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._unlisted import unlisted_lines
from ansible_collections.pgfleet.powa.plugins.plugin_utils._web import web_passwords, web_repositories


class _File(NamedTuple):
    """A password file: its path, its logins, and the repositories whose servers it is for."""

    path: str
    logins: Callable[[Run, str], List[Dict[str, Any]]]
    repositories: Callable[[Run, str], List[str]]


_FILES = {
    COLLECTORS: _File(COLLECTOR_PASSWORDS, collector_passwords, collector_repositories),
    WEB: _File(WEB_PASSWORDS, web_passwords, web_repositories),
}


def password_files(
    run: Run, host: str, managed: str = MANAGED, known_only: bool = False, present: Optional[Mapping[str, str]] = None
) -> Dict[str, str]:
    """Return path -> text, for each password file of a host.

    :param managed: what the first line of a file says
    :param known_only: leave out a file that cannot be made, instead of raising an error
    :param present: the texts that they have, where lines of remotes are to be kept
    :raises Unevaluated: when Ansible cannot evaluate a password
    :raises PowaError: when a password does not fit on a line
    """
    files = {}
    for group in run.groups(host):
        file = _FILES.get(group)
        if file is None:
            continue
        try:
            files[file.path] = "# {0}\n{1}".format(managed, _text(run, host, file, (present or {}).get(file.path)))
        except Exception:
            if not known_only:
                raise
    return files


def _text(run: Run, host: str, file: _File, present: Optional[str]) -> str:
    logins = file.logins(run, host)
    if not present:
        return password_file(logins)
    lines = kept_lines(run, logins, present) + unlisted_lines(run, file.repositories(run, host), present)
    return "".join(line + "\n" for line in lines)
