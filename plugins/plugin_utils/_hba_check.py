# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why the pg_hba.conf of a host could not let in the collector and powa-web, known before anything is changed."""

from __future__ import annotations

from typing import List, Optional, Set

from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import server_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._groups import groups_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._hba import (
    Entry,
    added_roles,
    certificate_roles,
    hba_by_hand,
    hba_problems,
    stricter_lines,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import manages, why_not
from ansible_collections.pgfleet.powa.plugins.plugin_utils._remote import remote_hba
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository import repository_hba
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import Unevaluated

#: The variables that say who logs in, and how. Where one is wrong, its default says nothing of what the user means.
_VARIABLES = {
    "powa_hba_contype",
    "powa_hba_method",
    "powa_hba_position",
    "powa_collector_addresses",
    "powa_web_addresses",
    "powa_reader_addresses",
    "powa_repository",
}
#: The parts of a server that say who is let in.
_PARTS = {"hba", "config_file", "roles"}


def host_hba_problems(run: Run, host: str) -> List[str]:
    """Return what is wrong, one sentence each. What could not be read is a problem of its own."""
    try:
        entries = _entries(run, host)
    except Unevaluated as error:
        return [str(error)]
    if entries is None:
        return []
    variables, seen, groups = run.variables(host), run.seen(host), groups_of(run, host)
    if manages(variables):
        return hba_problems(entries, seen, groups, variables["powa_hba_position"])
    return hba_by_hand(entries, seen, groups, why_not(variables)) if server_of(seen) else []


def host_hba_left(run: Run, host: str) -> List[str]:
    """Return which lines the run leaves although a client may lack what they ask for, one sentence each."""
    try:
        entries = _entries(run, host)
    except Unevaluated:
        # That is a problem.
        return []
    return stricter_lines(entries or [], run.seen(host), groups_of(run, host))


def host_hba_roles(run: Run, host: str, certificate: bool = False) -> Set[str]:
    """Return the roles for which a line is added.

    :param certificate: return those that a line, added or there, compares with the common name of a certificate
    """
    try:
        entries = _entries(run, host)
    except Unevaluated:
        # That is a problem.
        return set()
    found = certificate_roles if certificate else added_roles
    return found(entries or [], run.seen(host), groups_of(run, host))


def _entries(run: Run, host: str) -> Optional[List[Entry]]:
    """Return the logins, or None if the variables or the server are not known for sure.

    :raises Unevaluated: when Ansible cannot evaluate a password
    """
    unknown = server_of(run.seen(host)).get("unknown") or {}
    if not _VARIABLES.isdisjoint(run.fleet["hosts"][host].get("wrong", ())) or not _PARTS.isdisjoint(unknown):
        return None
    entries: List[Entry] = remote_hba(run, host) if host in run.fleet["remotes"] else []
    return entries + (repository_hba(run, host) if host in run.fleet["repositories"] else [])
