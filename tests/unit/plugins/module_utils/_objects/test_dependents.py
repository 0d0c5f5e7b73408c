# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Views of users on what a plan drops."""

from __future__ import annotations

import json

from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan, Replaced
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.dependents import refusals_of_dependents
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals

PLAN = Plan()
PLAN.add("table powa.a", "x", "y", replaced=[Replaced("table", "powa", "a", "held")])


def test_a_plan_that_replaces_nothing_asks_nothing():
    cursor = Recorder()
    assert refusals_of_dependents(cursor, Plan()) == [] and cursor.statements == []


def test_what_depends_is_named():
    cursor = Recorder({"": [("table", "powa", "a", "view app.v")]})
    assert refusals_of_dependents(cursor, PLAN) == [
        "table powa.a: view app.v depends on it, and the task has to drop or change it:"
        " drop what depends on it before the task, and create that again afterwards"
    ]
    assert json.loads(literals(cursor.composed[0])[0]) == [
        {"kind": "table", "schema": "powa", "name": "a", "column": "held"}
    ]
