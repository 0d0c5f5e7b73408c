# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A problem of a server, with its cause and its cure."""

from __future__ import annotations

from typing import NamedTuple, Optional

#: What cures most of it.
SITE = "run the playbook pgfleet.powa.site"


class Problem(NamedTuple):
    """A problem.

    :param kind: a word for each kind
    :param problem: what is wrong
    :param cause: why
    :param cure: the command or variable that makes it right
    :param server: the server of a repository that it is about; None for the server itself
    :param datasource: the datasource that it is about, or None
    """

    kind: str
    problem: str
    cause: str
    cure: str
    server: Optional[str] = None
    datasource: Optional[str] = None
