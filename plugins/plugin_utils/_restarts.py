# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a run may restart the PostgreSQL of a host, and what is pending if it may not."""

from __future__ import annotations

from typing import List, NamedTuple, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

#: The fact that this run installs PostgreSQL, and what tasks register about its restart.
_INSTALLS = "__archivist_installs"
_ANSWERS, _GONE = "__archivist_answers", "__archivist_gone"


class Restarts(NamedTuple):
    """What a run may do to a host.

    :param gone: the hosts whose PostgreSQL this run has restarted, and which did not come back
    :param allowed: whether the user lets the run restart this one, or the run has installed it
    """

    gone: Sequence[str]
    allowed: bool

    @property
    def forbidden(self) -> bool:
        """Whether this run leaves the server as it is."""
        return bool(self.gone) or not self.allowed

    def pending(self, restart: Sequence[str]) -> str:
        """Return what needs a restart that this run does not make, why, and what to do; or an empty text."""
        if not restart or not self.forbidden:
            return ""
        what = "{0} needs a restart of PostgreSQL, but ".format(", ".join(restart))
        if self.gone:
            return what + (
                "the PostgreSQL of {0} did not come back from its restart in this run:"
                " find out why, and run this again".format(", ".join(self.gone))
            )
        return what + (
            "powa_restart_postgresql is not true: restart it, and run this again to set up what depends on that"
        )


def restarts_of(run: Run, host: str) -> Restarts:
    """Return what this run may do to a host."""
    installs = bool(run.of_host(host).get(_INSTALLS))
    return Restarts(gone_in(run), bool(run.variables(host).get("powa_restart_postgresql", installs)))


def gone_in(run: Run) -> List[str]:
    """Return the lost hosts whose PostgreSQL did not come back from a restart of this run."""
    return [host for host in run.lost if run.result(host, _GONE).get("failed")]


def was_restarted(run: Run, host: str) -> bool:
    """Tell whether this run has restarted the host's PostgreSQL, and it has answered since."""
    return bool(run.result(host, _ANSWERS).get("is_available"))
