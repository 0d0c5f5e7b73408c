# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What helps when PostgreSQL or its client library refuses a login or a statement."""

from __future__ import annotations

import re
from typing import Dict, NamedTuple, Tuple

#: What libpq adds on a line of its own.
_HINTS = ("Is the server running", "HINT:", "DETAIL:")


class _Login(NamedTuple):
    """A pattern of a message, and what to do. The server's messages may be in another language: then the last one is
    said."""

    pattern: str
    advice: str


_LOGIN: Tuple[_Login, ...] = (
    _Login(
        r'database ".*" does not exist|database "?.*"? has disappeared',
        "create the database first, or give another as login_db",
    ),
    _Login(
        r"is not currently accepting connections",
        "allow them again (ALTER DATABASE ... ALLOW_CONNECTIONS true), or give another as login_db",
    ),
    _Login(
        r"(too many connections for role|too many connections for database)",
        "end sessions that are not needed, or raise the CONNECTION LIMIT of the role or database",
    ),
    _Login(
        r"(too many clients already|remaining connection slots are reserved)",
        "end sessions that are not needed, or raise max_connections",
    ),
    _Login(r'role ".*" does not exist', "create the role, or give another as login_user or become_user"),
    _Login(r"is not permitted to log in", "allow it (ALTER ROLE ... LOGIN), or give another role as login_user"),
    _Login(
        r"permission denied for database",
        "GRANT CONNECT ON DATABASE to the role, or give another role as login_user",
    ),
    _Login(
        r"(starting up|shutting down|in recovery mode|not yet accepting connections|recovery state has not been yet)",
        "wait until the server accepts connections, and run the task again",
    ),
    _Login(r"No space left on device", "free space on the server's disk, and run the task again"),
    _Login(
        r"(certificate verify failed|unable to get local issuer certificate|self.signed certificate)",
        "give the certificate authority of the server's certificate as ca_cert, or another ssl_mode",
    ),
    _Login(
        r"server certificate for .* does not match host name",
        "give as login_host a name that the server's certificate has, or ssl_mode verify-ca",
    ),
    _Login(
        r"(root certificate file|certificate file|private key file|SSL error|certificate present, but)",
        "correct ca_cert, ssl_cert and ssl_key",
    ),
    _Login(
        r"server does not support SSL",
        "turn on ssl in the server's configuration, or give ssl_mode prefer or disable",
    ),
    _Login(
        r"(authentication failed|no password supplied|pg_hba\.conf|Peer authentication)",
        "check login_user, login_password, become_user and pg_hba.conf",
    ),
    _Login(
        r"(could not translate host name|Name or service not known)",
        "correct login_host, or make the name known to this host (DNS or /etc/hosts)",
    ),
    _Login(
        r"(timeout expired|timed out)",
        "check that the server runs, that no firewall is in between, and connect_timeout in connect_params",
    ),
    _Login(r"invalid (port number|integer value)", "correct login_port, or the number in connect_params"),
    _Login(
        r"invalid response to SSL negotiation|expected authentication request",
        "correct login_port: another program than PostgreSQL listens there",
    ),
    _Login(r"", "check that PostgreSQL runs there, and check login_host, login_port and login_unix_socket"),
)


def of_login(message: str) -> Tuple[str, str]:
    """Return why a login failed, in one line, and what to do about it."""
    lines = [line.strip() for line in message.splitlines()]
    said = [line for line in lines if line and not line.startswith(_HINTS)]
    # With sslmode prefer, a second attempt without TLS hides what the first one was told.
    own = [line for line in said if not line.endswith(("no encryption", "SSL off"))] or said
    reason = own[-1] if own else "no answer"
    return reason, next(login.advice for login in _LOGIN if re.search(login.pattern, message))


#: SQLSTATE, or the class that its first two characters are, to what to do. The rest has no advice that fits.
_STATEMENT: Dict[str, str] = {
    "22P05": "leave out what the encoding of the database cannot store, or use a database with encoding UTF8",
    "22021": "correct that text in the database, whose encoding is SQL_ASCII, or use one with encoding UTF8",
    "25006": "log in to a server that accepts writes: this one is a standby, or somebody has made it read-only",
    "25P03": "run the task again",
    "25P04": "run the task again",
    "40": "another transaction was in the way: run the task again",
    "53100": "free space on the server's disk, and run the task again",
    "53200": "the server is short of memory: run the task again when it has more",
    "53300": "end sessions that are not needed, or raise max_connections",
    "57014": "somebody has cancelled it, or it took too long: run the task again",
    "57P01": "the server is shutting down, or somebody has ended the session: run the task again when it is up",
    "57P02": "the server has crashed: look into its log, and run the task again when it is up",
    "57P03": "wait until the server accepts connections, and run the task again",
    "57P05": "run the task again",
    "58": "look into the server's log, check its disk and the files of its extensions, and run the task again",
    "XX": "look into the server's log: the server or one of its extensions has a defect, or data is damaged",
}


def of_statement(code: str) -> str:
    """Return what to do when PostgreSQL has refused a statement, or an empty text.

    :param code: the SQLSTATE
    """
    return _STATEMENT.get(code) or _STATEMENT.get(code[:2], "")
