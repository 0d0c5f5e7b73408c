# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The datasources of a host: what sets add, and that the user's own ones win."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._catalogue.read import catalogue
from ansible_collections.pgfleet.powa.plugins.plugin_utils._declared import add_declared
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import Values, read_variables

LOCKS = {entry.name: entry.definition for entry in catalogue()["locks"].entries}
MINE = {"name": "mine", "query": "SELECT 1 AS n", "metrics": [{"name": "n"}]}


def read(sets: Any, *own: Dict[str, Any]) -> Values:
    found = read_variables({"powa_datasource_sets": sets, "powa_datasources": list(own)})
    add_declared(found)
    return found


def declared(sets: Any, *own: Dict[str, Any]) -> List[Dict[str, Any]]:
    found = read(sets, *own)
    assert not found.problems
    return list(found.values["powa_datasources"])


@pytest.mark.parametrize("sets", [["locks"], "locks", "locks, locks", "[locks]"])
def test_a_set_is_the_same_as_its_definitions_by_hand(sets: Any) -> None:
    assert declared(sets) == list(LOCKS.values())
    assert declared(sets, MINE) == [*LOCKS.values(), MINE]


@pytest.mark.parametrize("sets", [[], "", None])
def test_without_sets_there_is_what_the_user_declares(sets: Any) -> None:
    assert declared(sets, MINE) == [MINE] and declared(sets) == []


def test_the_users_own_wins() -> None:
    others = [
        dict(MINE, name="lock_waits"),
        dict(MINE, name="lock_counts", query=None, queries=[{"query": "SELECT 1"}]),
    ]
    assert declared("locks", *others) == [LOCKS["blocking_sessions"], *others]
    removed = [{"name": "lock_waits", "state": "absent"}, {"name": "lock_counts", "state": "paused"}]
    assert declared("locks", *removed) == [LOCKS["blocking_sessions"], *removed]


@pytest.mark.parametrize("state", [None, "", "present"])
def test_one_without_a_query_changes_the_fields_that_it_gives(state: Any) -> None:
    own = {"name": "lock_waits", "servers": ["orders"], "retention": "90 days", "enabled": None, "state": state}
    changed = declared("locks", own)[-1]
    assert {**changed, "state": None} == {
        **LOCKS["lock_waits"],
        "servers": ["orders"],
        "retention": "90 days",
        "state": None,
    }


@pytest.mark.parametrize("own", [{"name": "lock_waits", "retention": "90 days"}, {"title": "?"}, {"name": ["x"]}])
def test_one_that_no_set_has_stays_for_the_module_to_refuse(own: Any) -> None:
    assert declared("waits", own)[-1] == own


def test_a_misspelt_set_is_one_sentence_that_lists_the_sets() -> None:
    found = read(["lock", "locks", "io2"], MINE)
    (problem,) = found.problems.values()
    assert problem.startswith("powa_datasource_sets lists lock, io2, but the sets are default, archiver, checkpoints, ")
    assert problem.endswith("wal, wraparound: correct it")
    assert found.values["powa_datasources"] == [*LOCKS.values(), MINE]


def test_a_role_without_datasources_does_not_mind() -> None:
    found = read_variables({"powa_datasource_sets": ["lock"]})
    add_declared(found, ["collector"])
    assert not found.problems
