# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks a server through psql, which every host with PostgreSQL has, as the user who owns the cluster."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host.clusters import Cluster, read_pid_file
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Answer
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import System
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import session

#: How the session of psql differs from those of the modules. Nothing is waited for long.
_DIFFERING = {
    "application_name": "pgfleet.powa.host_info",
    "default_transaction_read_only": "on",
    "statement_timeout": "30s",
    "lock_timeout": "5s",
}
#: Of these, what the first statement itself needs. Every supported version has them.
_FROM_THE_START = {
    **_DIFFERING,
    "search_path": "pg_catalog,pg_temp",
    "jit": "off",
    "default_transaction_isolation": "read\\ committed",
    "default_transaction_deferrable": "off",
    "idle_in_transaction_session_timeout": "0",
}
_PINNED = session.pinned(_DIFFERING) + " \\g /dev/null\n"
#: A database without an encoding may hold any bytes, which the server cannot convert. What is no text is replaced when
#: the output of psql is decoded.
_UNCONVERTED = (
    "SELECT current_setting('server_encoding') = 'SQL_ASCII' AS without_encoding \\gset\n"
    "\\if :without_encoding\n\\encoding SQL_ASCII\n\\endif\n"
)
_OPTIONS = ("--no-psqlrc", "--no-align", "--tuples-only", "--quiet", "--no-password")
_OF_ROOT = "the data directory {0} is root's, and PostgreSQL never runs as root"
#: Begins a line that holds an error.
_ERROR = "!"


@dataclass(frozen=True)
class Login:
    """How psql logs in. An empty text, or no port, leaves it to the cluster that was found.

    :param host: a name, an address, or the folder of a socket
    :param run_as: the user of the operating system that root runs psql as
    """

    user: str = ""
    password: str = ""
    host: str = ""
    port: Optional[int] = None
    run_as: str = ""


@dataclass(frozen=True)
class Parts:
    """What the queries of one psql returned.

    :param values: name of a query -> its value; a query without a row has none
    :param errors: name of a query -> the server's message
    :param failure: why psql could not log in, or lost the connection; else an empty text
    """

    values: Dict[str, Any]
    errors: Dict[str, str]
    failure: str


def ask(
    host: Host,
    system: System,
    cluster: Cluster,
    database: str,
    script: Sequence[str],
    variables: Mapping[str, str],
    login: Login = Login(),
) -> Parts:
    """Run the queries of a script in a database.

    :param script: parts that C(query) makes, and others in psql's own language
    :param variables: variables of psql
    """
    command = [_program(host, system, cluster), *_OPTIONS]
    command += ["--set={0}={1}".format(name, value) for name, value in sorted(variables.items())]
    user = login.run_as or cluster.owner
    if host.is_root and user == host.user and not (login.run_as or login.host):
        return Parts({}, {}, _OF_ROOT.format(cluster.data_directory))
    if host.is_root and user not in ("", host.user):
        command = ["runuser", "-u", user, "--", *command]
    variables = _environment(host, cluster, database, login)
    if host.is_root and user and _home(user):
        variables["HOME"] = _home(user)
    return parse(host.start(command, _PINNED + _UNCONVERTED + "".join(script), variables).finish())


def query(name: str, text: str) -> str:
    """Return the part of a script that prints on one line the name and the value of a query, or its error."""
    # The message stands as it is: psql does not read the value of a variable again.
    return (
        "SELECT '{name} ' || q.part::text FROM ({text}) AS q (part);\n"
        "\\if :ERROR\n\\echo {error}{name} :LAST_ERROR_MESSAGE\n\\endif\n"
    ).format(name=name, text=text.strip(), error=_ERROR)


def parse(answer: Answer) -> Parts:
    """Return what psql printed."""
    values: Dict[str, Any] = {}
    errors: Dict[str, str] = {}
    # JSON may hold characters that str.splitlines takes for the end of a line.
    for line in answer.out.split("\n"):
        name, space, rest = line.partition(" ")
        if name.startswith(_ERROR):
            errors[name[len(_ERROR) :]] = rest.strip()
        elif space and rest.strip():
            # What is no value is the rest of a message of several lines, or was cut off.
            with contextlib.suppress(ValueError):
                values[name] = json.loads(rest)
    return Parts(values, errors, _failure(answer))


def _failure(answer: Answer) -> str:
    if not answer.status:
        return ""
    if answer.missing:
        return "the host has no program {0}".format(answer.sentence.split(":")[0])
    sentence = answer.sentence or "psql ended with status {0}".format(answer.status)
    prefix = "psql: error: "
    return sentence[len(prefix) :] if sentence.startswith(prefix) else sentence


def _program(host: Host, system: System, cluster: Cluster) -> str:
    """Return the psql of the cluster's version; Debian's /usr/bin/psql is a script that only finds this one."""
    path = os.path.join(system.server_folder(cluster.version), "psql")
    return path if os.path.exists(host.path(path)) else "psql"


def _environment(host: Host, cluster: Cluster, database: str, login: Login) -> Dict[str, str]:
    variables = {
        "PGPORT": str(login.port or cluster.port),
        # As a variable it is a name only; as an option it could be a whole connection string.
        "PGDATABASE": database,
        "PGCLIENTENCODING": "UTF8",
        "PGCONNECT_TIMEOUT": "10",
        "PGAPPNAME": _DIFFERING["application_name"],
        "PGOPTIONS": " ".join("-c {0}={1}".format(name, value) for name, value in sorted(_FROM_THE_START.items())),
    }
    pid_file = read_pid_file(host, cluster.data_directory) if cluster.data_directory and not login.host else None
    given = {
        "PGHOST": login.host or (pid_file.socket_folder if pid_file else ""),
        "PGUSER": login.user,
        # Only the user that runs psql, and root, see its environment.
        "PGPASSWORD": login.password,
    }
    return dict(variables, **{name: value for name, value in given.items() if value})


def _home(user: str) -> str:
    try:
        return pwd.getpwnam(user).pw_dir
    except (KeyError, ValueError):
        return ""
