# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The logins that pg_hba.conf has to let in, as a task declares them, and the lines that are written for them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._host.names import KEYWORDS, is_name, network_of

#: The types of a line that the collection writes.
CONTYPES = ("host", "hostssl", "hostnossl", "hostgssenc")

#: What pg_hba.conf reads as more than a name.
_WORDS = ("all", "sameuser", "samerole", "samegroup", "replication")
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
_HOST_NAME = re.compile(r"\.?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")
_METHOD = re.compile(r"[a-z][a-z0-9-]*")
#: IPv4 as addresses of IPv6.
_MAPPED = ip_network("::ffff:0:0/96")
_CONTROL = re.compile("[\0-\x1f\x7f]")

#: A login as a module's option or a filter has it: contype, database (None for all), user, address, method.
Entry = Dict[str, Optional[str]]


@dataclass(frozen=True)
class Rule:
    """A login that should be let in.

    :param contype: one of C(CONTYPES)
    :param database: None for all
    :param address: a network with its prefix, a keyword, the name of a host, or the end of names
    """

    contype: str
    database: Optional[str]
    user: str
    address: str
    method: str

    @property
    def line(self) -> str:
        """The line of pg_hba.conf."""
        database = "all" if self.database is None else quoted(self.database)
        columns = (self.contype, database, quoted(self.user), self.address, self.method)
        line = "{0:<7} {1:<15} {2:<15} {3:<23} {4}".format(*columns)
        if "\n" in line or "\r" in line:
            raise ValueError("{0} is more than one line".format(ascii(line)))
        return line

    @property
    def login(self) -> str:
        """How a sentence names it."""
        database = "all databases" if self.database is None else "database {0}".format(self.database)
        return "role {0} from {1} to {2}".format(self.user, self.address, database)

    @property
    def entry(self) -> Entry:
        """The rule as plain data."""
        return {
            "contype": self.contype,
            "database": self.database,
            "user": self.user,
            "address": self.address,
            "method": self.method,
        }

    def at(self, address: str) -> "Rule":
        """Return the same rule for another address."""
        return replace(self, address=address)


def parse_rules(entries: Iterable[Mapping[str, Any]]) -> Tuple[List[Rule], List[str]]:
    """Return the rules of a task, each once, and every problem."""
    rules = [
        Rule(entry["contype"], entry["database"], entry["user"], network(entry["address"]), entry["method"])
        for entry in entries
    ]
    problems = [
        "rule {0}, role {1}: {2}".format(position, ascii(rule.user), problem)
        for position, rule in enumerate(rules, 1)
        for problem in _problems(rule)
    ]
    return list(dict.fromkeys(rules)), problems


def method_problem(contype: str, method: str) -> Optional[str]:
    """Return why no line may have a method and a type of connection together: the rest of a sentence about both."""
    if method == "reject":
        return "which lets nobody in: give one that does, such as scram-sha-256"
    if method == "peer":
        return "which is for connections through a socket only: give one for TCP, such as scram-sha-256"
    if method == "cert" and contype != "hostssl":
        return (
            "which PostgreSQL takes only in lines of type hostssl, but the type is {0}: set powa_hba_contype (option"
            " contype) to hostssl"
        ).format(contype)
    if not _METHOD.fullmatch(method):
        return "which is not a method of pg_hba.conf: give one without options, such as scram-sha-256"
    return None


def network(address: str) -> str:
    """Return an address with its prefix, and a name as it is.

    PostgreSQL compares a client with IPv4 only with such lines, so an address of it in IPv6 is written as what it is.
    """
    found = network_of(address)
    if found is not None and found.version == 6 and found.subnet_of(_MAPPED):
        found = ip_network((int(found.network_address) & 0xFFFFFFFF, found.prefixlen - 96))
    return address if found is None else str(found)


def quoted(name: str) -> str:
    """Return the name of a database or a role as pg_hba.conf writes it."""
    if _PLAIN.fullmatch(name) and name not in _WORDS:
        return name
    return '"{0}"'.format(name.replace('"', '""'))


def _problems(rule: Rule) -> Iterable[str]:
    for field, name in (("database", rule.database), ("user", rule.user)):
        if name is not None and (not name or _CONTROL.search(name)):
            yield "found {0} {1}, expected a name on one line: correct it".format(field, ascii(name))
    if not _is_address(rule.address):
        yield (
            "found address {0}, expected an address such as 10.0.0.7 or 10.0.0.0/24, the name of a host, .example.com"
            " for all names that end so, or one of {1}: correct it".format(ascii(rule.address), ", ".join(KEYWORDS))
        )
    problem = method_problem(rule.contype, rule.method)
    if problem:
        yield "found method {0}, {1}".format(ascii(rule.method)[1:-1] or "''", problem)


def _is_address(text: str) -> bool:
    if text in KEYWORDS or network_of(text) is not None:
        return True
    # Whatever looks like an address with a mistake is no name.
    return bool(_HOST_NAME.fullmatch(text)) and not re.fullmatch(r"[0-9.]+", text)


def names_of(rules: Iterable[Rule]) -> List[str]:
    """Return the names of hosts in the rules."""
    return list(dict.fromkeys(rule.address for rule in rules if is_name(rule.address)))
