# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers that a list leaves out, and how many of them state "exact" may remove.

A list is built from an inventory, which may lack servers for reasons that nobody thought of.
"""

from __future__ import annotations

import re
from typing import Iterator, List, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import NEVER, RegisteredServer
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import ServersState, address_of, found_at
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.spec import ServerSpec, address_text

_MOST = re.compile(r"[0-9]{1,9}%?")


def most_problems(text: Optional[str]) -> Iterator[str]:
    """Return why a text does not say how many servers may go.

    An empty one, such as the answer to a survey, does not either: it would take the limit away.
    """
    if text is not None and not _MOST.fullmatch(text):
        yield 'exact_max: found "{0}", expected a number of servers, or a share such as "10%"'.format(text)


def most_of(text: str, servers: int) -> int:
    """Return how many of so many servers may go: a number, or a share of them, which is at least one."""
    number = int(text.rstrip("%"))
    return max(1, servers * number // 100) if text.endswith("%") else number


def left_out(specs: Sequence[ServerSpec], state: ServersState) -> List[RegisteredServer]:
    """Return the registered servers that a task does not list."""
    listed = {found_at(spec, state) for spec in specs}
    return [server for address, server in state.servers.items() if address not in listed]


def exact_refusals(
    specs: Sequence[ServerSpec], state: ServersState, exact_max: Optional[str], drop_history: bool
) -> Iterator[str]:
    """Return why a task with state "exact" would remove too many servers.

    :param exact_max: how many may go, or None if any number may
    :param drop_history: whether they are deleted, instead of disabled
    """
    declared = [server for server in state.servers.values() if state.is_declared(server.srvid)]
    kept = [server for server in declared if drop_history or server.values["frequency"] != NEVER]
    going = [server for server in left_out(specs, state) if server in kept]
    if exact_max is None or len(going) <= most_of(exact_max, len(kept)):
        return
    yield (
        'state: "exact" would {0} {1} of {2} servers ({3}), expected at most {4}: complete the list, or set exact_max'
        " (powa_servers_exact_max of the role repository) to {1} if they are to go"
    ).format(
        "delete" if drop_history else "disable",
        len(going),
        len(kept),
        ", ".join(address_text(address_of(server)) for server in going),
        most_of(exact_max, len(kept)),
    )
