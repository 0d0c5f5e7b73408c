# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server does for PoWA: it is a remote, a repository, its own repository, or several of these."""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

REMOTE = "remote"
REPOSITORY = "repository"
LOCAL = "local"

#: The monitoring role of a local server where the task names none. The roles of this collection have the same default.
MONITORING_ROLE = "powa_monitor"


class Side(NamedTuple):
    """The side of a datasource that one server has.

    :param server_kind: any of C(remote), C(repository) and C(local)
    :param monitoring_role: the role that calls the source function of a remote
    :param collector_role: the role that takes snapshots on a repository without PoWA's own roles
    :param web_role: the role that reads history there
    :param reader_role: the role that reads history and transient tables there
    :param revoke_create: whether others than superusers lose the right to create objects in PoWA's schema
    """

    server_kind: Tuple[str, ...]
    monitoring_role: Optional[str]
    collector_role: Optional[str]
    web_role: Optional[str] = None
    revoke_create: bool = False
    reader_role: Optional[str] = None

    @property
    def stores(self) -> bool:
        """Whether history is kept on this server."""
        return REPOSITORY in self.server_kind or LOCAL in self.server_kind

    @property
    def runs_queries(self) -> bool:
        """Whether the users' queries run on this server."""
        return REMOTE in self.server_kind or LOCAL in self.server_kind
