# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots wait while the columns of a datasource change on a fleet."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources import pause
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry import registry_rows
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import Damaged, read_comments
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    POWA_4,
    POWA_5,
    catalog_of,
    definition,
    state,
    wanted,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import (
    literals,
    rendered,
)

WAITS = {"name": "waits", "type": "bigint"}
OTHER = definition(metrics=[WAITS])
DAMAGED = {"locks": Damaged("locks", "function public.powa_locks_src", "none")}


def there(archivist=POWA_4, enabled=(1, 2), paused=(), definitions=None):
    declared = definition()
    rows = [
        Row(row.table, row.key, dict(row.values, enabled=row.srvid in enabled))
        for row in registry_rows(None, declared, archivist, [0, 1, 2], None)
        if row.function in (None, "powa_locks_snapshot")
    ]
    catalog = catalog_of(wanted(declared, archivist=archivist, paused=paused), registry=rows, definitions=definitions)
    return state(archivist, catalog)


def planned(declared, found):
    plan = Plan()
    pause.plan_pause(plan, declared, found)
    return plan


def test_paused_servers_that_are_gone_do_not_count():
    assert there(paused=[1, 9]).paused("locks") == {1}
    assert state().paused("locks") == frozenset()


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({}, False),
        ({"query": "SELECT 1", "description": "x"}, False),
        ({"metrics": [WAITS]}, True),
        ({"metrics": [{"name": "held", "type": "integer"}]}, True),
        ({"metrics": [{"name": "held"}]}, True),
        ({"keys": []}, True),
        ({"keys": [{"name": "mode", "type": "text", "nullable": True}]}, True),
        ({"scope": "database"}, True),
        ({"query_cleanup": "DELETE FROM x"}, True),
    ],
)
def test_whether_the_columns_differ(changes, differs):
    assert pause.columns_differ(definition(**changes), there()) is differs


def test_a_server_that_has_nothing_has_no_other_columns():
    assert not pause.columns_differ(definition(), state())
    assert not pause.columns_differ(OTHER, there(definitions={}))


def test_columns_of_a_damaged_definition_are_those_of_its_table():
    assert pause.columns_differ(OTHER, there(definitions=DAMAGED))
    assert not pause.columns_differ(definition(), there(definitions=DAMAGED))


@pytest.mark.parametrize("archivist", [POWA_4, POWA_5], ids=["4", "5"])
def test_all_active_remotes_are_paused_and_that_is_remembered(archivist):
    plan = planned(OTHER, there(archivist, paused=[2], enabled=(0, 1)))
    (change,) = plan.changes
    assert change.identity == "snapshots of datasource locks"
    assert (change.before, change.after) == ("taken: first", "paused until their side is as declared: first")
    *rows, comment = change.writes
    assert [(row.srvids, row.row.values["enabled"]) for row in rows] == [((1,), False)]
    stored = read_comments("locks", "public", {"_src": literals(comment)[0]})
    assert stored.paused == {1, 2} and stored.definition == definition()


def test_only_servers_that_lack_their_side_are_paused_if_the_columns_stay():
    declared = replace(definition(), pause=True, pause_on=("first", "unknown"))
    (change,) = planned(declared, there()).changes
    assert change.before == "taken: first" and change.writes[0].srvids == (1,)
    assert pause.pausing(declared, there()) == {1}
    assert pause.pausing(definition(), there()) == pause.pausing(declared, state()) == frozenset()
    assert pause.pausing(replace(OTHER, pause_on=("first",)), there()) == {1, 2}


def test_only_what_may_be_collected_is_waited_for():
    lacking = replace(definition(), pause=True, pause_on=("first",))
    assert pause.has_to_wait(lacking, there())
    assert not pause.has_to_wait(lacking, there(enabled=(2,)))
    assert not pause.has_to_wait(lacking, state()) and not pause.has_to_wait(definition(), there())
    # An earlier task may have been killed before it had waited.
    assert pause.has_to_wait(OTHER, there(enabled=()))


def test_servers_are_named_in_order():
    assert planned(OTHER, there()).changes[0].before == "taken: beta:5432, first"


def test_nothing_to_pause():
    assert not planned(definition(), there()).changed
    assert not planned(OTHER, there(enabled=(0,))).changed
    assert not planned(OTHER, state(catalog=Catalog())).changed


def test_a_damaged_definition_is_replaced_by_the_declared_one():
    (change,) = planned(OTHER, there(definitions=DAMAGED)).changes
    (text,) = literals(change.writes[-1])
    stored = read_comments("locks", "public", {"_src": text})
    assert stored.definition == OTHER and stored.paused == {1, 2}
    assert [column.name for column in stored.kept_metrics] == ["held"]


def test_where_no_function_is_left_only_the_rows_change():
    found = there()
    lost = replace(found, catalog=replace(found.catalog, found={**found.catalog.found, pause.Function: {}}))
    assert not any("COMMENT" in text for text in rendered(planned(OTHER, lost).changes[0].writes[2:]))
    assert len(planned(OTHER, lost).changes[0].writes) == 2


def unregistered(found):
    plan = Plan()
    pause.plan_unregistration(plan, Removal("locks", False, unregister=True), found)
    return plan


def test_a_datasource_that_goes_waits_on_every_server_if_it_is_declared_again():
    (change,) = unregistered(there()).changes
    assert (change.before, change.after) == ("taken", "stopped, so that it can be removed")
    assert read_comments("locks", "public", {"_src": literals(change.writes[-1])[0]}).paused == {1, 2}
    assert not unregistered(there(paused=[1, 2])).changed
    assert not unregistered(state()).changed and not unregistered(there(definitions=DAMAGED)).changed
