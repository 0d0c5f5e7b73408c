# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task does not mention stays as it is registered."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions_spec import parse_datasources
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.unmentioned import (
    declared_function,
    keep_unmentioned,
    unclear_texts,
    without_empty,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import RegisteredFunction, Registration
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4, POWA_5

SNAPSHOT = RegisteredFunction("snapshot", "app_snapshot", "app_src", "SELECT 1")
PURGE = RegisteredFunction("purge", "app_purge")
BOTH = pytest.mark.parametrize("archivist", [POWA_4, POWA_5], ids=["4", "5"])


def spec(*functions, **changes):
    listed = [
        {
            "operation": function.operation,
            "function_name": function.name,
            "query_source": function.query_source,
            "query_cleanup": function.query_cleanup,
        }
        for function in functions
    ]
    (made,), problems = parse_datasources([dict({"name": "app", "functions": listed}, **changes)])
    assert problems == []
    return made


def rows(archivist, *functions, priority=20, enabled=False):
    return archivist.registry_rows(Registration("app", functions, priority, enabled, (1,)))


def kept(archivist, wanted, found, **changes):
    """Return the values that are written for each function of a task, by its name."""
    made = rows(archivist, *wanted, priority=changes.get("priority", 10), enabled=changes.get("enabled"))
    given = [row for row in keep_unmentioned(made, spec(*wanted, **changes), found) if row.function]
    return {row.function: row.values for row in given}


@BOTH
def test_nothing_that_is_registered_changes(archivist):
    bare = RegisteredFunction("snapshot", "app_snapshot")
    assert kept(archivist, [bare, PURGE], rows(archivist, SNAPSHOT, PURGE)) == {"app_snapshot": {}, "app_purge": {}}


@BOTH
def test_what_is_mentioned_changes(archivist):
    found = rows(archivist, SNAPSHOT)
    assert kept(archivist, [SNAPSHOT], found, priority=0) == {
        "app_snapshot": {"query_source": "app_src", "query_cleanup": "SELECT 1", "priority": 0}
    }


@BOTH
def test_a_new_registration_has_the_defaults(archivist):
    found = kept(archivist, [SNAPSHOT], [])["app_snapshot"]
    assert (found["priority"], found["added_manually"], "enabled" in found) == (10, True, False)


@BOTH
def test_a_function_that_joins_others_is_registered_as_they_are(archivist):
    found = kept(archivist, [SNAPSHOT, PURGE], rows(archivist, SNAPSHOT))["app_purge"]
    assert found["priority"] == 20 and found.get("enabled", False) is False
    assert kept(archivist, [SNAPSHOT, PURGE], rows(archivist, SNAPSHOT), priority=3)["app_purge"]["priority"] == 3


def test_a_function_that_joins_others_of_several_priorities_has_the_default():
    others = rows(POWA_4, SNAPSHOT) + rows(POWA_4, RegisteredFunction("reset", "r"), priority=5, enabled=True)
    found = kept(POWA_4, [PURGE], others)["app_purge"]
    assert found["priority"] == 10 and "enabled" not in found


def test_a_server_that_joins_others_has_their_source():
    bare = RegisteredFunction("snapshot", "app_snapshot")
    (row,) = POWA_4.registry_rows(Registration("app", (bare,), 10, None, (2,)))
    (new,) = keep_unmentioned([row], spec(bare), rows(POWA_4, SNAPSHOT))
    assert (new.srvid, new.values["query_source"], new.values["query_cleanup"]) == (2, "app_src", "SELECT 1")
    emptied = RegisteredFunction("snapshot", "app_snapshot", "", "")
    (row,) = POWA_4.registry_rows(Registration("app", (without_empty(emptied),), 10, None, (2,)))
    (new,) = keep_unmentioned([row], spec(emptied), rows(POWA_4, SNAPSHOT))
    assert (new.values["query_source"], new.values["query_cleanup"]) == (None, None)


def test_servers_that_disagree_about_a_source():
    bare = RegisteredFunction("snapshot", "app_snapshot")
    other = RegisteredFunction("snapshot", "app_snapshot", None, "SELECT 1")
    found = [
        *POWA_4.registry_rows(Registration("app", (SNAPSHOT,), 10, None, (1,))),
        *POWA_4.registry_rows(Registration("app", (other,), 10, None, (2,))),
    ]
    assert unclear_texts(spec(bare), [1, 2, 3], found) == [
        "functions[0].query_source: the registered servers have different ones (app_src, none), and the task registers"
        " the function for others: give the one that all should have"
    ]
    assert unclear_texts(spec(bare), [1, 2], found) == unclear_texts(spec(SNAPSHOT), [1, 2, 3], found) == []


def test_an_empty_text_says_that_there_is_none():
    emptied = RegisteredFunction("snapshot", "app_snapshot", "", "")
    assert without_empty(emptied) == RegisteredFunction("snapshot", "app_snapshot")
    assert declared_function(emptied, None, rows(POWA_5, SNAPSHOT)[1]).values == {
        "query_source": None,
        "query_cleanup": None,
        "priority": 20,
    }


def test_a_function_as_it_will_be_registered():
    bare = RegisteredFunction("snapshot", "app_snapshot")
    assert declared_function(bare, None, None).values["priority"] == 10
    registered = rows(POWA_5, SNAPSHOT)[1]
    assert declared_function(bare, None, registered).values == {
        "query_source": "app_src",
        "query_cleanup": "SELECT 1",
        "priority": 20,
    }
    assert declared_function(SNAPSHOT, 3, registered).values["priority"] == 3
