# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of pg_hba.conf that let the collector and powa-web log in, and which of them a host lacks."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_interface
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

#: Instead of the name of a database.
ALL = "all"

_LOOPBACK = ("127.0.0.1/32", "::1/128")
_KEYWORDS = ("all", "sameuser", "samerole", "samegroup", "replication")
#: What the server shows although the line does not say it: the default of gss.
_IMPLIED = ["include_realm=true"]
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")

#: A line as community.postgresql.postgresql_pg_hba takes it: contype, databases, users, address, method.
Rule = Dict[str, str]


def collector_addresses(run: Run, repository: str, host: str) -> List[str]:
    """Return the addresses that a repository's collector connects from, as the pg_hba.conf of a host writes them."""
    own = run.variables(host).get("powa_collector_addresses")
    if own is not None:
        return _unique(network(address) for address in own)
    return _unique(
        address
        for name, collector in run.fleet["collectors"].items()
        if collector["repository"] == repository
        for address in _addresses_of(name, collector["address"], host)
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
        for address in _addresses_of(name, web["address"], host)
    )


def rules(database: Optional[str], user: str, addresses: Iterable[str], method: str) -> List[Rule]:
    """Return one line for each address.

    :param database: None for all
    """
    return [
        {
            "contype": "host",
            "databases": ALL if database is None else quoted(database),
            "users": quoted(user),
            "address": address,
            "method": method,
        }
        for address in addresses
    ]


def missing_rules(wanted: Sequence[Rule], lines: Iterable[Mapping[str, Any]]) -> List[Rule]:
    """Return the rules that no line of pg_hba.conf states.

    :param lines: as the server has parsed them; a line with an error or with options is another one
    """
    plain = [line for line in lines if not line.get("error") and line.get("options") in (None, [], _IMPLIED)]
    found = {_key_of_line(line) for line in plain}
    return [rule for rule in wanted if _key_of_rule(rule) not in found]


def network(address: str) -> str:
    """Return an address with its prefix, and a name as it is."""
    try:
        return str(ip_interface(address).network)
    except ValueError:
        return address


def quoted(name: str) -> str:
    """Return the name of a database or a role as pg_hba.conf writes it."""
    if _PLAIN.fullmatch(name) and name not in _KEYWORDS:
        return name
    return '"{0}"'.format(name.replace('"', '""'))


def _addresses_of(name: str, address: str, host: str) -> List[str]:
    """Return where a host connects from. A socket needs no line, and localhost is a name of the loopback addresses."""
    own = [] if address == "localhost" or address.startswith("/") else [network(address)]
    return own + (list(_LOOPBACK) if name == host else [])


def _unique(addresses: Iterable[str]) -> List[str]:
    return list(dict.fromkeys(addresses))


_Key = Tuple[str, Tuple[str, ...], Tuple[str, ...], str, str]


def _key_of_rule(rule: Rule) -> _Key:
    names = (_unquoted(rule["databases"]),), (_unquoted(rule["users"]),)
    return (rule["contype"], *names, network(rule["address"]).lower(), rule["method"])


def _key_of_line(line: Mapping[str, Any]) -> _Key:
    names = tuple(line["databases"] or ()), tuple(line["users"] or ())
    return (line["type"], *names, _address_of_line(line).lower(), line["method"])


def _address_of_line(line: Mapping[str, Any]) -> str:
    """Return an address with its prefix: the server shows its netmask. A name has none, a socket no address either."""
    address, netmask = line.get("address") or "", line.get("netmask")
    if not netmask:
        return network(address)
    return network("{0}/{1}".format(address, bin(int(ip_address(netmask))).count("1")))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
