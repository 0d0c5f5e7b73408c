# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a line of pg_hba.conf is for a login, and whether it lets the login in, as PostgreSQL's hba.c decides it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import ip_network
from typing import Any, Callable, FrozenSet, List, Mapping, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._hba.rules import Rule
from ansible_collections.pgfleet.powa.plugins.module_utils._host.names import network_of
from ansible_collections.pgfleet.powa.plugins.module_utils._host.quotes import without_quotes

#: A line as module host_info returns it.
Line = Mapping[str, Any]

PLAIN, SSL, GSS = "plain", "ssl", "gss"
#: The type of a line -> the kinds of connection that it is for. C(local) is for none that a client has.
_KINDS = {
    "host": frozenset((PLAIN, SSL, GSS)),
    "hostssl": frozenset((SSL,)),
    "hostnossl": frozenset((PLAIN, GSS)),
    "hostgssenc": frozenset((GSS,)),
    "hostnogssenc": frozenset((PLAIN, SSL)),
}
#: The methods that let a login in with the same password, whichever of them it should have.
_BY_PASSWORD = ("scram-sha-256", "md5", "password")

_EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))

#: The first version in which names may be regular expressions.
_WITH_REGEX = 160000
#: What Python and PostgreSQL read differently, or only one of them knows.
_OTHER_REGEX = re.compile(r"\[\[[.:=]|\\[^.\\/^$*+?()\[\]{}|dwsDWS-]|^\*\*\*|\(\?")


class Match(IntEnum):
    """How much of what a login may be a line is for. C(SOME) is also where that is not known."""

    NONE = 0
    SOME = 1
    ALL = 2


@dataclass(frozen=True)
class Client:
    """Where a login comes from.

    :param address: a network with its prefix, a keyword, or the end of names
    :param name: the name that PostgreSQL finds for the address and that leads back to it, or None
    :param name_known: whether the name was looked up
    """

    address: str
    name: Optional[str] = None
    name_known: bool = False


@dataclass(frozen=True)
class Server:
    """What decides which logins a server lets in.

    :param lines: those of its pg_hba.conf, in their order
    :param member_of: role -> the roles that it is a member of, directly or not
    :param clients: what C(read_clients) has returned
    :param generated: path of a file -> the program that writes it
    """

    version_num: int
    hba_file: str
    lines: Sequence[Line]
    member_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    clients: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    generated: Mapping[str, str] = field(default_factory=dict)


def kinds_of(contype: Optional[str]) -> FrozenSet[str]:
    """Return the kinds of connection that a line of a type is for."""
    return _KINDS.get(contype or "", frozenset())


def needed_kinds(contype: str) -> FrozenSet[str]:
    """Return the kinds of which one has to be let in. Few clients encrypt with GSSAPI, so that alone is not enough."""
    kinds = kinds_of(contype)
    return kinds - {GSS} or kinds


def lets_in(wanted: str, method: str) -> bool:
    """Return whether a client that is prepared for one method is let in by a line with another."""
    return method in (wanted, "trust") or (wanted in _BY_PASSWORD and method in _BY_PASSWORD)


def how_far(line: Line, rule: Rule, client: Client, server: Server) -> Match:
    """Return whether a line is for a login, whatever the kind of its connection."""
    if not kinds_of(line["type"]) & kinds_of(rule.contype):
        return Match.NONE
    return min(login_matches(line, rule, server), _address(line, client))


def login_matches(line: Line, rule: Rule, server: Server) -> Match:
    """Return whether a line is for a role and a database, whatever the address."""
    return min(
        _most(line["databases"], lambda word: _database(word, rule, server)),
        _most(line["users"], lambda word: _user(word, rule, server)),
    )


def networks_of(client: Client) -> List[Any]:
    """Return all that the address of a client can be."""
    network = network_of(client.address)
    return list(_EVERYWHERE) if network is None else [network]


def network_of_line(line: Line) -> Any:
    """Return the network that a line is for, or None if it has another kind of address, or a mask with gaps."""
    if not line["netmask"]:
        return None
    address, mask = network_of(line["address"]), network_of(line["netmask"])
    if address is None or mask is None:
        return None
    found = ip_network("{0}/{1}".format(address.network_address, _ones(mask.network_address)), strict=False)
    return found if found.netmask == mask.network_address else None


def _ones(mask: Any) -> int:
    return bin(int(mask)).count("1")


def _most(words: Sequence[str], match: Callable[[str], Match]) -> Match:
    return max((match(word) for word in words), default=Match.NONE)


def _database(word: str, rule: Rule, server: Server) -> Match:
    database = rule.database
    if word == "all":
        return Match.ALL
    if word == "replication":
        return Match.NONE
    if database is None:
        return Match.SOME
    if word == "sameuser":
        return _if(database == rule.user)
    if word in ("samerole", "samegroup"):
        return _if(_is_member(rule.user, database, server))
    return _name(word, database, server)


def _user(word: str, rule: Rule, server: Server) -> Match:
    if word == "all":
        return Match.ALL
    if word.startswith("+"):
        return _if(_is_member(rule.user, word[1:], server))
    return _name(word, rule.user, server)


def _is_member(role: str, group: str, server: Server) -> bool:
    return role == group or group in server.member_of.get(role, ())


def is_regex(word: str, server: Server) -> bool:
    """Return whether a server takes a name for a regular expression, even if it stands in quotes."""
    return word.startswith("/") and server.version_num >= _WITH_REGEX


def _name(word: str, name: str, server: Server) -> Match:
    if not is_regex(word, server):
        return _if(without_quotes(word) == name)
    if _OTHER_REGEX.search(word[1:]):
        return Match.SOME
    try:
        return _if(re.search(word[1:], name) is not None)
    except re.error:
        return Match.SOME


def _address(line: Line, client: Client) -> Match:
    text = (line["address"] or "").lower()
    if text in ("all", client.address.lower()) and not line["netmask"]:
        return Match.ALL
    if line["netmask"]:
        return _in_network(line["address"], line["netmask"], client)
    if text in ("samehost", "samenet"):
        return _among_own(text, client)
    return _named(text, client)


def _in_network(address: str, netmask: str, client: Client) -> Match:
    """Compare the bits of the mask, which need not be one row of them."""
    line, mask, network = network_of(address), network_of(netmask), network_of(client.address)
    if network is None or line is None or mask is None:
        return Match.SOME
    if line.version != network.version:
        return Match.NONE
    bits, own = int(mask.network_address), int(network.netmask)
    differing = int(line.network_address) ^ int(network.network_address)
    if differing & bits & own:
        return Match.NONE
    return Match.ALL if not bits & ~own else Match.SOME


def _among_own(word: str, client: Client) -> Match:
    """Of the server's own addresses and networks only those are known that every server has."""
    if client.address == "samehost":
        return Match.ALL
    network = network_of(client.address)
    return Match.ALL if network is not None and network.num_addresses == 1 and network.is_loopback else Match.SOME


def _named(text: str, client: Client) -> Match:
    if client.address.startswith("."):
        own = client.address.lower()
        if text.startswith(".") and own.endswith(text):
            return Match.ALL
        return Match.SOME if text.endswith(own) else Match.NONE
    network = network_of(client.address)
    if network is None or network.num_addresses > 1 or not client.name_known:
        return Match.SOME
    name = (client.name or "").lower()
    return _if(name.endswith(text) if text.startswith(".") else name == text)


def _if(matches: bool) -> Match:
    return Match.ALL if matches else Match.NONE
