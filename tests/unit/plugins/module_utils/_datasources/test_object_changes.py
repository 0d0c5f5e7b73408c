# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes of objects that are not as wanted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan, Replaced
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.plan import plan_datasource
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import (
    Function,
    Index,
    RecordType,
    Table,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    REMOTE,
    REPOSITORY,
    catalog_of,
    definition,
    unmarked,
    wanted,
    with_objects,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import rendered

HELD = {"name": "held", "type": "bigint"}
WAITS = {"name": "waits", "type": "integer"}


def planned(after, before=None, side=REPOSITORY, catalog=None):
    """Return the changes to a datasource, from another one or from what the server has."""
    if catalog is None:
        catalog = catalog_of(wanted(definition(**before), side))
    plan = Plan()
    plan_datasource(plan, wanted(definition(**after), side, catalog=catalog), catalog)
    return plan


def names(plan):
    return [line.replace("public.powa_locks_", "") for line in plan.summary()]


def statements(plan):
    return rendered(write for change in plan.changes for write in change.writes)


def test_a_function_of_others_is_dropped_first_since_its_parameter_may_have_another_name():
    catalog = unmarked(catalog_of(wanted(definition(), REMOTE)))
    plan = planned({"adopt": True}, side=REMOTE, catalog=catalog)
    assert [statement.split("(")[0] for statement in statements(plan)][:2] == [
        'DROP FUNCTION "public"."powa_locks_src"',
        'CREATE FUNCTION "public"."powa_locks_src"',
    ]
    assert plan.replaced == [Replaced("function", "public", "powa_locks_src")]


def test_a_new_metric_changes_types_before_the_tables_and_functions_that_use_them():
    plan = planned({"metrics": [HELD, WAITS]}, {})
    assert names(plan) == [
        "change table src_tmp",
        "change type history_record",
        "change type history_record_minmax",
        "change function src",
        "change function snapshot",
        "change function aggregate",
        "change function get",
        "change function rate",
    ]
    assert statements(plan)[0].startswith('INSERT INTO "public"."powa_locks_history_current"')
    assert plan.hazards == []


def test_a_new_transient_table_takes_the_place_of_the_old_one():
    plan = planned({"metrics": [HELD, WAITS]}, {})
    replaced = plan.changes[0].replaced
    assert {entry.kind for entry in replaced} == {"table", "type"} and {entry.name for entry in replaced} == {
        "powa_locks_src_tmp"
    }


def test_a_removed_metric_leaves_history_alone():
    plan = planned({}, {"metrics": [HELD, WAITS]})
    assert not any(line.split()[1] == "type" or " history" in line for line in names(plan))


def test_another_type_of_a_key_rewrites_its_column_only():
    plan = planned({"keys": [{"name": "mode", "type": "name"}]}, {})
    assert {hazard.reason for hazard in plan.hazards if hazard.effect == "rewritten"} == {"mode from text to name"}
    assert Replaced("table", "public", "powa_locks_history", "mode") in plan.replaced
    assert [hazard.object for hazard in plan.hazards if hazard.effect == "rebuilt"] == [
        "index public.powa_locks_history_ts"
    ]


def test_a_renamed_metric_rewrites_nothing():
    plan = planned({"metrics": [dict(HELD, name="had", renamed_from="held")]}, {})
    assert plan.hazards == []
    assert 'ALTER TYPE "public"."powa_locks_history_record" RENAME ATTRIBUTE "held" TO "had"' in statements(plan)


def test_a_function_with_another_result_is_replaced():
    plan = planned({"metrics": [HELD, WAITS]}, {}, REMOTE)
    assert names(plan) == ["change function src"]
    assert plan.replaced == [Replaced("function", "public", "powa_locks_src")]
    assert statements(plan)[0] == 'DROP FUNCTION "public"."powa_locks_src"(integer)'


def test_another_query_only_changes_the_function():
    plan = planned({"query": "SELECT 1"}, {}, REMOTE)
    assert names(plan) == ["change function src"] and plan.replaced == []


def test_grants_of_others_stay():
    before = catalog_of(wanted(definition()))
    table = before.get(Table, "powa_locks_history").object
    mine = replace(table, grants=dict(table.grants, dashboards=("SELECT",)))
    source = before.get(Function, "powa_locks_src").object
    also = replace(source, execute=(*source.execute, "dashboards"))
    assert not planned({}, catalog=with_objects(before, mine, also)).changed


def test_a_lost_grant_is_given_again():
    before = catalog_of(wanted(definition()))
    lost = replace(before.get(Table, "powa_locks_history").object, grants={})
    assert statements(planned({}, catalog=with_objects(before, lost))) == [
        'GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."powa_locks_history" TO "coll"'
    ]


def test_a_lost_index_is_made_again():
    before = catalog_of(wanted(definition()))
    before.found[Index].clear()
    assert names(planned({}, catalog=before)) == ["create index history_current_srvid", "create index history_ts"]


def test_columns_that_others_reordered_are_as_good():
    before = catalog_of(wanted(definition(metrics=[HELD, WAITS])))
    record = before.get(RecordType, "powa_locks_history_record").object
    turned = replace(record, columns=(record.columns[0], record.columns[2], record.columns[1]))
    plan = planned({"metrics": [HELD, WAITS]}, catalog=with_objects(before, turned))
    assert not any("type" in line for line in names(plan))


def test_another_type_of_a_metric_alone_rewrites_history():
    plan = planned({"metrics": [{"name": "held", "type": "numeric"}]}, {})
    assert 'DROP TYPE "public"."powa_locks_old_record"' in statements(plan)
    tables = {"table public.powa_locks_history_current", "table public.powa_locks_history"}
    assert {hazard.object for hazard in plan.hazards} == tables


@pytest.mark.parametrize(
    ("by_hand", "changed"),
    [({"unlogged": True}, True), ({"toast_target": True}, False), ({"main_columns": ("mins_in_range",)}, False)],
)
def test_a_change_that_is_shown_is_made(by_hand, changed):
    catalog = catalog_of(wanted(definition()))
    table = catalog.get(Table, "powa_locks_history_current").object
    plan = planned({}, catalog=with_objects(catalog, replace(table, **by_hand)))
    assert plan.changed == changed and all(change.writes for change in plan.changes)
