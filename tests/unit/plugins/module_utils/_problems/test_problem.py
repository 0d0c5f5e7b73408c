# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A problem, and what tells it from others."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.problem import (
    Problem,
    cure_of_missing,
    on_repository,
)

PROBLEM = Problem(Kind.EXTENSION_MISSING, "wrong", "why", "do this", "one", subject="pg_qualstats")


def test_sentences_do_not_tell_problems_apart():
    other = PROBLEM._replace(problem="bad", cause="because", cure="do that")
    assert other.identity == PROBLEM.identity


def test_all_else_does():
    changes = [
        {"kind": Kind.SNAPSHOT_LATE},
        {"server": "two"},
        {"datasource": "locks"},
        {"subject": on_repository("pg_qualstats")},
    ]
    others = {PROBLEM._replace(**change).identity for change in changes}
    assert len(others - {PROBLEM.identity}) == len(changes)


def test_it_is_returned_as_plain_texts_and_read_back():
    returned = PROBLEM.as_dict()
    assert returned == {
        "kind": "extension_missing",
        "problem": "wrong",
        "cause": "why",
        "cure": "do this",
        "server": "one",
        "datasource": None,
        "subject": "pg_qualstats",
    }
    assert returned["kind"].__class__ is str
    assert Problem.from_dict(returned) == PROBLEM


def test_only_some_extensions_need_a_restart_of_the_collector():
    assert "systemctl restart powa-collector" in cure_of_missing("pg_track_settings")
    assert "systemctl" not in cure_of_missing("pg_qualstats")
