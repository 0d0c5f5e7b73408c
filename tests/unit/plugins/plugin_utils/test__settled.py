# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A datasource is settled only where the stored definition surely has the declared columns."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import Stored
from ansible_collections.pgfleet.powa.plugins.plugin_utils._settled import is_settled, is_stored

DECLARED = {
    "name": "locks",
    "query": "SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode;",
    "keys": [{"name": "mode"}],
    "metrics": [{"name": "held", "kind": "gauge"}],
}
STORED = {
    **DECLARED,
    "keys": [{"name": "mode", "type": "text"}],
    "metrics": [{"name": "held", "type": "bigint", "kind": "gauge"}],
}


def comment(declared=None):
    (definition,), _removals, problems = collect_definitions([declared or STORED])
    assert not problems
    return Stored(definition).comment()


def settled(changes=(), comments=None):
    return is_settled({**DECLARED, **dict(changes)}, comments or {"powa_locks_src": comment()})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"keys": [{"name": "mode", "type": "text", "nullable": "no"}]},
        {"state": "present", "title": "Locks", "priority": "3", "servers": "alpha,beta", "enabled": "false"},
        {"queries": [{"query": DECLARED["query"]}], "query": None},
    ],
    ids=["same", "typed", "other fields", "one of queries"],
)
def test_the_same_columns_and_queries(changes):
    assert settled(changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"query": "SELECT 1 AS held, 'x' AS mode"},
        {"keys": []},
        {"keys": [{"name": "mode", "type": "name"}]},
        {"keys": [{"name": "mode", "nullable": True}]},
        {"keys": [{"name": "kind", "renamed_from": "mode"}]},
        {"metrics": [*DECLARED["metrics"], {"name": "waiting"}]},
        {"metrics": [{"name": "held"}]},
        {"query_cleanup": "SELECT 1"},
        {"extension": "locks_of_ours"},
        {"search_path": ["app"]},
        {"security_definer": "yes"},
        {"scope": "database"},
        {"name": "other"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_other_columns_or_queries(changes):
    assert not settled(changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": None},
        {"name": "No Name"},
        {"metrics": []},
        {"metrics": "held"},
        {"priority": "high"},
        {"nothing": 1},
        {True: 1},
    ],
    ids=lambda changes: "{0[0]}={0[1]}".format(*changes.items()),
)
def test_a_wrong_declaration_is_for_the_module_to_refuse(changes):
    assert not settled(changes)


@pytest.mark.parametrize(
    "comments",
    [
        {"powa_other_src": comment()},
        {"powa_locks_src": "pgfleet.powa datasource locks: {}"},
        {"powa_locks_src": comment().replace('"locks"', '"other"')},
    ],
    ids=["none", "damaged", "another name"],
)
def test_a_repository_without_the_definition(comments):
    assert not settled(comments=comments)


def test_with_scope_database_the_snapshot_function_holds_the_definition():
    declared = {**DECLARED, "scope": "database"}
    assert is_settled(declared, {"powa_locks_snapshot": comment({**STORED, "scope": "database"})})


def test_every_field_that_is_stored_is_compared():
    comments = {"powa_locks_src": comment()}
    assert is_stored(DECLARED, comments) and is_stored({**DECLARED, "adopt": True}, comments)
    for changes in ({"description": "x"}, {"servers": ["a"]}, {"priority": 3}, {"enabled": False}, {"title": "x"}):
        assert settled(changes) and not is_stored({**DECLARED, **changes}, comments)
    assert not is_stored({**DECLARED, "query": "SELECT 1"}, comments)
    assert not is_stored({**DECLARED, "metrics": [*DECLARED["metrics"], {"name": "waiting"}]}, comments)
    assert not is_stored(DECLARED, {}) and not is_stored({"name": None}, comments)
