# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that a host has to resolve, and the names and addresses of the clients of its server."""

from __future__ import annotations

import socket
from ipaddress import ip_interface
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, TypeVar

#: How many names are asked for at once: an answer of a name server that is down takes seconds.
_AT_ONCE = 16
#: What stands in pg_hba.conf in the place of an address.
KEYWORDS = ("all", "samehost", "samenet")

Answer = TypeVar("Answer")


def read_unresolved(names: Sequence[str]) -> List[str]:
    """Return the names that do not resolve. A name that begins with a slash is the folder of a socket."""
    asked = [name for name in dict.fromkeys(names) if name and not name.startswith("/")]
    known = _at_once(_addresses_of, asked)
    return [name for name in asked if not known[name]]


def read_clients(clients: Iterable[str], lines: Iterable[Mapping[str, Any]]) -> Dict[str, List[Dict[str, Any]]]:
    """Return for each client its addresses, each with the name by which a line of pg_hba.conf could match it, or None.

    Names are always looked up. The name of an address is only needed where a line of pg_hba.conf has a name.

    :param clients: names, and addresses with or without a prefix, as pg_hba.conf writes them
    :param lines: those of pg_hba.conf
    """
    named = any(is_name(line["address"] or "") or (line["address"] or "").startswith(".") for line in lines)
    asked = [client for client in dict.fromkeys(clients) if is_name(client) or (named and single_address(client))]
    return _at_once(_look_up, asked)


def is_name(text: str) -> bool:
    """Return whether a text is the name of one host: no address, no keyword, and no end of a name."""
    return bool(text) and not text.startswith((".", "/")) and text not in KEYWORDS and network_of(text) is None


def network_of(text: str) -> Any:
    """Return the network of an address with or without a prefix, or None.

    One with a zone is none: no line of pg_hba.conf has it, and Python takes anything for a zone, even other lines.
    """
    if "%" in text:
        return None
    try:
        return ip_interface(text).network
    except ValueError:
        return None


def single_address(text: str) -> Optional[str]:
    """Return the address, without its prefix, if a text is that of one host."""
    network = network_of(text)
    return str(network.network_address) if network and network.num_addresses == 1 else None


def _at_once(ask: Callable[[str], Answer], names: Sequence[str]) -> Dict[str, Answer]:
    if not names:
        return {}
    # Few tasks ask, so only those pay for this import.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return dict(zip(names, threads.map(ask, names)))


def _look_up(client: str) -> List[Dict[str, Any]]:
    addresses = _addresses_of(single_address(client) or client)
    return [{"address": address, "name": _name_of(address)} for address in addresses]


def _addresses_of(name: str) -> List[str]:
    try:
        found = socket.getaddrinfo(name, None)
    except (OSError, UnicodeError):
        return []
    # That of a local network may have its interface behind a percent sign.
    return list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


def _name_of(address: str) -> Optional[str]:
    """Return the name that PostgreSQL compares with its lines: it has to lead back to the address."""
    try:
        name = socket.getnameinfo((address, 0), socket.NI_NAMEREQD)[0]
    except (OSError, UnicodeError):
        return None
    return name if address in _addresses_of(name) else None
