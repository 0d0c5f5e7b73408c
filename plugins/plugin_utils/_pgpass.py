# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Password files as libpq reads them: one line for each login."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Mapping, NamedTuple, Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError

#: Stands for any database.
ANY = "*"


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
        return "{0}:{1}:".format(_field(self.host), self.port)

    @property
    def line(self) -> str:
        """The line of the file.

        :raises PowaError: when a field has a line break, which no password file can hold
        """
        if any("\n" in field or "\r" in field for field in (self.host, self.database, self.user, self.password)):
            # The message does not repeat the field, because it may be the password.
            raise PowaError(
                "login of {0} to {1}: found a line break in its password or name, expected one line, because a password"
                " file holds one line for each login: choose another password or name".format(
                    " ".join(self.user.split()), " ".join(self.host.split())
                )
            )
        return self.begins + ":".join(_field(field) for field in (self.database, self.user, self.password))


def password_file(logins: Optional[Iterable[Mapping[str, Any]]]) -> str:
    """Return the lines of a password file.

    :raises PowaError: when a field has a line break
    """
    return "".join(Login.of(login).line + "\n" for login in logins or ())


def pgpass_entry(login: Mapping[str, Any]) -> Dict[str, str]:
    """Return the line of one login, and how the lines of its server begin, whatever their user.

    :raises PowaError: when a field has a line break
    """
    entry = Login.of(login)
    return {"begins": entry.begins, "line": entry.line}


def _field(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")
