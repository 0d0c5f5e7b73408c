# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans and what they look like."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan


class Recorder:
    """Keeps what it is asked to execute."""

    def __init__(self):
        self.statements = []

    def execute(self, statement):
        self.statements.append(statement)


def test_nothing_to_do():
    plan = Plan()
    plan.add("table a", "x", "x", "never")
    assert not plan.changed
    assert plan.diff() == {"before": "", "after": ""}


def test_changes_are_shown_and_made_in_order():
    plan = Plan()
    plan.add("table a", None, "x\ny", "create a")
    plan.add("table b", "old", "new", "change b", "comment b")
    plan.add("table c", "gone", None, "drop c")
    assert plan.summary() == ["create table a", "change table b", "remove table c"]
    assert plan.diff() == {
        "before": "table b\n    old\ntable c\n    gone\n",
        "after": "table a\n    x\n    y\ntable b\n    new\n",
    }
    cursor = Recorder()
    plan.apply(cursor)
    assert cursor.statements == ["create a", "change b", "comment b", "drop c"]
