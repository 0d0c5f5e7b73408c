# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of the role that takes snapshots, or of its database, with which it stores none, and records no error."""

from __future__ import annotations

import re
from typing import Any, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._problems.problem import LATE_AFTER, Found

READ_ONLY = "default_transaction_read_only"
_TIMEOUTS = ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")
#: The setting, and the value that hinders nothing.
HINDERING = {READ_ONLY: "off", **dict.fromkeys(_TIMEOUTS, "0")}
#: Whatever takes longer than this many seconds is no snapshot.
_LONG_ENOUGH = 60
_SECONDS = {"us": 1e-6, "ms": 1e-3, "": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86400}


class Hindrances(NamedTuple):
    """Settings of the collector's role, each with what it does as a cause, and the cure.

    :param read_only: what keeps the role from storing any snapshot, or None
    :param timeouts: those that a snapshot may exceed, or None
    """

    read_only: Optional[Tuple[str, str]] = None
    timeouts: Optional[Tuple[str, str]] = None

    def with_timeouts(self, cause: str, cure: str) -> Tuple[str, str]:
        """Return a cause and its cure, and after them the timeouts."""
        if self.timeouts is None:
            return cause, cure
        return "{0}; {1}".format(cause, self.timeouts[0]), "{0}; {1}".format(cure, self.timeouts[1])


def find_hindrances(found: Found) -> Hindrances:
    """Return what hinders the collector's role, which stores the snapshots of all servers."""
    if any(map(_is_fresh, found["servers"])):
        return Hindrances()
    return Hindrances(
        _blamed(found, (READ_ONLY,), "so it cannot store a snapshot"),
        _blamed(found, _TIMEOUTS, "which may be too short for a snapshot"),
    )


def _blamed(found: Found, names: Sequence[str], effect: str) -> Optional[Tuple[str, str]]:
    for role in found["roles"]:
        settings = role["settings"] if role["name"] == found["collector_role"] else {}
        wrong = [name for name in sorted(names) if name in settings and _hinders(name, settings[name])]
        if wrong:
            shown = " and ".join("{0} = {1}".format(name, settings[name]) for name in wrong)
            return (
                'role "{0}" has {1} in database "{2}", {3}'.format(role["name"], shown, found["database"], effect),
                "; ".join(
                    'ALTER ROLE "{0}" IN DATABASE "{1}" SET {2} = {3}'.format(
                        role["name"], found["database"], name, HINDERING[name]
                    )
                    for name in wrong
                ),
            )
    return None


def _is_fresh(server: Mapping[str, Any]) -> bool:
    """Return whether the collector has taken a snapshot of a server lately."""
    age = server["snapshots"]["age"]
    taken = bool(server["srvid"] and server["enabled"]) and age is not None
    return taken and bool(age <= LATE_AFTER * server["frequency"])


def _hinders(name: str, value: str) -> bool:
    if name == READ_ONLY:
        # As PostgreSQL reads it: on, true, yes, 1, and what these begin with.
        return value.lower() == "on" or value.lower()[:1] in ("t", "y", "1")
    match = re.fullmatch(r"\s*([0-9.]+)\s*([a-z]*)\s*", value)
    seconds = float(match.group(1)) * _SECONDS.get(match.group(2), 0) if match else 0
    return 0 < seconds < _LONG_ENOUGH
