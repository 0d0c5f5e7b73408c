# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts need a part of C(site.yml), by what the run knows when the part begins."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Sequence

from ansible.errors import AnsibleFilterError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._archivist import plan_archivist
from ansible_collections.pgfleet.powa.plugins.plugin_utils._collector import collector_plan
from ansible_collections.pgfleet.powa.plugins.plugin_utils._connected import is_unproven
from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import is_standby
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import manages
from ansible_collections.pgfleet.powa.plugins.plugin_utils._markers import plan_cleanup
from ansible_collections.pgfleet.powa.plugins.plugin_utils._preflight import check_host
from ansible_collections.pgfleet.powa.plugins.plugin_utils._refused import left_out, stops
from ansible_collections.pgfleet.powa.plugins.plugin_utils._remote import plan_remote
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rendered import MANAGED
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository import (
    checks_exact,
    datasources_to_pause,
    plan_repository,
    resumes,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_servers import (
    deletions_wait,
    servers_to_delete,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rotation import OUTSIDE, kept_password, rotated_by
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rotation_steps import rotating
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import FLEET, Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._unsettled import unsettled
from ansible_collections.pgfleet.powa.plugins.plugin_utils._web import web_plan

#: The group of the hosts that the rest of a run leaves out.
LOST = "pgfleet_lost"
#: A pattern of no host.
NOBODY = "all:!all"


def _needs_check(run: Run, host: str) -> bool:
    check = check_host(run, host)
    return bool(check["problems"] or check["said"] or is_standby(run.seen(host)))


def _managed(run: Run, host: str) -> str:
    return str(run.of_host(host).get("ansible_managed") or MANAGED)


#: What site.yml calls a part -> whether a host needs it.
NEEDS: Dict[str, Callable[[Run, str], bool]] = {
    "outside": lambda run, host: bool(run.fleet["outside"]),
    "check": _needs_check,
    "unsettled": lambda run, host: bool(unsettled(run, host)["datasources"]),
    "unsettled_late": lambda run, host: bool(unsettled(run, host, late=True)["datasources"]),
    "stop": stops,
    "left_out": lambda run, host: bool(left_out(run, host)),
    "exact": checks_exact,
    "install": lambda run, host: plan_archivist(run, host).todo,
    "restart": lambda run, host: plan_archivist(run, host).careful,
    "pending": lambda run, host: bool(plan_archivist(run, host).pending),
    "pause": lambda run, host: bool(datasources_to_pause(run, host)),
    "resume": resumes,
    "remote_access": lambda run, host: plan_remote(run, host)["lacks_access"],
    "repository_access": lambda run, host: plan_repository(run, host)["lacks_access"],
    "paused": lambda run, host: bool(plan_repository(run, host)["paused"]),
    "delete": lambda run, host: bool(servers_to_delete(run, host)) and not deletions_wait(run, host),
    "delete_later": lambda run, host: bool(deletions_wait(run, host)),
    "cleanup": lambda run, host: plan_cleanup(run, host).todo,
    "rotate": lambda run, host: bool(rotating(run, host)),
    "rotate_outside": lambda run, host: rotated_by(run, host) == OUTSIDE,
    "kept_password": lambda run, host: bool(kept_password(run, host)),
    "collector": lambda run, host: bool(collector_plan(run, host, _managed(run, host))["todo"]),
    "collector_restart": lambda run, host: (
        bool(run.result(host, "__collector_workers").get("restart_required")) and manages(run.variables(host))
    ),
    "collector_connected": lambda run, host: not run.check_mode and is_unproven(run, host),
    "web": lambda run, host: bool(web_plan(run, host, _managed(run, host))["todo"]),
    "web_answer": lambda run, host: not run.check_mode,
}


def part_hosts(
    wanted: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    hostvars: Mapping[str, Any],
    need: str = "",
    check_mode: bool = False,
    first: str = "",
) -> List[str]:
    """Return the hosts of a part, as the C(hosts) of a play takes them, in the order of the inventory.

    :param wanted: the groups that the part is for
    :param need: a name of C(NEEDS), or an empty text if every host needs the part
    :param first: the same, of hosts that come before the others
    :raises AnsibleFilterError: if the need has no such name
    """
    if need and need not in NEEDS:
        raise AnsibleFilterError("a part of site.yml needs {0!r}, but must need one of {1}".format(need, list(NEEDS)))
    lost = list(groups.get(LOST, ()))
    hosts = [
        host for host in dict.fromkeys(host for name in wanted for host in groups.get(name, ())) if host not in lost
    ]
    if need or first:
        known = (hostvars[host] for host in hosts if host in hostvars)
        fleet = next((variables[FLEET] for variables in known if FLEET in variables), None)
        run = None if fleet is None else Run(fleet, hostvars, lost, check_mode)
        hosts = [host for host in hosts if run is not None and (not need or _needs(need, run, host))]
        if first and run is not None:
            hosts.sort(key=lambda host: not _needs(first, run, host))
    return hosts or [NOBODY]


def _needs(need: str, run: Run, host: str) -> bool:
    """Tell whether a host needs a part. Where that cannot be told, the part runs, and fails for this host alone."""
    if host not in run.fleet["run"]:
        return False
    try:
        return NEEDS[need](run, host)
    except Exception:  # pylint: disable=broad-except
        return True
