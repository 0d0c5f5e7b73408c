# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans, what they look like, and the order of their writes."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Batch, Change, Hazard, Plan, Replaced
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder


class Numbers(Batch):
    """Writes that are made together: one statement for all neighbours."""

    def __init__(self, number):
        self.number = number

    @staticmethod
    def run(cursor, writes):
        cursor.execute("numbers {0}".format([write.number for write in writes]))


class MoreNumbers(Numbers):
    """Another kind of the same family."""

    @classmethod
    def family(cls):
        return Numbers


class Letters(Numbers):
    """Another family."""

    @staticmethod
    def run(cursor, writes):
        cursor.execute("letters {0}".format([write.number for write in writes]))


HAZARD = Hazard("rewritten", "table a", "held from bigint to numeric", "ACCESS EXCLUSIVE", 8192)


def applied(*writes):
    cursor = Recorder()
    Plan([Change("x", None, "y", writes)]).apply(cursor)
    return cursor.statements


def test_nothing_to_do():
    plan = Plan()
    plan.add("table a", "x", "x", "never", replaced=[Replaced("table", "s", "a")])
    assert not plan.changed
    assert plan.diff() == {"before": "", "after": ""}
    assert (plan.replaced, plan.hazards) == ([], [])
    assert plan.result() == {"changed": False, "diff": {"before": "", "after": ""}, "changes": []}


def test_a_remark_is_shown_with_what_is_created_only():
    plan = Plan()
    plan.add("table a", None, "x", "never")
    plan.add("table b", "x", "y", "never")
    for identity in ("table a", "table b", "table c"):
        plan.remark(identity, "expected: much")
    assert plan.diff()["after"] == "table a\n    x\n    expected: much\ntable b\n    y\n"


def test_what_is_rewritten_is_a_change_even_if_it_looks_the_same_afterwards():
    plan = Plan()
    plan.add("table a", "x", "x", "rewrite a", hazards=[HAZARD])
    assert plan.changed and plan.diff()["after"] != plan.diff()["before"]


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


@pytest.mark.parametrize(
    ("before", "after", "action"), [(None, "x", "create"), ("x", "y", "change"), ("x", None, "remove")]
)
def test_the_action_of_a_change(before, after, action):
    assert Change("a", before, after, ()).action == action


def test_an_object_with_nothing_to_tell_is_still_shown():
    plan = Plan()
    plan.add("snapshot of server a", None, "")
    assert plan.diff() == {"before": "", "after": "snapshot of server a\n"}


def test_empty_lines_have_no_blanks():
    plan = Plan()
    plan.add("function f", None, "a\n\nb")
    assert plan.diff()["after"] == "function f\n    a\n\n    b\n"


def test_hazards_are_part_of_what_is_shown_as_after():
    plan = Plan()
    plan.add("table a", "x", "y", hazards=[HAZARD])
    assert plan.changes[0].after == ("y\nrewritten, 8192 bytes: held from bigint to numeric (lock ACCESS EXCLUSIVE)")
    assert plan.hazards == [HAZARD]


def test_a_removal_shows_no_hazards():
    plan = Plan()
    plan.add("table a", "x", None, hazards=[HAZARD])
    assert plan.diff()["after"] == "" and plan.hazards == [HAZARD]


def test_what_is_replaced_is_that_of_all_changes():
    table, column = Replaced("table", "s", "a"), Replaced("table", "s", "b", "held")
    plan = Plan()
    plan.add("table a", "x", None, replaced=[table])
    plan.add("table b", "x", "y", replaced=[column])
    assert plan.replaced == [table, column]


def test_neighbours_of_a_family_are_written_together():
    assert applied(Numbers(1), MoreNumbers(2), Numbers(3)) == ["numbers [1, 2, 3]"]


def test_families_are_not_mixed():
    assert applied(Numbers(1), Letters(2), Numbers(3)) == ["numbers [1]", "letters [2]", "numbers [3]"]


def test_a_statement_between_keeps_its_place():
    assert applied(Numbers(1), "a", "b", Numbers(2)) == ["numbers [1]", "a", "b", "numbers [2]"]


def test_writes_of_several_changes_are_neighbours():
    plan = Plan()
    plan.add("a", None, "x", Numbers(1))
    plan.add("b", None, "x", Numbers(2))
    cursor = Recorder()
    plan.apply(cursor)
    assert cursor.statements == ["numbers [1, 2]"]
