# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which line of pg_hba.conf decides a login, and which lines a server lacks.

The controller plans with this code, too, so it decides the same before a task runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._hba.decide import Decision, decide, first_of
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.match import Client, Line, Server, is_regex
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.rules import Rule, network
from ansible_collections.pgfleet.powa.plugins.module_utils._host.names import is_name

#: A client of which nothing is known. Only a line for all addresses lets it in.
_SOMEWHERE = Client("")
#: Where a new line goes if an earlier one decides otherwise. A line that is not in the way always stays before it.
FIRST, LAST = "first", "last"


@dataclass(frozen=True)
class Outcome:
    """What becomes of a rule, whose address may be a name with several addresses.

    :param decisions: one for each address; none if the name has none, and somebody from elsewhere is not let in, too
    :param added: the rules that are written, with a name or with addresses
    :param before: for each of these the line before which it has to go, or None if it may go to the end
    """

    rule: Rule
    decisions: Sequence[Decision]
    added: Sequence[Rule] = ()
    before: Sequence[Optional[Line]] = ()

    @property
    def admitting(self) -> Optional[Line]:
        """The line that lets it in already; of several addresses, that of the first."""
        return self.decisions[0].admitting if self.decisions and not self.added else None

    @property
    def blocked(self) -> List[Line]:
        """The lines that keep out what is added."""
        return [decision.blocked for decision in self.decisions if decision.blocked]


def outcome(rule: Rule, server: Server) -> Outcome:
    """Return what becomes of a rule, and what is written for it."""
    clients = _clients(rule, server)
    if not clients:
        anywhere = decide(rule, _SOMEWHERE, server)
        return Outcome(rule, [anywhere] if anywhere.admitting else [])
    decisions = [decide(rule.at(client.address), client, server) for client in clients]
    lacking = [decision for decision in decisions if decision.admitting is None]
    before = [decision.blocked for decision in lacking]
    # A line with the name would let in those addresses by another type, too, for which there is a line already.
    if len(lacking) == len(decisions) and is_name(rule.address) and _is_reverse_name(rule.address, clients):
        return Outcome(rule, decisions, [rule], [first_of(before, server)])
    return Outcome(rule, decisions, [decision.rule for decision in lacking], before)


def outcomes(rules: Iterable[Rule], server: Server) -> List[Outcome]:
    """Return what becomes of each rule."""
    return [outcome(rule, server) for rule in rules]


def problems(found: Sequence[Outcome], server: Server, position: str) -> List[str]:
    """Return why nothing can be written, one sentence each. Without a line to write, only unknown names are one."""
    unknown = [_unresolved(each.rule) for each in found if not each.decisions]
    lacking = [each for each in found if each.added]
    wrong = file_errors(server)
    if wrong or not lacking:
        return list(dict.fromkeys([*wrong, *unknown]))
    unknown += [sentence for each in lacking for sentence in _unwritable(each.rule, server)]
    if server.hba_file in server.generated:
        return [*dict.fromkeys(unknown), _generated(lacking, server)]
    return list(dict.fromkeys([*unknown, *(in_the_way(lacking) if position == LAST else [])]))


def file_errors(server: Server) -> List[str]:
    """Return what keeps PostgreSQL from loading the file, one sentence for each line."""
    return [
        "{0} has an error ({1}), and PostgreSQL loads no file with one: correct the line".format(
            place_of(line), line["error"]
        )
        for line in server.lines
        if is_wrong(line)
    ]


def is_wrong(line: Line) -> bool:
    """Return whether a line keeps PostgreSQL from loading the file."""
    return bool(line["error"]) and line["type"] is None


def resolved(found: Iterable[Outcome], server: Server) -> Dict[str, List[str]]:
    """Return name of a rule -> its addresses."""
    names = [each.rule.address for each in found if is_name(each.rule.address)]
    return {name: [network(entry["address"]) for entry in server.clients.get(name, ())] for name in names}


def replaced_names(found: Iterable[Outcome], server: Server) -> List[str]:
    """Return for each name that is written as addresses why that is so, one sentence each."""
    sentences = []
    for each in found:
        name = each.rule.address
        if is_name(name) and each.added and each.rule not in each.added:
            seen = ", ".join(
                "{0} is {1}".format(entry["address"], entry["name"] or "without a name")
                for entry in server.clients[name]
            )
            why = "its other addresses are let in already"
            if not _is_reverse_name(name, _clients(each.rule, server)):
                why = (
                    "PostgreSQL compares a line with the name that it finds for the client's address, and on this"
                    " server {0}".format(seen)
                )
            written = ", ".join(rule.address for rule in each.added)
            sentences.append("{0} is written as {1}, because {2}".format(name, written, why))
    return list(dict.fromkeys(sentences))


def partial_conflicts(found: Iterable[Outcome]) -> List[str]:
    """Return which lines keep out, or may keep out, a part of what the rules want, one sentence each."""
    return list(
        dict.fromkeys(
            "{0} ({1}) comes first and blocks, or may block, some logins of {2}; the task leaves it alone".format(
                place_of(line), text_of(line), decision.rule.login
            )
            for each in found
            for decision in each.decisions
            for line in decision.partly
        )
    )


def stricter_lines(found: Iterable[Outcome]) -> List[str]:
    """Return which lines let a client in only if it has more than the rules say, one sentence each."""
    return list(
        dict.fromkeys(
            "{0} ({1}) lets in {2} only with {3}, and no line is added beside it: see that the client has that, or add"
            " a line before it".format(
                place_of(decision.admitting), text_of(decision.admitting), decision.rule.login, decision.only
            )
            for each in found
            for decision in each.decisions
            if decision.admitting and decision.only
        )
    )


def place_of(line: Line) -> str:
    """Return how a sentence names a line."""
    return "{0}, line {1}".format(line["file"], line["line"])


def text_of(line: Line) -> str:
    """Return a line as PostgreSQL has understood it."""
    words = [line["type"], ",".join(line["databases"]), ",".join(line["users"]), _address_of(line), line["method"]]
    return " ".join(str(word) for word in [*words, *line["options"]] if word)


def _address_of(line: Line) -> str:
    address, netmask = line["address"] or "", line["netmask"]
    if not netmask:
        return str(address)
    prefix = bin(int(ip_network(netmask).network_address)).count("1")
    try:
        return str(ip_network("{0}/{1}".format(address, prefix), strict=False))
    except ValueError:
        return "{0} {1}".format(address, netmask)


def _clients(rule: Rule, server: Server) -> List[Client]:
    found: Optional[Sequence[Mapping[str, Any]]] = server.clients.get(rule.address)
    if is_name(rule.address):
        return [Client(network(entry["address"]), entry["name"], True) for entry in found or ()]
    return [Client(rule.address, found[0]["name"], True) if found else Client(rule.address)]


def _is_reverse_name(name: str, clients: Sequence[Client]) -> bool:
    """Return whether a line with the name would match each of its addresses."""
    return all((client.name or "").lower() == name.lower() for client in clients)


def _unresolved(rule: Rule) -> str:
    return (
        "this server cannot resolve {0}, from which role {1} logs in: make the name known here, or declare the address"
        " (powa_host of that host, or powa_collector_addresses, powa_web_addresses or powa_reader_addresses here)"
    ).format(rule.address, rule.user)


def _unwritable(rule: Rule, server: Server) -> List[str]:
    """Return which names no line can have, one sentence each."""
    return [
        "{0} {1} cannot be named in pg_hba.conf, where PostgreSQL 16 and later take a name with a slash at its"
        " beginning for a regular expression: rename it, or let it in by a line of your own".format(what, name)
        for what, name in (("role", rule.user), ("database", rule.database))
        if name and is_regex(name, server)
    ]


def _generated(lacking: Sequence[Outcome], server: Server) -> str:
    tool = server.generated[server.hba_file]
    lines = "; ".join(" ".join(rule.line.split()) for each in lacking for rule in each.added)
    blocking = first_of([line for each in lacking for line in each.blocked], server)
    before = " before {0}".format(text_of(blocking)) if blocking else ""
    return "{0} is written by {1}, which would remove our lines: add to {2}{3}: {4}".format(
        server.hba_file, tool, _WHERE.get(tool, "its configuration"), before, lines
    )


_WHERE = {"Patroni": "postgresql.pg_hba of Patroni's configuration"}


def in_the_way(lacking: Sequence[Outcome]) -> List[str]:
    """Return a sentence for each line that comes before what is missing."""
    blocked: Dict[str, Dict[str, None]] = {}
    for each in lacking:
        for line in each.blocked:
            words, login = (
                "{0} ({1})".format(place_of(line), text_of(line)),
                "{0} by {1}".format(each.rule.login, each.rule.method),
            )
            blocked.setdefault(words, {})[login] = None
    return [
        "{0} decides first and does not let in {1}: set powa_hba_position (option position) to first, which puts the"
        " new line before it, or correct that line".format(line, ", ".join(logins))
        for line, logins in blocked.items()
    ]
