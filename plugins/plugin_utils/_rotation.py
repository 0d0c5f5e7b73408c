# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords that change on a remote and where its collector reads them together.

A role has one password, and the collector logs in with the one in its file or in the repository, so between the two
changes it cannot. That has to be short, so the role does not get its new password with the other changes of the remote.
Where the other side cannot change, the role keeps its password.
"""

from __future__ import annotations

from typing import List

from ansible_collections.pgfleet.powa.plugins.plugin_utils._collector import SERVICE, USER
from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import is_standby
from ansible_collections.pgfleet.powa.plugins.plugin_utils._kept_passwords import ROTATED, has_another_password
from ansible_collections.pgfleet.powa.plugins.plugin_utils._left_alone import roles_to_demote, why_left_alone
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import manages
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_servers import PASSWORD, collectors_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

#: Who changes the passwords of remotes whose collector is outside --limit: one of these remotes, for all of them.
OUTSIDE = "outside"
_KEPT = (
    "{0}: role {1} keeps its former password, since {2}, and the collector would lose its connection: run again once"
    " that is settled"
)


def rotated_by(run: Run, host: str) -> str:
    """Return the host of the collector that changes the password of a remote together with its own side, or C(OUTSIDE).

    It is an empty text where nothing is rotated: the role has the declared password, is left as it is, or cannot log in
    anyway, or no collector logs in to it yet, or the password is kept.
    """
    if run.check_mode or not _changes(run, host) or _obstacle(run, host):
        return ""
    collectors = working_collectors(run, host)
    return next((name for name in collectors if name in run.fleet["run"]), OUTSIDE if collectors else "")


def kept_password(run: Run, host: str) -> str:
    """Return why a role keeps another password than declared, as a sentence, or an empty text."""
    if host in run.lost or run.result(host, ROTATED) or not _changes(run, host):
        return ""
    obstacle = _obstacle(run, host)
    return _KEPT.format(host, run.variables(host)["powa_monitoring_role"], obstacle) if obstacle else ""


def _changes(run: Run, host: str) -> bool:
    """Return whether a run that keeps no password gives the monitoring role of a remote another one."""
    if host not in run.fleet["remotes"]:
        return False
    variables, seen = run.variables(host), run.seen(host)
    return (
        has_another_password(run, host)
        and not is_standby(seen)
        and bool(run.password(host, PASSWORD))
        and not why_left_alone(variables["powa_monitoring_role"], seen, roles_to_demote(variables))
    )


def repository_of(run: Run, host: str) -> str:
    return str(run.fleet["remotes"][host]["repository"] or "")


def _obstacle(run: Run, host: str) -> str:
    """Return why the collector's side of a remote cannot change in this run, or an empty text."""
    repository = repository_of(run, host)
    collectors = collectors_of(run, repository) if repository else []
    if not collectors:
        return ""
    lost = [name for name in [repository, *collectors] if name in run.lost]
    if lost:
        return "this run has lost {0}".format(", ".join(dict.fromkeys(lost)))
    if repository not in run.fleet["run"] and repository not in run.fleet["outside"]:
        return "its repository {0} is not in this run".format(repository)
    return ""


def working_collectors(run: Run, host: str) -> List[str]:
    """Return the collectors that may log in to a remote, and whose hosts the run may change.

    Of one outside --limit, the task that writes its file sees whether it is there.
    """
    repository = repository_of(run, host)
    return [
        name
        for name in (collectors_of(run, repository) if repository else [])
        # Otherwise the password changes at once, and somebody else writes the collector's file.
        if manages(run.variables(name)) and (name not in run.fleet["run"] or _works(run, name))
    ]


def _works(run: Run, collector: str) -> bool:
    seen = run.seen(collector)
    active = (seen.get("units") or {}).get(SERVICE, {}).get("active") == "active"
    return active and USER in (seen.get("users") or ())
