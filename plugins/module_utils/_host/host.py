# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host that is read."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass, field
from typing import Callable, List, Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._host import commands
from ansible_collections.pgfleet.powa.plugins.module_utils._host.unseen import Unseen

SUPERUSER = "root"
#: How much is read of a file that somebody else has written and that is always short.
_SHORT = 65536


@dataclass(frozen=True)
class Host:
    """The host that is read, and as whom.

    :param root: the folder that stands for C(/); only tests have another one
    :param user: the user who reads
    :param start: starts a program
    :param unseen: collects what could not be read
    :param unread_clusters: collects the clusters whose configuration could not be read
    """

    root: str = ""
    user: str = SUPERUSER
    start: Callable[..., commands.Running] = commands.start
    unseen: Unseen = field(default_factory=lambda: Unseen("run as root"))
    unread_clusters: Unseen = field(default_factory=lambda: Unseen("run as root"))

    @property
    def is_root(self) -> bool:
        """Whether every file can be read, and every user's programs can be run."""
        return self.user == SUPERUSER

    def path(self, path: str) -> str:
        """Return where a path of the host is."""
        return self.root + path


def this_host() -> Host:
    """Return the host that the module runs on."""
    return Host(user=user_name(os.geteuid()))


def user_name(number: int) -> str:
    """Return the name of a user, or its number if it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def as_owner(host: Host, owner: str) -> List[str]:
    """Return what comes before a program that works on the files of a user: root never runs it itself."""
    return ["runuser", "-u", owner, "--"] if host.is_root else []


def read_owned(path: str, owner: int) -> Optional[str]:
    """Return the text of a short file, or nothing if it is a link, no plain file, or another user's.

    :param owner: the number of the user who has to own it
    """
    if os.path.islink(path):
        return None
    # A pipe would be waited for.
    number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != owner:
            return None
        return os.read(number, _SHORT).decode("utf-8", "surrogateescape")
    finally:
        os.close(number)
