# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Views and other objects of users that depend on what a plan drops or replaces."""

from __future__ import annotations

import json
from typing import Any, List

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import catalog as texts


def refusals_of_dependents(cursor: Any, plan: Plan) -> List[str]:
    """Return what PostgreSQL would refuse because something else depends on it."""
    if not plan.replaced:
        return []
    replaced = json.dumps([entry._asdict() for entry in plan.replaced])
    cursor.execute(compose(texts.DEPENDENTS, replaced=literal(replaced)))
    return [
        "{0} {1}.{2}: {3} depends on it, and the task has to drop or change it:"
        " drop what depends on it before the task, and create that again afterwards".format(
            kind, schema, name, dependent
        )
        for kind, schema, name, dependent in cursor.fetchall()
    ]
