# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task of module servers: from declared servers to rows of C(powa_servers), and what is active on each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned, Task
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import NEVER, RegisteredServer, read_servers
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import (
    ServersState,
    address_of,
    read_retentions,
    read_state,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.checks import refusals
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.exact import exact_refusals, most_problems
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.plan import Planner, ServersPlan
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.spec import parse_servers

#: How often a task stops the servers that others have registered or enabled since it stopped those that it deletes.
_ATTEMPTS = 3


class Resolved(NamedTuple):
    """The repository, and each retention of the task as PostgreSQL writes it and in seconds."""

    state: ServersState
    retentions: Mapping[str, Tuple[str, float]]


class ServersTask(Task[ServersState, Resolved]):
    """Reconciles the servers of a task with those of a repository."""

    subject = "the servers"

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.specs, problems = parse_servers(params["servers"])
        self.exact, self.drop_history = params["state"] == "exact", params["history"] == "drop"
        self.register_datasources = params["register_datasources"]
        if self.drop_history and not self.exact:
            problems.append(
                'history: found "drop" with state "present", which removes nothing: use it with state "exact",'
                " or on a server of the list whose state is absent"
            )
        self.exact_max = params["exact_max"]
        problems.extend(most_problems(self.exact_max))
        self.timeout = params["timeout"]
        self.changes = ServersPlan()
        #: The srvids of the servers that it has stopped, since it deletes them, each with the frequency from before.
        self.stopped: Dict[int, Any] = {}
        #: Those of them that were still disabled when they were last read.
        self.at_rest: Set[int] = set()
        #: Those that it would delete and that are not among them.
        self.active: List[RegisteredServer] = []
        super().__init__(problems)

    def read(self, cursor: Any) -> ServersState:
        state = read_state(cursor)
        disabled = {server.srvid for server in state.servers.values() if server.values["frequency"] == NEVER}
        self.at_rest = disabled.intersection(self.stopped)
        servers = {address: self._as_before(server) for address, server in state.servers.items()}
        return replace(state, servers=servers)

    def _as_before(self, server: RegisteredServer) -> RegisteredServer:
        """Return a server as it was before this task disabled it."""
        if server.srvid not in self.at_rest:
            return server
        return server._replace(values={**server.values, "frequency": self.stopped[server.srvid]})

    def resolve(self, cursor: Any, found: ServersState, locked: bool) -> Tuple[Resolved, List[str]]:
        retentions, problems = read_retentions(cursor, self.specs)
        return Resolved(found, retentions), problems

    def check(self, cursor: Any, wanted: Resolved) -> List[str]:
        problems = refusals(self.specs, wanted.state)
        if self.exact:
            problems += exact_refusals(self.specs, wanted.state, self.exact_max, self.drop_history)
        return problems

    def plan(self, cursor: Any, wanted: Resolved) -> Plan:
        planner = Planner(cursor, wanted.state, wanted.retentions, self.register_datasources)
        self.changes = planner.plan(self.specs, self.exact, self.drop_history)
        return self.changes

    def check_plan(self, cursor: Any, wanted: Resolved, plan: Plan, locked: bool) -> List[str]:
        """Refuse to delete a server that is not at rest: others may have changed the servers after the first pass."""
        self.active = [server for server in self.changes.deleted if locked and server.srvid not in self.at_rest]
        return [
            'server "{0}": this task would delete it and has not stopped it, since somebody registered, declared or'
            " enabled it meanwhile, so no server is deleted yet: run the task again".format(server.name)
            for server in self.active
        ]

    def prepare(self, connection: Connection, planned: Planned[Resolved]) -> None:
        if self.changes.deleted:
            self._stop(connection, planned, self.changes.deleted)

    def _stop(self, connection: Connection, planned: Planned[Resolved], servers: Sequence[RegisteredServer]) -> None:
        # A host compiles whatever a task imports, each time, and most tasks delete nothing.
        from ansible_collections.pgfleet.powa.plugins.module_utils._servers.removal import stop

        stop(connection, planned.wanted.state.archivist, servers, self.timeout)
        self.stopped.update({server.srvid: server.values["frequency"] for server in servers})

    def write(self, connection: Connection, planned: Planned[Resolved]) -> Planned[Resolved]:
        for _attempt in range(_ATTEMPTS):
            self.active = []
            try:
                return super().write(connection, planned)
            except ProblemsError:
                if not self.active:
                    raise
                self._stop(connection, planned, self.active)
        return super().write(connection, planned)

    def result(self, connection: Connection, planned: Planned[Resolved], written: bool) -> Dict[str, Any]:
        state = planned.wanted.state
        servers = list(state.servers.values())
        if written:
            with connection.reading() as cursor:
                servers = read_servers(cursor, state.archivist)
        listed = {address for spec in self.specs for address in (spec.address, spec.renamed_from)}
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
