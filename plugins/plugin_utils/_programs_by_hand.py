# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody else has to do for powa-collector and powa-web, where Ansible may not change their host."""

from __future__ import annotations

from typing import Any, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._collector import SERVICE, collector_plan
from ansible_collections.pgfleet.powa.plugins.plugin_utils._files import changed_files
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import manages, why_not
from ansible_collections.pgfleet.powa.plugins.plugin_utils._paths import COLLECTOR_PASSWORDS, WEB_PASSWORDS
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._web import web_plan

_WEB = "powa-web"


def collector_by_hand(run: Run, host: str) -> List[str]:
    """Return what the host of a collector lacks, in at most one sentence."""
    if host not in run.fleet["collectors"] or manages(run.variables(host)):
        return []
    plan = collector_plan(run, host)
    return _sentence(run, host, SERVICE, plan, COLLECTOR_PASSWORDS, plan["restart"])


def web_by_hand(run: Run, host: str) -> List[str]:
    """Return what the host of powa-web lacks, in at most one sentence."""
    if host not in run.fleet["web"] or manages(run.variables(host)):
        return []
    return _sentence(run, host, _WEB, web_plan(run, host), WEB_PASSWORDS)


def _sentence(
    run: Run, host: str, name: str, plan: Mapping[str, Any], passwords: str, restart: bool = False
) -> List[str]:
    seen = run.seen(host)
    todo = ["install {0}".format(name)] if plan["install"] else []
    todo += _files(seen, plan["files"])
    if (seen.get("files", {}).get(passwords) or {}).get("as_expected") is False:
        todo.append("write the passwords of the inventory to {0}".format(passwords))
    unit = seen.get("units", {}).get(name, {})
    if (unit.get("enabled"), unit.get("active")) != ("enabled", "active"):
        todo.append("run systemctl enable --now {0}".format(name))
    elif restart:
        todo.append("run systemctl restart {0}".format(name))
    if not todo:
        return []
    return ["{0} is not as declared, and {1}: {2}".format(name, why_not(run.variables(host)), ", ".join(todo))]


def _files(seen: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> List[str]:
    """Return the files to write. What the user who reads the host cannot see may be right."""
    hidden = list(seen.get("unseen", ()))
    wanted = [file for file in files if file["state"] == "present"]
    differing = [file["path"] for file in changed_files(seen.get("files", {}), wanted)]
    return ["write {0}".format(path) for path in differing if not any(path in sentence for sentence in hidden)]
