# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A problem of a server, with its cause and its cure."""

from __future__ import annotations

from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind

#: What cures most of it.
SITE = "run the playbook pgfleet.powa.site"
RELOAD = "run module pgfleet.powa.collector with state: reloaded"
RESTART = "restart powa-collector (systemctl restart powa-collector)"

#: Extensions that PoWA has no functions of its own for: the repository needs them, too.
EXTERNAL = ("pg_track_settings",)

#: A server is late after so many times its frequency. Collector 1.2 takes snapshots at three times the frequency: it
#: sleeps until the frequency has passed since the snapshot began, finds that it has not since the snapshot ended, and
#: sleeps for two more.
LATE_AFTER = 4

#: What module server_info returns of a server.
Found = Mapping[str, Any]

#: What tells a problem from all others: its kind, server, datasource and subject.
Identity = Tuple[Kind, Optional[str], Optional[str], Optional[str]]


class Problem(NamedTuple):
    """A problem.

    :param kind: what kind of problem it is
    :param problem: what is wrong
    :param cause: why
    :param cure: the command or variable that makes it right
    :param server: the server of a repository that it is about; None for the server itself
    :param datasource: the datasource that it is about, or None
    :param subject: what else it is about (an extension, library, role, table, function, host name or the like), or None
    """

    kind: Kind
    problem: str
    cause: str
    cure: str
    server: Optional[str] = None
    datasource: Optional[str] = None
    subject: Optional[str] = None

    @property
    def identity(self) -> Identity:
        """What tells it from all others. Its sentences do not: they may change from run to run."""
        return self.kind, self.server, self.datasource, self.subject

    def as_dict(self) -> Dict[str, Optional[str]]:
        """Return it as module server_info returns it."""
        return {**self._asdict(), "kind": self.kind.value}

    @classmethod
    def from_dict(cls, returned: Mapping[str, Any]) -> Problem:
        """Return the problem that module server_info has returned so."""
        return cls(**{**returned, "kind": Kind(returned["kind"])})


def is_hidden(found: Found, *parts: str) -> bool:
    """Return whether the role that read the server could not see one of these parts of the result."""
    return any(entry["part"] in parts for entry in found.get("not_visible") or ())


def on_repository(extension: str) -> str:
    """Return the subject of a problem with an extension of the repository; the server may lack the same extension."""
    return "{0} on the repository".format(extension)


def cure_of_missing(name: str) -> str:
    """Return what cures that an active extension is not installed on the server."""
    # The collector looks for these only when it connects.
    restart = ", and {0}".format(RESTART) if name in EXTERNAL else ""
    return "{0} with powa_stats_extensions naming it{1}, or deactivate it with module pgfleet.powa.servers".format(
        SITE, restart
    )
