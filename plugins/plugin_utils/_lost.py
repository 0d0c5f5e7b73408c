# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why the rest of a run leaves a host out: it failed, or Ansible could not reach it."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional

from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import SEEN, Run

#: What the tasks of the roles register, by the start of the name. Those of role repository also run for one that
#: --limit leaves out, delegated by a remote: then it is not the remote that cannot be reached.
_OWN = ("__common_seen", "__common_logged_in", "__common_hba_", "__archivist_", "__remote_", "__collector_", "__web_")
_REPOSITORY = "__repository_"

#: A message may hold the whole output of a command.
_LONGEST = 1000


class Failure(NamedTuple):
    """A task that failed, and its result."""

    task: str
    result: Mapping[str, Any]


def unreached(run: Run) -> Dict[str, str]:
    """Return the hosts that a task could not reach or read, and why, but none that the run has left out before."""
    left_out = set(run.lost)
    found = {}
    for host in run.fleet["run"]:
        if host not in left_out and host in run.hostvars:
            variables = run.hostvars[host]
            message = _unreachable(run, host, variables) or _unread(variables)
            if message is not None:
                found[host] = message
    return found


def failed(run: Run, host: str, failure: Failure) -> str:
    """Return why a host has failed: the task could not reach it, or what the task said."""
    message = _unreachable(run, host, run.hostvars[host]) if host in run.hostvars else None
    return message or "{0}: {1}".format(failure.task, _message(host, failure.result))


def unreachable(result: Mapping[str, Any]) -> str:
    """Return why a host is left out that a task could not reach."""
    # What Ansible 2.19 and newer begin with says nothing.
    message = one_line(result.get("msg", ""))
    return "Ansible cannot reach this host: " + re.sub("^Task failed: ", "", message)


def _unreachable(run: Run, host: str, variables: Mapping[str, Any]) -> Optional[str]:
    return next(map(unreachable, _unreachable_results(run, host, variables)), None)


def _unread(variables: Mapping[str, Any]) -> Optional[str]:
    """Return why the task that reads a host failed, which the task itself takes for no failure.

    Where Ansible cannot evaluate how to connect, the rescue of a part fails as well, and no other play has the host.
    """
    result = variables.get(SEEN)
    if not isinstance(result, Mapping) or not result.get("failed"):
        return None
    return "Ansible cannot read this host: " + one_line(result.get("msg", ""))


def _unreachable_results(run: Run, host: str, variables: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    prefixes = (*_OWN, _REPOSITORY) if host in run.fleet["repositories"] else _OWN
    for name in variables:
        if name.startswith(prefixes):
            result = variables[name]
            if isinstance(result, Mapping) and result.get("unreachable"):
                parts = [each for each in result.get("results") or () if each.get("unreachable")]
                yield (parts or [result])[0]


def _message(host: str, result: Mapping[str, Any]) -> str:
    """Return what a failed task said; for a loop, what each failed item said."""
    said: List[str] = []
    for each in result.get("results") or [result]:
        if each.get("failed"):
            text = each.get("msg") or each.get("censored") or "the task failed without a message"
            error = each.get("stderr") or each.get("module_stderr")
            text = one_line(": ".join(map(str, filter(None, [text, error]))))
            said.append(text[len(host) + 2 :] if text.startswith(host + ": ") else text)
    text = "; ".join(dict.fromkeys(said)) or "the task failed without a message"
    if result.get("problems"):
        # Those of our modules, each of which the user has to see.
        return "; ".join(map(one_line, result["problems"]))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def one_line(text: Any) -> str:
    """Return a text with single spaces."""
    return re.sub(r"\s+", " ", str(text)).strip()
