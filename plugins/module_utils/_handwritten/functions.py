# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From declared registrations of hand-written datasources to a plan of the registry's rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned, Task
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import TRANSIENT_SUFFIX
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions_checks import (
    history_tables,
    refusals,
    remote_refusals,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions_spec import (
    FunctionsSpec,
    parse_datasources,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions_state import (
    FunctionsState,
    known_functions,
    read_state,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.rights import (
    COLLECTOR,
    MONITORING,
    Needed,
    Roles,
    not_grantable,
    plan_rights,
    read_rights,
    read_roles,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.unmentioned import (
    DEFAULT_PRIORITY,
    keep_unmentioned,
    without_empty,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Registration
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.row_changes import plan_rows
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row

#: Columns of the registry that this module does not set, except the extension of a datasource that has one.
_LEFT_ALONE = ("extname", "retention")

#: What kind of server a task is about: C(server_kind).
REMOTE = "remote"


class FunctionsTask(Task[FunctionsState, FunctionsState]):
    """Reconciles the registrations of a task with the registry."""

    subject = "the datasources"

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.specs, problems = parse_datasources(params["datasources"])
        self.roles = Roles(params)
        self.remote = params["server_kind"] == REMOTE
        problems += self.roles.problems
        if self.remote and not params.get(MONITORING):
            problems.append(
                'monitoring_role: found none, but on a "remote" the task only gives that role its rights: give it, or'
                ' set server_kind to "repository"'
            )
        super().__init__(problems)

    def read(self, cursor: Any) -> FunctionsState:
        found = read_state(cursor, self.specs)
        needs = _remote_needs if self.remote else _repository_needs
        needed = [need for spec in self.specs if not spec.absent for need in needs(spec, found, self.roles)]
        return replace(found, roles=read_roles(cursor, self.roles), rights=read_rights(cursor, needed))

    def resolve(self, cursor: Any, found: FunctionsState, locked: bool) -> Tuple[FunctionsState, List[str]]:
        return found, []

    def check(self, cursor: Any, wanted: FunctionsState) -> List[str]:
        why = remote_refusals if self.remote else refusals
        problems = self.roles.missing(wanted.roles)
        problems += [
            'datasource "{0}", {1}'.format(spec.name, problem) for spec in self.specs for problem in why(spec, wanted)
        ]
        return problems + not_grantable(wanted.rights)

    def plan(self, cursor: Any, wanted: FunctionsState) -> Plan:
        plan = Plan()
        plan_rights(plan, wanted.rights)
        for spec in [] if self.remote else self.specs:
            rows = [] if spec.absent else _wanted_rows(spec, wanted)
            now = [*wanted.listed, *wanted.rows(spec.name)]
            plan_rows(plan, wanted.archivist.schema, rows, now, _Managed(spec, wanted))
        return plan

    def result(self, connection: Connection, planned: Planned[FunctionsState], written: bool) -> Dict[str, Any]:
        return {"powa_version": planned.wanted.archivist.version_text}


def _repository_needs(spec: FunctionsSpec, state: FunctionsState, roles: Roles) -> List[Needed]:
    """Return the rights without which a repository's snapshots of a datasource fail."""
    schema = state.schema(spec)
    if schema is None:
        return []
    sources = [(schema, source) for source in state.sources(spec)]
    called = [(schema, function.name) for function in known_functions(spec, state)]
    transient = [(schema, source + TRANSIENT_SUFFIX) for schema, source in sources]
    own = [name for name in sources if name in state.functions and not state.functions[name].stranger]
    tables = [name for name in transient if name in state.tables and not state.tables[name].stranger]
    tables += history_tables(spec, schema)
    return roles.calls(called, (COLLECTOR,)) + roles.calls(own) + roles.writes(tables)


def _remote_needs(spec: FunctionsSpec, state: FunctionsState, roles: Roles) -> List[Needed]:
    """Return the rights without which nothing can be copied from a remote."""
    schema = state.schema(spec)
    return [] if schema is None else roles.calls([(schema, source) for source in spec.sources], (MONITORING,))


def _wanted_rows(spec: FunctionsSpec, state: FunctionsState) -> List[Row]:
    srvids, external, known = state.srvids(spec), state.external(spec), state.known(spec.name)
    registration = Registration(
        name=spec.name,
        functions=tuple(without_empty(function) for function in known_functions(spec, state)),
        priority=DEFAULT_PRIORITY if spec.priority is None else spec.priority,
        enabled=spec.enabled,
        srvids=tuple(srvids),
        external=external,
    )
    rows = [_ours(row) for row in state.archivist.registry_rows(registration)]
    if known:
        # Rows for all servers are PoWA's own, and it marks those for the local server as its own, too.
        rows = [row.marked(by_powa=row.srvid == 0) for row in rows if row.srvid is not None]
    if external and state.archivist.extension_rows(spec.name, srvids):
        rows = [Row(row.table, row.key, dict(row.values, extname=spec.name)) for row in rows]
    rows = keep_unmentioned(rows, spec, state.rows(spec.name))
    of_extension = sorted({row.srvid for row in rows if row.values.get("extname") and row.srvid is not None})
    return state.archivist.extension_rows(spec.name, of_extension) + rows


def _ours(row: Row) -> Row:
    return Row(row.table, row.key, {name: value for name, value in row.values.items() if name not in _LEFT_ALONE})


class _Managed:
    """Tells which rows of a datasource are deleted when they are not wanted."""

    def __init__(self, spec: FunctionsSpec, state: FunctionsState) -> None:
        self._known = state.known(spec.name) is not None
        self._srvids: Optional[List[int]] = None
        self._absent, self._everywhere = spec.absent, spec.servers is None
        if not self._everywhere:
            self._srvids = state.srvids(spec)
        elif not spec.absent:
            self._srvids = [server.srvid for server in state.servers]

    def __call__(self, row: Row) -> bool:
        if row.of_databases or not row.by_others:
            return False
        if row.srvid is not None:
            return self._srvids is None or row.srvid in self._srvids
        # A row that is about no single server stays for the other servers.
        return not self._known and (self._everywhere or not self._absent)
