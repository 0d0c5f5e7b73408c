# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task of module datasources if it adopts hand-written ones: what it does besides for these and their history."""

from __future__ import annotations

from typing import Any, List, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.adoption import (
    histories_that_do_not_fit,
    plan_histories,
    refusals_of_histories,
    what_stays_behind,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.reconcile import (
    DatasourcesTask,
    Resolved,
    safe_to_read,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.set_aside import plan_set_aside, set_aside
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition, Removal


class AdoptingTask(DatasourcesTask):
    """Takes hand-written datasources over, too."""

    def wanted(
        self, cursor: Any, made: Sequence[Definition], state: DatasourcesState, removals: Sequence[Removal]
    ) -> Tuple[Resolved, List[str]]:
        aside = set_aside(cursor, made, self.side, state)
        wanted, problems = super().wanted(cursor, aside.definitions, aside.state, removals)
        return wanted._replace(set_aside=aside.objects), [*problems, *aside.problems]

    def check(self, cursor: Any, wanted: Resolved) -> List[str]:
        return [
            *super().check(cursor, wanted),
            *refusals_of_histories(safe_to_read(wanted), self.side, wanted.state),
        ]

    def plan(self, cursor: Any, wanted: Resolved) -> Plan:
        plan = Plan()
        plan_set_aside(plan, wanted.set_aside)
        plan.changes += super().plan(cursor, wanted).changes
        if self.side.stores:
            plan_histories(plan, wanted.wanted, self.side, wanted.state)
        return plan

    def check_plan(self, cursor: Any, wanted: Resolved, plan: Plan, locked: bool) -> List[str]:
        problems = super().check_plan(cursor, wanted, plan, locked)
        # This reads all of history, which takes too long to do while holding locks.
        if not locked:
            problems += histories_that_do_not_fit(cursor, wanted.wanted, self.side, wanted.state)
            self.left_behind = what_stays_behind(cursor, wanted.wanted, self.side, wanted.state)
        return problems
