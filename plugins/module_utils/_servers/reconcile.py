# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task of module servers: from declared servers to rows of C(powa_servers), and what is active on each."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned, Task
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import RegisteredServer, read_servers
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import (
    State,
    address_of,
    read_retentions,
    read_state,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.checks import refusals
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.plan import Planner, ServersPlan
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.spec import parse_servers


class Resolved(NamedTuple):
    """The repository, and each retention of the task as PostgreSQL writes it and in seconds."""

    state: State
    retentions: Mapping[str, Tuple[str, float]]


class ServersTask(Task[State, Resolved]):
    """Reconciles the servers of a task with those of a repository."""

    subject = "the servers"

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.specs, problems = parse_servers(params["servers"])
        self.exact, self.drop_history = params["state"] == "exact", params["history"] == "drop"
        if self.drop_history and not self.exact:
            problems.append(
                'history: found "drop" with state "present", which removes nothing: use it with state "exact",'
                " or on a server of the list whose state is absent"
            )
        self.changes = ServersPlan()
        super().__init__(problems)

    def read(self, cursor: Any) -> State:
        return read_state(cursor)

    def resolve(self, cursor: Any, found: State, locked: bool) -> Tuple[Resolved, List[str]]:
        retentions, problems = read_retentions(cursor, self.specs)
        return Resolved(found, retentions), problems

    def check(self, cursor: Any, wanted: Resolved) -> List[str]:
        return refusals(self.specs, wanted.state)

    def plan(self, cursor: Any, wanted: Resolved) -> Plan:
        self.changes = Planner(cursor, wanted.state, wanted.retentions).plan(self.specs, self.exact, self.drop_history)
        return self.changes

    def result(self, connection: Connection, planned: Planned[Resolved], written: bool) -> Dict[str, Any]:
        state = planned.wanted.state
        servers = list(state.servers.values())
        if written:
            with connection.reading() as cursor:
                servers = read_servers(cursor, state.archivist)
        listed = {spec.address for spec in self.specs}
        return {
            "collector_action": self.changes.collector_action,
            "servers": [_returned(server) for server in servers if address_of(server) in listed],
            "others": self.changes.others,
            "powa_version": state.archivist.version_text,
            "warnings": [*(damaged.problem for damaged in state.damaged.values()), *state.impostors.values()],
        }


def _returned(server: RegisteredServer) -> Dict[str, Any]:
    hostname, port = address_of(server)
    return {"srvid": server.srvid, "hostname": hostname, "port": port, "alias": server.alias}
