# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How powa-collector and powa-web use TLS when they log in to PostgreSQL.

Both hand no option for it to a remote's connection: PoWA's list of servers has none. So it is in the environment of
their units, from which libpq takes it for every connection, those to the repository included.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

DISABLE, VERIFY_FULL = "disable", "verify-full"
#: The modes that check the server's certificate, and those that use nothing but TLS.
CHECKING = ("verify-ca", VERIFY_FULL)
DEMANDING = ("require", *CHECKING)
#: What a host has to itself.
LOOPBACK = ("localhost", "127.0.0.1", "::1")

#: End of a variable's name -> what libpq calls it. The last three are files.
_ENVIRONMENT = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


class Client(NamedTuple):
    """What logs in to PostgreSQL with TLS.

    :param name: for sentences
    :param prefix: how its variables begin
    :param user: of the operating system
    :param repository_host: the variable that names where it connects to its repository, or an empty text
    """

    name: str
    prefix: str
    user: str
    repository_host: str = ""

    def value(self, variables: Mapping[str, Any], ending: str) -> str:
        """Return a variable, or an empty text if it is unset."""
        return str(variables.get(self.variable(ending)) or "")

    def variable(self, ending: str) -> str:
        """Return the name of a variable."""
        return "{0}_{1}".format(self.prefix, ending)

    def mode(self, variables: Mapping[str, Any]) -> str:
        """Return the sslmode, or an empty text if that is left to libpq."""
        return self.value(variables, "sslmode")

    def files(self, variables: Mapping[str, Any]) -> Dict[str, str]:
        """Return end of a variable's name -> the file that it names."""
        named = {ending: self.value(variables, ending) for ending in ("sslrootcert", "sslcert", "sslkey")}
        return {ending: path for ending, path in named.items() if path}

    def checks_names(self, variables: Mapping[str, Any]) -> bool:
        """Return whether the name that it connects to has to be in the server's certificate."""
        return self.mode(variables) == VERIFY_FULL

    def address(self, variables: Mapping[str, Any], host: str, is_own: bool) -> str:
        """Return the name, the address or the folder of the socket by which it connects to a repository.

        :param host: the repository's C(powa_host)
        :param is_own: whether the repository is on the same host
        """
        # No authority signs a certificate for localhost.
        usual = "localhost" if is_own and not self.checks_names(variables) else host
        return str(variables.get(self.repository_host) or usual)

    def leaves_loopback(self, variables: Mapping[str, Any]) -> bool:
        """Return whether it connects to a repository on its own host by a name or address that others use, too."""
        address = self.address(variables, variables["powa_host"], is_own=True)
        return not is_socket(address) and address not in LOOPBACK

    def environment(self, variables: Mapping[str, Any]) -> List[Tuple[str, str]]:
        """Return what its unit has to set for libpq."""
        values = ((name, self.value(variables, ending)) for ending, name in _ENVIRONMENT.items())
        return [(name, value) for name, value in values if value]


COLLECTOR_CLIENT = Client("powa-collector", "powa_collector", "powa", "powa_repository_host")
WEB_CLIENT = Client("powa-web", "powa_web", "powa-web")


def is_socket(address: str) -> bool:
    """Return whether an address is the folder of a socket, over which libpq uses no TLS."""
    return address.startswith("/")


def reading_of(client: Client, variables: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what C(host_info) is to read of a client's certificates, by the names of its options."""
    files = client.files(variables)
    ca, certificate, key = (files.get(ending) for ending in ("sslrootcert", "sslcert", "sslkey"))
    if not files:
        return {"files": [], "secret_files": [], "certificates": []}
    return {
        "files": [path for path in (ca, certificate) if path],
        "secret_files": [key] if key else [],
        "certificates": [{"user": client.user, "ca": ca, "certificate": certificate, "key": key}],
    }


def sums_of(client: Client, variables: Mapping[str, Any], seen: Mapping[str, Any]) -> List[Tuple[str, str]]:
    """Return the paths and sums of a client's certificates. A key changes only together with its certificate."""
    theirs = seen.get("files", {})
    files = client.files(variables)
    paths = [files[ending] for ending in ("sslrootcert", "sslcert") if ending in files]
    return [(path, theirs[path]["sha256"]) for path in paths if (theirs.get(path) or {}).get("sha256")]
