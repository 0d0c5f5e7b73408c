# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the doctor and the report read on each host, and what they have read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple, Union

from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._diagnosis import parse_ignored
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import MANAGING, manages, why_not
from ansible_collections.pgfleet.powa.plugins.plugin_utils._notices import wrong_webhooks
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import SITE_ROLES, options_of, read_some

#: The variable of a host -> those of the files there.
_FILES = {"powa_doctor_host": ("powa_doctor_json", "powa_doctor_metrics"), "powa_report_host": ("powa_report_path",)}
_SLICE = "this run is {0}, so it sees only a part of the fleet: set the template's job slicing to 1"
#: What the tasks of the roles register: results of server_info, host_info and history_info.
_INFO, _HOST, _HISTORY = "__doctor_info", "__doctor_host", "__report_history"


@dataclass(frozen=True)
class DoctorPlan:
    """What the doctor reads on a host.

    :param reads_powa: whether the host has a database of PoWA
    :param server_kind: the sides of datasources that belong there, or None for those that are there
    :param is_remote: whether it has a monitoring role
    :param is_repository: whether it has a collector's role, and a collector to ask
    :param is_collector: whether powa-collector runs there
    :param reads_host: whether it is a collector's host or one of powa-web
    :param resolve_names: those that the host has to resolve
    :param refused: what is wrong with the variables of the doctor and of the report, one sentence each
    :param inventory_problems: what is wrong with the inventory and the variables of its hosts, one sentence each
    """

    reads_powa: bool
    server_kind: Union[None, List[str]]
    is_remote: bool
    is_repository: bool
    is_collector: bool
    reads_host: bool
    resolve_names: List[str]
    refused: List[str]
    inventory_problems: List[str]


def doctor_plan(
    run: Run, host: str, ignore: Any = None, webhooks: Optional[Mapping[str, str]] = None
) -> Dict[str, Any]:
    """Return what the doctor reads on a host.

    :param ignore: the kinds of problems that a user leaves out
    :param webhooks: the addresses of webhooks by their variables, which are secrets, so the fleet does not have them
    """
    groups = run.groups(host)
    is_remote, is_repository = "powa_remotes" in groups, "powa_repositories" in groups
    is_local = run.variables(host)["powa_mode"] == "local"
    is_collector = "powa_collectors" in groups
    return asdict(
        DoctorPlan(
            reads_powa=is_remote or is_repository,
            server_kind=["repository"] if is_repository and not (is_remote or is_local) else None,
            is_remote=is_remote,
            is_repository=is_repository,
            is_collector=is_collector,
            reads_host=is_collector or "powa_web" in groups,
            resolve_names=list(dict.fromkeys(name for name in _names(run, host) if name and not name.startswith("/"))),
            refused=[*_refused(ignore), *wrong_webhooks(webhooks or {}), *_wrong(run.fleet), *_of_files(run, host)],
            inventory_problems=_inventory_problems(run.fleet),
        )
    )


def _names(run: Run, host: str) -> Iterator[str]:
    """Return the names of a host's repositories, and of the servers that are registered there."""
    collector, web = run.fleet["collectors"].get(host), run.fleet["web"].get(host)
    repositories = ([collector["repository"]] if collector else []) + (web["repositories"] if web else [])
    connects = collector is not None or (web is not None and web["remote_access"])
    for repository in repositories:
        # A problem of the inventory says so.
        if repository not in run.fleet["hosts"]:
            continue
        if repository != host:
            given = run.variables(host).get("powa_repository_host") if collector else None
            yield str(given or run.variables(repository)["powa_host"])
        for server in run.result(repository, _INFO).get("servers") or () if connects else ():
            # Servers without a number are the repository itself.
            if server["srvid"] and server["enabled"]:
                yield str(server["hostname"])


def looks(run: Run, hosts: Sequence[str]) -> Dict[str, Dict[str, Any]]:
    """Return of each host its groups and what was read there, as C(diagnose) takes it."""
    return {
        host: {"groups": run.groups(host), "info": run.result(host, _INFO), "host": run.result(host, _HOST)}
        for host in hosts
    }


def reported_repositories(run: Run, hosts: Sequence[str]) -> List[Dict[str, Any]]:
    """Return of each repository its state and what its datasources have collected."""
    return [
        {"host": host, "info": run.result(host, _INFO), "history": run.result(host, _HISTORY)}
        for host in hosts
        if "powa_repositories" in run.groups(host)
    ]


def _inventory_problems(fleet: Mapping[str, Any]) -> List[str]:
    """Return what is wrong with the inventory, and with the variables of each host, one sentence each."""
    own = _own_variables()
    # What the inventory of a slice lacks, the whole one may have.
    found = [_SLICE.format(fleet["slice"])] if fleet.get("slice") else [*fleet["problems"]]
    for host, name, problem in _problems_of_variables(fleet):
        if name not in own:
            found.append("{0}: {1}".format(host, problem))
    return list(dict.fromkeys(found))


def _problems_of_variables(fleet: Mapping[str, Any]) -> Iterator[Tuple[str, str, str]]:
    """Return host, variable and sentence of each wrong value."""
    for host, entry in fleet["hosts"].items():
        for name, problem in zip(entry["wrong"], entry["problems"]):
            yield host, name, problem


def _own_variables() -> Set[str]:
    """Return the variables that say what the doctor and the report do, and nothing of the fleet."""
    return set(options_of(("doctor", "report"))) - set(options_of(SITE_ROLES))


def _wrong(fleet: Mapping[str, Any]) -> List[str]:
    """Return what is wrong with these variables, each once: it is the same on all hosts, most of the time.

    Which words the list of kinds may have is said in another sentence.
    """
    own = _own_variables() - {"powa_doctor_ignore"}
    found: Dict[str, str] = {}
    for host, name, problem in _problems_of_variables(fleet):
        if name in own:
            found.setdefault(problem, "{0}: {1}".format(host, problem))
    return list(found.values())


def _of_files(run: Run, host: str) -> Iterator[str]:
    """Return why files cannot be written on the host that a user names."""
    variables = run.variables(host)
    for option, paths in _FILES.items():
        name = variables.get(option)
        if not name:
            continue
        if name not in run.hostvars:
            yield "{0} is {1}, which is not in the inventory: set it to a host of the inventory".format(option, name)
        else:
            for reason in _why_unwritten(run, name):
                yield "{0} is {1}, and {2}".format(option, name, reason)
        if option == "powa_report_host" and not variables.get("powa_report_path"):
            yield "powa_report_host is {0}, but powa_report_path is empty: set it to a file there".format(name)
        for path in paths:
            if variables.get(path) and not variables[path].startswith("/"):
                yield "{0} is {1}: set it to an absolute path, as it is one of {2}".format(path, variables[path], name)


def _why_unwritten(run: Run, host: str) -> List[str]:
    """Return why a run may write no file on a host, which may be in none of the four groups."""
    if host in run.fleet["hosts"]:
        variables = run.variables(host)
    else:
        variables, problems = read_some(MANAGING, run.of_host(host))
        if problems:
            return list(problems.values())
    return [] if manages(variables) else [why_not(variables) + ": choose another host"]


def _refused(ignore: Any) -> List[str]:
    """Return why the kinds that a user leaves out are none, in at most one sentence."""
    if ignore is not None and not isinstance(ignore, (str, list, tuple)):
        return ["powa_doctor_ignore: found {0}, expected a list of kinds: correct it, or leave it empty".format(ignore)]
    try:
        parse_ignored(ignore)
    except PowaError as error:
        return [str(error)]
    return []
