# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the functions of hand-written datasources to a plan of their transient tables."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned, Task
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.checks import refusal_of_login
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.rights import Roles, not_grantable, plan_rights
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables_checks import refusals
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables_plan import (
    plan_removal,
    plan_table,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables_spec import parse_tables
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables_state import (
    TransientTablesState,
    read_state,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.dependents import refusals_of_dependents


class TransientTablesTask(Task[TransientTablesState, TransientTablesState]):
    """Reconciles the transient tables of a task with those of the server."""

    subject = "the transient tables"

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.specs, problems = parse_tables(params["tables"])
        self.roles = Roles(params)
        super().__init__(problems + self.roles.problems)

    def read(self, cursor: Any) -> TransientTablesState:
        return read_state(cursor, self.specs, self.roles)

    def resolve(self, cursor: Any, found: TransientTablesState, locked: bool) -> Tuple[TransientTablesState, List[str]]:
        return found, []

    def check(self, cursor: Any, wanted: TransientTablesState) -> List[str]:
        of_task = refusal_of_login(wanted.stranger) + self.roles.missing(wanted.roles)
        return of_task + refusals(self.specs, wanted) + not_grantable(wanted.rights)

    def plan(self, cursor: Any, wanted: TransientTablesState) -> Plan:
        plan = Plan()
        plan_rights(plan, wanted.rights)
        grants = wanted.archivist.grantees(self.roles.collector).transient
        for spec in self.specs:
            if spec.absent:
                plan_removal(plan, spec, wanted)
            else:
                plan_table(plan, spec, wanted, grants)
        return plan

    def check_plan(self, cursor: Any, wanted: TransientTablesState, plan: Plan, locked: bool) -> List[str]:
        return refusals_of_dependents(cursor, plan)

    def result(self, connection: Connection, planned: Planned[TransientTablesState], written: bool) -> Dict[str, Any]:
        return {"powa_version": planned.wanted.archivist.version_text}
