# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types that a declaration leaves out come from the remotes."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.remote_results import with_remote_types
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import UNDECLARED
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import definition

WITHOUT = definition(keys=[{"name": "mode"}], metrics=[{"name": "held"}])


def answer(server, mode="text", held="bigint", name="locks"):
    return {
        "server": server,
        "datasources": [
            {
                "name": name,
                "key_columns": [{"name": "mode", "type": mode}],
                "metric_columns": [{"name": "held", "type": held}],
            }
        ],
    }


def types(results):
    filled, problems = with_remote_types(WITHOUT, results)
    assert problems == []
    return [column.type.name for column in filled.columns]


def test_remotes_agree():
    assert types([answer("a"), answer("b")]) == ["text", "bigint"]


def test_no_remote_has_said_anything():
    assert types([]) == ["", ""] and types([answer("a", name="other")]) == ["", ""]


def test_a_remote_may_have_had_nothing_to_say():
    assert types([{"server": "a", "datasources": [{"name": "locks", "key_columns": None}]}]) == ["", ""]


def test_a_type_that_nobody_knows_is_left_out():
    filled, problems = with_remote_types(WITHOUT, [answer("a", held="money")])
    assert filled.metrics[0].type is UNDECLARED and problems == []


def test_remotes_disagree():
    _filled, problems = with_remote_types(WITHOUT, [answer("a"), answer("b", held="integer"), answer("c")])
    assert problems == [
        'column "held" is bigint on a, c, but integer on b: declare its type, and cast to it in the query'
    ]


def test_a_declared_type_needs_no_remote():
    declared = definition()
    assert with_remote_types(declared, [answer("a", held="integer"), answer("b", held="text")]) == (declared, [])
