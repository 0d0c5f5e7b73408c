# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host that is read."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass, field
from typing import Callable

from ansible_collections.pgfleet.powa.plugins.module_utils._host import commands
from ansible_collections.pgfleet.powa.plugins.module_utils._host.unseen import Unseen


@dataclass(frozen=True)
class Host:
    """The host that is read, and as whom.

    :param root: the folder that stands for C(/); only tests have another one
    :param user: the user who reads
    :param start: starts a program
    :param unseen: collects what could not be read
    """

    root: str = ""
    user: str = "root"
    start: Callable[..., commands.Running] = commands.start
    unseen: Unseen = field(default_factory=lambda: Unseen("run as root"))

    @property
    def is_root(self) -> bool:
        """Whether every file can be read, and every user's programs can be run."""
        return self.user == "root"

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
