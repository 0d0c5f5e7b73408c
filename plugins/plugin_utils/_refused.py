# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What hosts have refused of the declared datasources, before anything was changed."""

from __future__ import annotations

import re
from typing import Any, Dict, FrozenSet, Iterable, List, Mapping

from ansible_collections.pgfleet.powa.plugins.plugin_utils._access import Definition
from ansible_collections.pgfleet.powa.plugins.plugin_utils._disagreements import Disagreement, disagreements
from ansible_collections.pgfleet.powa.plugins.plugin_utils._lost import one_line
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

#: What the tasks have returned that check datasources: before anything changes, and of those that had to wait.
CHECKS = ("__remote_checked", "__remote_checked_late")

_DISAGREEMENTS = "disagreements"
_DATASOURCE = re.compile(r'datasource "([^"]+)"[,:] ')


def refusals(run: Run, host: str) -> Dict[str, str]:
    """Return why a host has refused which datasources; what concerns all of them is under an empty name."""
    found: Dict[str, List[str]] = {}
    for check in CHECKS:
        for problem in _problems(run.result(host, check)):
            named = _DATASOURCE.match(problem)
            found.setdefault(named.group(1) if named else "", []).append(problem)
    return {name: "; ".join(dict.fromkeys(problems)) for name, problems in found.items()}


def checked(run: Run, host: str) -> FrozenSet[str]:
    """Return the datasources that a host is known to accept or to refuse."""
    accepted = {
        str(datasource["name"]) for check in CHECKS for datasource in run.result(host, check).get("datasources") or ()
    }
    return frozenset(accepted | set(refusals(run, host)))


def _problems(result: Mapping[str, Any]) -> List[str]:
    # Any other failure is the host's own, which the run goes on without.
    return [one_line(problem) for problem in result.get("problems") or ()]


def skips(run: Run, host: str) -> bool:
    """Return whether a run goes on without what a host refuses."""
    return bool(run.variables(host)["powa_skip_refused"])


def stops(run: Run, host: str) -> bool:
    """Return whether a run must not go on because of what a host refuses."""
    return not skips(run, host) and bool(refusals(run, host) or any(host in found.hosts for found in disagreeing(run)))


def disagreeing(run: Run) -> List[Disagreement]:
    """Return on which types of columns the remotes of a repository disagree. It is found out once for all hosts."""
    if _DISAGREEMENTS not in run.found:
        run.found[_DISAGREEMENTS] = disagreements(run, CHECKS)
    return list(run.found[_DISAGREEMENTS])


def accepted(run: Run, host: str, datasources: Iterable[Definition]) -> List[Definition]:
    """Return the datasources of a list without those that the run leaves out on a host.

    The host refuses them, or its repository does: that keeps its tables then, which other columns would not fit. Or the
    remotes of the repository disagree about a type, so that no table fits them all.
    """
    hosts = _up(run, host)
    refused = {name for each in hosts if skips(run, each) for name in refusals(run, each)}
    refused.update(found.datasource for found in _skipped(run) if found.repository in hosts)
    return [definition for definition in datasources if definition.get("name") not in refused]


def _skipped(run: Run) -> List[Disagreement]:
    """Return the disagreements that do not stop the run, because all that disagree go on without what they refuse."""
    # Each look at the remotes' results costs time, and most fleets stop.
    if not any(host["variables"]["powa_skip_refused"] for host in run.fleet["hosts"].values()):
        return []
    return [found for found in disagreeing(run) if all(skips(run, host) for host in found.hosts)]


def _up(run: Run, host: str) -> List[str]:
    """Return a host, its repository, and if that is a remote itself, the repository of that, and so on."""
    found: List[str] = []
    while host in run.fleet["hosts"] and host not in found:
        found.append(host)
        host = run.fleet["remotes"].get(host, {}).get("repository") or ""
    return found


def refusal_lines(run: Run) -> List[str]:
    """Return one sentence for each host of a run and each datasource that it refuses, or that stops the run."""
    lines = ["{0}: {1}".format(host, why) for host in run.fleet["run"] for why in refusals(run, host).values()]
    return lines + [found.sentence for found in disagreeing(run)]


def left_out(run: Run, host: str) -> List[str]:
    """Return what a run leaves out, one sentence for each datasource that a host refuses, or that does not fit all."""
    if not skips(run, host):
        return []
    everywhere = _AND_REMOTES if host in run.fleet["repositories"] else ""
    lines = [_LEFT_OUT.format(host, name, everywhere, why) for name, why in refusals(run, host).items() if name]
    return lines + [
        _DISAGREEING.format(host, found.datasource, found.repository, found.sentence)
        for found in _skipped(run)
        if host == _reporter(run, found)
    ]


def _reporter(run: Run, found: Disagreement) -> str:
    """Return the host that names a disagreement: the repository, or one of its remotes where --limit leaves it out."""
    here = [host for host in (found.repository, *found.hosts) if host in run.fleet["run"] and skips(run, host)]
    return here[0]


_DISAGREEING = "{0}: this run has left out datasource {1} on {2} and on all remotes of this repository: {3}"
_LEFT_OUT = "{0}: this run has left out datasource {1}{2}, which the host refuses: {3}"
_AND_REMOTES = " here and on all remotes of this repository"
