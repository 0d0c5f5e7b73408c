# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of PostgreSQL's log, which says why a server does not start."""

from __future__ import annotations

import os
import re
from typing import Iterator, List, Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._host.clusters import Cluster
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host

_LINES = 10
#: How much of the file is read.
_BYTES = 65536
#: Who speaks in a line. With log_error_verbosity, its SQLSTATE follows.
_SEVERITY = re.compile(
    r"\b(DEBUG[1-5]?|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC|DETAIL|HINT|QUERY|CONTEXT|LOCATION|STATEMENT): +"
    r"(?:(?!AUDIT)[0-9A-Z]{5}: +)?"
)
#: What the server says of itself. Everything else may be part of a statement, and so hold a password.
_OWN = ("LOG", "FATAL", "PANIC", "HINT")
#: What the server repeats of statements and of settings, where a connection string may have a password.
_REPEATED = re.compile(
    r"duration:|statement:|execute |parse |bind |fastpath|AUDIT:|parameter \""
    r"|.*(\bparameters: |near token|connection info)"
)


def read_server_log(host: Host, cluster: Optional[Cluster], wanted: bool) -> List[str]:
    """Return the last lines that the server has written about itself, without any that may hold a statement."""
    if not wanted or cluster is None:
        return []
    paths = [path for path in _paths(host, cluster) if os.path.isfile(host.path(path))]
    if not paths:
        host.unseen.add("the log of PostgreSQL", "it is not where PostgreSQL or Debian keeps it")
        return []
    newest = max(paths, key=lambda path: os.stat(host.path(path)).st_mtime)
    try:
        with open(host.path(newest), "rb") as file:
            skipped = max(0, os.fstat(file.fileno()).st_size - _BYTES)
            file.seek(skipped)
            if skipped:
                # It may be the end of one.
                file.readline()
            text = file.read().decode(errors="replace")
    except OSError as error:
        host.unseen.refused("the log of PostgreSQL", error)
        return []
    return own_lines(text)


def own_lines(text: str) -> List[str]:
    """Return the last lines in which the server speaks of itself."""
    return [line for line in text.splitlines() if _is_own(line)][-_LINES:]


def _is_own(line: str) -> bool:
    # The next line of something begins with a tab.
    found = None if line.startswith("\t") else _SEVERITY.search(line)
    return bool(found and found.group(1) in _OWN and not _REPEATED.match(line, found.end()))


def _paths(host: Host, cluster: Cluster) -> Iterator[str]:
    """Return where the log may be: where the server itself writes it, or where Debian has the output of its start."""
    yield "/var/log/postgresql/postgresql-{0}-{1}.log".format(cluster.version, cluster.name)
    try:
        with open(host.path(os.path.join(cluster.data_directory, "current_logfiles")), encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for kind, _space, path in (line.partition(" ") for line in lines):
        if kind == "stderr":
            yield os.path.join(cluster.data_directory, path)
