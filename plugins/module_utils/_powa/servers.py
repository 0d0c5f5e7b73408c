# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers that a repository knows, and the names by which a task may call them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._core.texts import some
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import servers as texts

if TYPE_CHECKING:
    from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import Visible

#: The frequency of a server that PoWA takes no snapshots of.
NEVER = -1
#: How a task names the server that it runs on.
LOCAL_NAME = "local"


class RegisteredServer(NamedTuple):
    """A row of C(powa_servers).

    :param values: all its columns but id, by PoWA's own names; retention as an interval's text
    """

    srvid: int
    values: Dict[str, Any]

    @property
    def address(self) -> str:
        """C(hostname:port), the server's identity."""
        return "{0}:{1}".format(self.values["hostname"], self.values["port"])

    @property
    def alias(self) -> Any:
        """Its alias, or None."""
        return self.values["alias"]

    @property
    def name(self) -> str:
        """What a message calls it."""
        return str(self.alias or self.address)


def read_servers(cursor: Any, archivist: Archivist, visible: Optional[Visible] = None) -> List[RegisteredServer]:
    """Read the remote servers of this repository in one statement.

    :param visible: of a reader, who sees no server if his role may not, and only whether a password is stored
    """
    schema = identifier(archivist.schema)
    if visible is None:
        cursor.execute(compose(texts.SERVERS, schema=schema))
    elif visible.sees_servers():
        stored = raw(texts.PASSWORD_STORED if visible.sees_passwords() else texts.NOT_KNOWN)
        cursor.execute(compose(texts.SERVERS_WITHOUT_PASSWORDS, schema=schema, password_stored=stored))
    else:
        return []
    return [RegisteredServer(row.pop("id"), row) for (row,) in cursor.fetchall()]


class Names:
    """The names of servers: alias, hostname:port, or a hostname that only one has."""

    def __init__(self, servers: Sequence[RegisteredServer]) -> None:
        self._by_name: Dict[str, List[RegisteredServer]] = {}
        self._by_hostname: Dict[str, List[RegisteredServer]] = {}
        for server in servers:
            self._by_name.setdefault(server.address, []).append(server)
            if server.alias not in (None, server.address):
                self._by_name.setdefault(server.alias, []).append(server)
            self._by_hostname.setdefault(server.values["hostname"], []).append(server)

    def matches(self, name: str) -> Sequence[RegisteredServer]:
        """Return the servers that a name stands for: one, unless it is unknown or ambiguous."""
        return self._by_name.get(name) or self._by_hostname.get(name) or ()


def resolve(servers: Sequence[RegisteredServer], names: Sequence[str]) -> Tuple[List[int], List[str]]:
    """Find servers by alias, by hostname:port, or by a hostname that only one has.

    :return: their srvids, and one problem for each name that matches no server or several
    """
    srvids: List[int] = []
    problems: List[str] = []
    named = Names(servers)
    # There may be thousands of both.
    known = some(sorted(server.name for server in servers)) if servers else "none"
    for name in names:
        matches = named.matches(name)
        if len(matches) == 1:
            srvids.append(matches[0].srvid)
            continue
        problems.append(
            'server "{0}" is {1} here (registered: {2}): give the alias or hostname:port of one of them'.format(
                name, "ambiguous" if matches else "not registered", known
            )
        )
    return srvids, problems
