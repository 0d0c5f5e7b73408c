# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a fleet as plugins of Nagios and Icinga tell it: an exit code, and one line."""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind

OK, WARNING, CRITICAL = 0, 1, 2
_WORDS = ("OK", "WARNING", "CRITICAL")

#: With these, something is not collected, or nobody can tell whether it is. Others can wait until somebody is at work.
_CRITICAL = {
    kind.value
    for kind in (
        Kind.HOST_UNREACHABLE,
        Kind.DATABASE_UNREACHABLE,
        Kind.POWA_ABSENT,
        Kind.POWA_VERSION,
        Kind.MONITORING_ROLE_ABSENT,
        Kind.MONITORING_ROLE_LOGIN,
        Kind.COLLECTOR_DOWN,
        Kind.COLLECTOR_LOGIN,
        Kind.COLLECTOR_NOT_CONNECTED,
        Kind.HOSTNAME_UNRESOLVED,
        Kind.NEVER_SNAPSHOTTED,
        Kind.SNAPSHOT_LATE,
        Kind.SNAPSHOT_ERRORS,
    )
}


def state_of(problems: Sequence[Mapping[str, Any]], servers: Sequence[Mapping[str, Any]]) -> Dict[str, Any]:
    """Return the C(code) 0, 1 or 2, its C(word), and the C(line), which ends with performance data.

    Beside them are the numbers of C(servers), of C(problems), and of those of each kind (C(kinds)).

    :param problems: those that the doctor has found, without ignored kinds
    :param servers: the hosts and registered servers, as the doctor lists them
    """
    kinds = Counter(problem["kind"] for problem in problems)
    critical = sum(number for kind, number in kinds.items() if kind in _CRITICAL)
    code = CRITICAL if critical else WARNING if kinds else OK
    ages = [server["age"] for server in servers if server["enabled"] and server["age"] is not None]
    figures = ["problems={0};0;;0".format(len(problems)), "critical={0};;0;0".format(critical)]
    figures.append("servers={0};;;0".format(len(servers)))
    if ages:
        figures.append("oldest_snapshot={0}s;;;0".format(max(ages)))
    said = "{0} servers, {1}".format(len(servers), _problems(kinds) if kinds else "no problems")
    return {
        "code": code,
        "word": _WORDS[code],
        "line": "POWA {0} - {1} | {2}".format(_WORDS[code], said, " ".join(figures)),
        "servers": len(servers),
        "problems": len(problems),
        "kinds": dict(sorted(kinds.items())),
    }


def _problems(kinds: Mapping[str, int]) -> str:
    """Return the numbers of problems, the worst kinds first."""
    worst = sorted(kinds, key=lambda kind: (kind not in _CRITICAL, kind))
    total = sum(kinds.values())
    return "{0} problem{1}: {2}".format(
        total, "" if total == 1 else "s", ", ".join("{0} {1}".format(kinds[kind], kind) for kind in worst)
    )
