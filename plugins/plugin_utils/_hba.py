# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The logins of the collector, powa-web and the reader that pg_hba.conf has to let in, and whether it does."""

from __future__ import annotations

from typing import Any, Iterable, List, Mapping, Optional, Sequence, Set

from ansible_collections.pgfleet.powa.plugins.module_utils._hba import plan
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.match import Line, Server
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.rules import Entry, Rule, network, parse_rules
from ansible_collections.pgfleet.powa.plugins.module_utils._host.names import is_name
from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import server_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

#: Role -> what it is a member of.
Groups = Mapping[str, Sequence[str]]

#: The method that asks for a certificate in place of a password.
CERTIFICATE = "cert"
_LOOPBACK = ("127.0.0.1/32", "::1/128")


def collector_addresses(run: Run, repository: str, host: str, to_remotes: bool) -> List[str]:
    """Return the addresses that a repository's collector connects from, as the pg_hba.conf of a host writes them.

    :param to_remotes: whether it connects to a remote, and not to the repository
    """
    own = run.variables(host).get("powa_collector_addresses")
    if own is not None:
        return _unique(network(address) for address in own)
    return _unique(
        address
        for name, collector in run.fleet["collectors"].items()
        if collector["repository"] == repository
        for address in _addresses_of(name, collector, host, to_remotes)
    )


def web_addresses(run: Run, repository: str, host: str, to_remotes: bool) -> List[str]:
    """Return the addresses that the powa-web of a repository connects from, as the pg_hba.conf of a host writes them.

    :param to_remotes: whether it connects to a remote, which only some do, and not to the repository
    """
    own = run.variables(host).get("powa_web_addresses")
    if own is not None:
        return _unique(network(address) for address in own)
    return _unique(
        address
        for name, web in run.fleet["web"].items()
        if repository in web["repositories"] and (web["remote_access"] or not to_remotes)
        for address in _addresses_of(name, web, host, to_remotes)
    )


def reader_addresses(run: Run, host: str) -> List[str]:
    """Return the addresses that the reader connects from: without a list of them, those of the repository itself."""
    own = run.variables(host).get("powa_reader_addresses")
    return _unique(_LOOPBACK if own is None else map(network, own))


def clients_of(run: Run, host: str) -> List[str]:
    """Return the addresses from which anybody of the fleet logs in to a host, names among them."""
    remote = run.fleet["remotes"].get(host)
    found: List[str] = []
    if remote:
        found += collector_addresses(run, remote["repository"], host, to_remotes=True)
        found += web_addresses(run, remote["repository"], host, to_remotes=True)
    if host in run.fleet["repositories"]:
        found += collector_addresses(run, host, host, to_remotes=False)
        found += web_addresses(run, host, host, to_remotes=False)
        found += map(network, run.variables(host).get("powa_reader_addresses") or ())
    return _unique(found)


def wanted(variables: Mapping[str, Any], database: Optional[str], user: str, addresses: Iterable[str]) -> List[Entry]:
    """Return the logins of a role, one for each address, as module hba_rules takes them.

    :param database: None for all
    """
    contype, method = variables["powa_hba_contype"], variables["powa_hba_method"]
    return [Rule(contype, database, user, address, method).entry for address in _unique(addresses)]


def hba_todo(entries: Sequence[Entry], seen: Mapping[str, Any], groups: Groups) -> bool:
    """Return whether a login is not let in, or the server has not loaded what the file says.

    :param groups: role -> what it is a member of when it logs in
    """
    server = server_of(seen)
    if not server or server["unread"]:
        return True
    found = plan.outcomes(parse_rules(entries)[0], server_view(seen, groups))
    return any(each.added or not each.decisions for each in found)


def hba_problems(entries: Sequence[Entry], seen: Mapping[str, Any], groups: Groups, position: str) -> List[str]:
    """Return why module hba_rules would fail on a host, one sentence each."""
    rules, problems = parse_rules(entries)
    if problems:
        return problems
    server = server_view(seen, groups)
    return plan.problems(plan.outcomes(rules, server), server, position)


def hba_by_hand(entries: Sequence[Entry], seen: Mapping[str, Any], groups: Groups, why: str) -> List[str]:
    """Return which lines somebody else has to add, one sentence each.

    :param why: what in the inventory says that no task does it
    """
    rules, problems = parse_rules(entries)
    if problems:
        return problems
    server = server_view(seen, groups)
    found = plan.outcomes(rules, server)
    lacking = [(rule, before) for each in found for rule, before in zip(each.added, each.before)]
    return plan.file_errors(server) + [
        '{0} does not let in {1}, and {2}: add the line "{3}"{4}, and reload PostgreSQL'.format(
            server.hba_file,
            rule.login,
            why,
            rule.line,
            " before line {0}".format(before["line"]) if before else "",
        )
        for rule, before in lacking
    ]


def stricter_lines(entries: Sequence[Entry], seen: Mapping[str, Any], groups: Groups) -> List[str]:
    """Return which lines let a login in only if the client has more than a password, one sentence each."""
    return plan.stricter_lines(plan.outcomes(parse_rules(entries)[0], server_view(seen, groups)))


def added_roles(entries: Sequence[Entry], seen: Mapping[str, Any], groups: Groups) -> Set[str]:
    """Return the roles for which a line is added."""
    found = plan.outcomes(parse_rules(entries)[0], server_view(seen, groups))
    return {each.rule.user for each in found if each.added}


def certificate_roles(entries: Sequence[Entry], seen: Mapping[str, Any], groups: Groups) -> Set[str]:
    """Return the roles that a line, added or there, compares with the common name of a certificate."""
    found = plan.outcomes(parse_rules(entries)[0], server_view(seen, groups))
    return {
        each.rule.user
        for each in found
        if each.rule.method == CERTIFICATE
        and (each.added or any(_compares(decision.admitting) for decision in each.decisions if decision.admitting))
    }


def _compares(line: Line) -> bool:
    mapped = any(option.startswith(("map=", "clientname=")) for option in line["options"] or ())
    return bool(line["method"] == CERTIFICATE) and not mapped


def server_view(seen: Mapping[str, Any], groups: Groups) -> Server:
    """Return what was read of a host, as far as it decides who is let in. Before PostgreSQL runs, it has no lines."""
    server = server_of(seen)
    return Server(
        version_num=server.get("version_num") or 0,
        hba_file=server.get("hba_file") or "",
        lines=server.get("hba") or [],
        member_of=groups,
        clients=seen["client_addresses"],
        generated=server.get("generated") or {},
    )


def _addresses_of(name: str, client: Mapping[str, Any], host: str, to_remotes: bool) -> List[str]:
    """Return where a host connects from. A socket needs no line, and localhost is a name of the loopback addresses."""
    address = client["address"]
    own = [] if address == "localhost" or address.startswith("/") else [network(address)]
    if name != host:
        return own
    # To the repository of its own host it connects as localhost, so nobody has to know its name there, except TLS.
    named = to_remotes or client.get("by_name")
    return [each for each in own if named or not is_name(each)] + list(_LOOPBACK)


def _unique(addresses: Iterable[str]) -> List[str]:
    return list(dict.fromkeys(addresses))
