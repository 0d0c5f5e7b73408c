# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task says when it fails."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError


def test_one_problem_is_the_message():
    assert str(ProblemsError("the servers", ["a is wrong"])) == "a is wrong"


def test_several_problems_are_counted_and_listed():
    error = ProblemsError("the servers", ("a is wrong", "b is wrong"))
    assert str(error) == "2 problems in the servers:\n- a is wrong\n- b is wrong"
    assert error.problems == ["a is wrong", "b is wrong"]


def test_each_problem_is_a_line():
    error = ProblemsError("the servers", ["a\nb", "c"])
    assert str(error) == "2 problems in the servers:\n- a\\nb\n- c"
    assert str(PowaError("a\nb")) == "a\\nb"


def test_thousands_of_problems_are_counted():
    error = ProblemsError("the servers", ["no {0}".format(number) for number in range(10_000)])
    lines = str(error).split("\n")
    assert (lines[0], lines[-2:]) == ("10000 problems in the servers:", ["- no 99", "- and 9900 more"])
    assert error.problems[-2:] == ["no 999", "and 9000 more"]


def test_a_failure_may_have_a_result():
    assert PowaError("it failed", changed=True).result == {"changed": True}
    assert PowaError("it failed").result == {}
