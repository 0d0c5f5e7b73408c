# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Password files as libpq reads them: one line for each login."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, Mapping, NamedTuple, Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError

#: Stands for any database.
ANY = "*"

#: What libpq would take for the end of a line or of a password, and what no file in UTF-8 can hold.
_REFUSED = (
    (
        "a line break",
        re.compile("[\n\r]"),
        "one line, because a password file holds one line for each login",
    ),
    ("a zero byte", re.compile("\0"), "none, because libpq would read only what precedes it"),
    ("a lone surrogate", re.compile("[\ud800-\udfff]"), "text that UTF-8 can express"),
)


class Login(NamedTuple):
    """A login whose password a file holds.

    :param host: the name or address that libpq connects to, or the folder of a socket
    :param database: a name, or C(*) for any
    """

    host: str
    port: int
    database: str
    user: str
    password: str

    @classmethod
    def of(cls, login: Mapping[str, Any]) -> Login:
        """Return the login that a dictionary describes."""
        return cls(
            str(login["host"]),
            int(login["port"]),
            str(login.get("database") or ANY),
            str(login["user"]),
            str(login["password"]),
        )

    @property
    def begins(self) -> str:
        """How the lines of this server begin."""
        return begins_line(self.host, self.port)

    @property
    def line(self) -> str:
        """The line of the file.

        :raises PowaError: when a field has a line break or a zero byte, which no password file can hold
        """
        for name, characters, expected in _REFUSED:
            if any(characters.search(field) for field in (self.host, self.database, self.user, self.password)):
                # The message does not repeat the field, because it may be the password.
                raise PowaError(
                    "login of {0} to {1}: found {2} in its password or name, expected {3}:"
                    " choose another password or name".format(
                        " ".join(self.user.split()), " ".join(self.host.split()), name, expected
                    )
                )
        return self.begins + ":".join(_field(field) for field in (self.database, self.user, self.password))


def begins_line(host: str, port: int) -> str:
    """Return how the lines of a server begin."""
    return "{0}:{1}:".format(_field(host), port)


def password_file(logins: Optional[Iterable[Mapping[str, Any]]]) -> str:
    """Return the lines of a password file.

    :raises PowaError: when a field has what no password file can hold
    """
    return "".join(Login.of(login).line + "\n" for login in logins or ())


def pgpass_entry(login: Mapping[str, Any]) -> Dict[str, str]:
    """Return the line of one login, and how the lines of its server begin, whatever their user.

    :raises PowaError: when a field has what no password file can hold
    """
    entry = Login.of(login)
    return {"begins": entry.begins, "line": entry.line}


def _field(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")
