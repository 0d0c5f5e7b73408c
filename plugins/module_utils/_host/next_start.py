# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a restart would bring: PostgreSQL's own program says it, with the arguments of the last start."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host.clusters import Cluster
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import (
    SUPERUSER,
    Host,
    as_owner,
    read_owned,
    user_name,
)

#: What begins a line of the program's messages.
_PREFIX = re.compile(r"^.*?\b[A-Z]+:\s+")


@dataclass(frozen=True)
class NextStart:
    """What PostgreSQL would start with.

    :param settings: setting -> its value
    :param error: why PostgreSQL would not start, or an empty text
    """

    settings: Dict[str, str]
    error: str


def read_next_start(host: Host, cluster: Cluster, names: Sequence[str]) -> Optional[NextStart]:
    """Return the values of these settings after a restart, or nothing if none are asked for or nobody can tell."""
    command = _command(host, cluster) if names else None
    if command is None:
        return None
    running = [host.start([*command, "-C", name]) for name in names]
    settings, errors = {}, []
    for name, answer in zip(names, [program.finish() for program in running]):
        if answer.status:
            lines = [_PREFIX.sub("", line).strip() for line in answer.error.splitlines()]
            errors.append("; ".join(filter(None, lines)) or "it ended with status {0}".format(answer.status))
        else:
            settings[name] = answer.out[:-1] if answer.out.endswith("\n") else answer.out
    return NextStart(settings, errors[0] if errors else "")


def parse_options(text: str) -> List[str]:
    """Return the program and the arguments that a file postmaster.opts holds, where quotes are never escaped."""
    program, space, rest = text.strip().partition(' "')
    return [program, *rest[:-1].split('" "')] if space else [program]


def _command(host: Host, cluster: Cluster) -> Optional[List[str]]:
    path = os.path.join(cluster.data_directory, "postmaster.opts")
    try:
        number = os.stat(host.path(cluster.data_directory)).st_uid
        text = read_owned(host.path(path), number)
    except OSError as error:
        host.unseen.refused("the file " + path, error)
        return None
    # The file names the program, so its owner decides what runs.
    if text is None or cluster.owner in ("", SUPERUSER) or user_name(number) != cluster.owner:
        host.unseen.add("the file " + path, "it is not a file of the cluster's owner, or that owner is root")
        return None
    return [*as_owner(host, cluster.owner), *parse_options(text)]
