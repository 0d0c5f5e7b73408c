# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remotes whose lines in password files stay as they are, because their role has another password than declared."""

from __future__ import annotations

from typing import Any, Iterable, List, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import is_standby
from ansible_collections.pgfleet.powa.plugins.plugin_utils._left_alone import roles_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._pgpass import ANY, Login
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

#: What roles/collector/tasks/rotate_one.yml leaves on a remote whose password it has changed.
ROTATED = "__remote_rotated"
_PASSWORD = "powa_monitoring_password"


def kept_remotes(run: Run) -> List[str]:
    """Return the remotes of a run that may still have their former password.

    They are those that the run has lost or that are not in it, and those whose role was seen with another password that
    nothing has changed.
    Check mode changes none, and shows what a run would write.
    """
    if run.check_mode:
        return []
    kept = [host for host in run.fleet["remotes"] if _keeps(run, host)]
    standbys = [host for host in kept if is_standby(run.seen(host))]
    if not standbys:
        return kept
    # A standby has the passwords of its primary.
    others = [host for host in run.fleet["remotes"] if host in run.fleet["run"] and host not in kept]
    primaries = [host for host in others if not is_standby(run.seen(host))]
    changed = {replicated(run, host) for host in primaries}
    return [host for host in kept if host not in standbys or replicated(run, host) not in changed]


def replicated(run: Run, host: str) -> Tuple[str, str]:
    """Return what a standby has in common with its primary: the number of the system, and the declared password."""
    server = run.seen(host).get("server") or {}
    return str(server.get("system_identifier") or ""), run.password(host, _PASSWORD)


def _keeps(run: Run, host: str) -> bool:
    if host not in run.fleet["run"]:
        return True
    if run.result(host, ROTATED):
        return False
    return host in run.lost or has_another_password(run, host)


def has_another_password(run: Run, host: str) -> bool:
    """Return whether the monitoring role of a remote was seen with another password than declared."""
    role = roles_of(run.seen(host)).get(run.variables(host)["powa_monitoring_role"]) or {}
    return bool(role.get("login")) and role.get("password_as_expected") is False


def kept_lines(run: Run, logins: Iterable[Any], present: str) -> List[str]:
    """Return the lines of a password file, those of kept remotes as they are in the present file if it has them.

    :param logins: dictionaries as C(password_file) takes them
    """
    remotes = run.fleet["remotes"]
    kept = {
        (str(remotes[host]["server"]["hostname"]), int(remotes[host]["server"]["port"])) for host in kept_remotes(run)
    }
    lines: List[str] = []
    for login in map(Login.of, logins):
        # Those of the repository name its database.
        is_kept = login.database == ANY and (login.host, login.port) in kept
        begins = login.begins + ANY + ":"
        # A password may have other characters that end a line for Python.
        found = [line for line in present.split("\n") if is_kept and line.startswith(begins)]
        lines += found or [login.line]
    return lines
